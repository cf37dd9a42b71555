"""The three sizes of VarifocalNet that a detector may have, and the configuration of a training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from redaction.detection.preprocessing import Preprocessing
from redaction.values import Frozen

ProfileName = Literal["nano", "small", "base"]


class Profile(Frozen):
    """The architecture of the network and the size of its input."""

    name: str
    depth: Literal[18, 34, 50]
    """Layers of the ResNet."""
    base_channels: int
    """Channels of the first stage of the ResNet; every later stage doubles them."""
    neck_channels: int
    """Channels of the feature pyramid and of the head."""
    stacked_convs: int
    """Convolutions of the head before the star-shaped one."""
    finest_box: int
    """Side, in pixels of the network input, of the reference box of the finest pyramid level; each coarser level doubles it.

    64 suits COCO's objects. A redacted line is thinner: with 32, both box losses were a tenth lower after 120 steps.
    """
    width: int
    height: int
    """Of the network input, in pixels. It is in portrait format; a landscape page is reduced to its width."""

    @property
    def stage_channels(self) -> list[int]:
        """Output channels of the four stages of the ResNet."""
        expansion = 4 if self.depth >= 50 else 1
        return [self.base_channels * expansion * factor for factor in (1, 2, 4, 8)]


PROFILES: dict[str, Profile] = {
    # About half of 150 dpi: a thin outline is still half a pixel wide, and a redacted line of text is 10 to 25 pixels high, which
    # the finest pyramid level, with a point every 8 pixels, resolves.
    "nano": Profile(
        name="nano", depth=18, base_channels=16, neck_channels=64, stacked_convs=1, finest_box=32, width=640, height=832
    ),
    "small": Profile(
        name="small", depth=18, base_channels=64, neck_channels=128, stacked_convs=2, finest_box=32, width=640, height=800
    ),
    "base": Profile(
        name="base", depth=50, base_channels=64, neck_channels=256, stacked_convs=3, finest_box=64, width=768, height=960
    ),
}


class TrainingConfig(Frozen):
    """The settings of a training; together with the data they determine the result."""

    profile: ProfileName = "nano"
    epochs: int = Field(default=8, ge=1)
    batch_size: int = Field(default=2, ge=1)
    """Small on a CPU, where the number of steps matters more than throughput; 16 on a GPU."""
    learning_rate: float = Field(default=1.5e-3, gt=0)
    """The maximum of the one-cycle schedule."""
    seed: int = 0
    init: str = "scratch"
    """Initial weights: ``starter`` (the detector that ships with the program; `nano` only), ``scratch``, ``coco`` (mmdet's
    weights, downloaded; `base` only), a detector's folder, or a safetensors file."""
    width: int | None = Field(default=None, ge=64, multiple_of=32)
    height: int | None = Field(default=None, ge=64, multiple_of=32)
    """Size of the network input in pixels, if it is not the profile's."""
    workers: int | None = Field(default=None, ge=0)
    """Processes that load pages; they do not affect the result, and 0 loads them in the training process. The default is one per
    core on a GPU, which a single process cannot keep busy, and 0 on a CPU."""
    recall_target: float | None = Field(default=None, gt=0, le=1)
    """Choose the highest operating point with this recall on the validation pages, instead of the one with the best F2."""

    int8: bool = False
    """Quantize the OpenVINO export to 8 bits if AP and AP50 on the validation pages stay within 0.005 of the exact export's."""
    slim: bool = False
    """Store weights in 16 bits, only the OpenVINO export, and no example sheet: a third of the size, for the starter."""

    @property
    def shape(self) -> Profile:
        """The profile, with the requested input size."""
        profile = PROFILES[self.profile]
        return profile.model_copy(update={"width": self.width or profile.width, "height": self.height or profile.height})

    @property
    def preprocessing(self) -> Preprocessing:
        """How pages become the input of this training's network."""
        return Preprocessing(width=self.shape.width, height=self.shape.height)
