"""How large a detector is, three sizes of the same VarifocalNet, and how it is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from redaction.detection.preprocessing import Preprocessing
from redaction.values import Frozen

ProfileName = Literal["nano", "small", "base"]


class Profile(Frozen):
    """The shape of the network and of the page that it reads."""

    name: str
    depth: Literal[18, 34, 50]
    """Layers of the ResNet."""
    base_channels: int
    """Channels of the first stage of the ResNet; every later stage doubles them."""
    neck_channels: int
    """Channels of the feature pyramid and of the head."""
    stacked_convs: int
    """Convolutions of the head before its star-shaped one."""
    finest_box: int
    """Side, in pixels of the frame, of the boxes that the finest level of the pyramid starts from; each coarser level doubles it.

    COCO's objects want 64. Redactions of a line are thin: from 32, both losses of the boxes were a tenth lower after 120 steps.
    """
    width: int
    height: int
    """The page image that the network sees, in pixels. A frame in portrait: a page in landscape is shrunk to its width."""

    @property
    def stage_channels(self) -> list[int]:
        """Channels that the four stages of the ResNet hand to the feature pyramid."""
        expansion = 4 if self.depth >= 50 else 1
        return [self.base_channels * expansion * factor for factor in (1, 2, 4, 8)]


PROFILES: dict[str, Profile] = {
    # Half of 150 dpi: a thin outline is still half a pixel of ink, and a line of redacted text 10 to 25 pixels tall, which the
    # finest level of the pyramid, with a point every 8 pixels, sees.
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
    """Everything that decides what a training makes of its data."""

    profile: ProfileName = "nano"
    epochs: int = Field(default=8, ge=1)
    batch_size: int = Field(default=2, ge=1)
    """Small on a processor, where steps count for more than the speed of each; 16 on a GPU."""
    learning_rate: float = Field(default=1.5e-3, gt=0)
    """The highest of the one-cycle schedule."""
    seed: int = 0
    init: str = "scratch"
    """``starter`` (the weights that ship with the program, for `nano`); ``scratch``; ``coco`` (mmdet's weights, downloaded, for
    `base` only); or a detector's folder, or a safetensors file."""
    width: int | None = Field(default=None, ge=64, multiple_of=32)
    height: int | None = Field(default=None, ge=64, multiple_of=32)
    """Another frame than the profile's, in pixels."""
    workers: int | None = Field(default=None, ge=0)
    """Processes that read pages beside the training, with no effect on the result; 0 reads them in the training's own. Unset: one
    for each core where a GPU trains, which one process starves; 0 where the cores themselves do."""
    recall_target: float | None = Field(default=None, gt=0, le=1)
    """Choose the highest operating point that finds this share of the validation boxes, instead of the best F2."""

    int8: bool = False
    """Let OpenVINO compute in 8 bits, if AP and AP50 on the validation pages stay within 0.005 of the exact export's; else the
    exact one is kept."""
    slim: bool = False
    """Weights in 16 bits, the OpenVINO export alone, no sheet of examples: a third of the size, for what ships in the package."""

    @property
    def shape(self) -> Profile:
        """The profile, in the frame asked for."""
        profile = PROFILES[self.profile]
        return profile.model_copy(update={"width": self.width or profile.width, "height": self.height or profile.height})

    @property
    def preprocessing(self) -> Preprocessing:
        """How pages are prepared for this training's network."""
        return Preprocessing(width=self.shape.width, height=self.shape.height)
