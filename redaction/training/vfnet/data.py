"""Annotated pages for IceVision: parser, records, augmentation, data loaders."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import albumentations
import cv2
import numpy as np
import torch
from icevision import tfms
from icevision.core import (
    BaseRecord,
    BBox,
    BBoxesRecordComponent,
    ClassMap,
    FilepathRecordComponent,
    InstancesLabelsRecordComponent,
)
from icevision.data import Dataset as RecordDataset
from icevision.data import SingleSplitSplitter
from icevision.models.mmdet import vfnet
from icevision.parsers import Parser
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from redaction.dataset import AnnotatedPage, Dataset
from redaction.detection.preprocessing import Preprocessing
from redaction.errors import RedactionError
from redaction.pages.geometry import clip_to_page
from redaction.pages.image import PAPER, PageImage, page_from_file

CLASSES = ("redaction",)


class PageImageComponent(FilepathRecordComponent):  # type: ignore[misc]
    """A page image, scaled and padded to the network input by the same preprocessing as in serving."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.preprocessing = preprocessing
        self.page_size = (0, 0)

    def set_page_size(self, width: int, height: int) -> None:
        """Set the size that the page had when it was annotated, in pixels."""
        self.page_size = (width, height)

    def _load(self) -> None:
        page = page_from_file(Path(self.filepath))
        if (page.shape[1], page.shape[0]) != self.page_size:
            raise RedactionError(
                f"{self.filepath} has {page.shape[1]} x {page.shape[0]} pixels, but was annotated at "
                f"{self.page_size[0]} x {self.page_size[1]}; annotate the page again or restore the image."
            )
        self.set_img(self.preprocessing.place(page)[0])


class PageParser(Parser):  # type: ignore[misc]
    """One record per page, with boxes in pixels of the network input. Sizes come from the annotations, so no image is opened.

    (IceVision's COCO parser opens every image, and fails on PNG with current versions of Pillow.)
    """

    def __init__(self, dataset: Dataset, preprocessing: Preprocessing) -> None:
        components = (PageImageComponent(preprocessing), InstancesLabelsRecordComponent(), BBoxesRecordComponent())
        super().__init__(template_record=BaseRecord(components))
        self.dataset = dataset
        self.preprocessing = preprocessing
        self.class_map = ClassMap(list(CLASSES))

    def __iter__(self) -> Iterator[AnnotatedPage]:
        return iter(self.dataset.pages)

    def __len__(self) -> int:
        return len(self.dataset.pages)

    def record_id(self, page: AnnotatedPage) -> str:
        """The page's name."""
        return page.page

    def parse_fields(self, page: AnnotatedPage, record: Any, is_new: bool) -> None:
        """Fill in the record of a page."""
        placement = self.preprocessing.placement(page.width, page.height)
        boxes = clip_to_page(placement.to_input(page.xyxy), self.preprocessing.width, self.preprocessing.height)
        record.set_filepath(self.dataset.image_path(page))
        record.set_page_size(page.width, page.height)
        record.set_image_size(self.preprocessing.width, self.preprocessing.height)
        record.detection.set_class_map(self.class_map)
        record.detection.add_labels([CLASSES[0]] * len(boxes))
        record.detection.add_bboxes([BBox.from_xyxy(*(float(side) for side in box)) for box in boxes])


class _Normalize:
    """The last transform: the detector's normalization, with the channels reversed because IceVision reverses them again."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing

    def __call__(self, image: PageImage, **_: Any) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.preprocessing.normalize(image)[:, :, ::-1])


class AugmentedPages(RecordDataset):  # type: ignore[misc]
    """Pages with augmentation on every read. It is deterministic per seed and page, in any worker process."""

    seed = 0

    def __getitem__(self, index: int) -> BaseRecord:
        """The augmented record of a page."""
        random.seed(f"{self.seed} {index}")  # albumentations draws all its random numbers from this generator
        return super().__getitem__(index)


def augmentation() -> list[Any]:
    """Variations that a scanner or another renderer causes. Pages are not cropped; uncovered areas are filled with paper."""
    return [
        albumentations.HorizontalFlip(p=0.5),
        albumentations.ShiftScaleRotate(
            shift_limit=0.04,
            scale_limit=(-0.15, 0.05),
            rotate_limit=0,
            border_mode=cv2.BORDER_CONSTANT,
            value=(PAPER,) * 3,
            p=0.7,
        ),
        albumentations.RandomBrightnessContrast(brightness_limit=0.15, contrast_limit=0.15, p=0.5),
        albumentations.GaussNoise(var_limit=(5, 60), p=0.3),
        albumentations.Blur(blur_limit=3, p=0.15),
        albumentations.ToGray(p=0.15),
    ]


def records(dataset: Dataset, preprocessing: Preprocessing, augment: bool) -> RecordDataset:
    """The dataset as IceVision's records: pages as network input, normalized, and augmented if `augment`."""
    (parsed,) = PageParser(dataset, preprocessing).parse(data_splitter=SingleSplitSplitter(), autofix=False, show_pbar=False)
    last = albumentations.Lambda(image=_Normalize(preprocessing), name="normalize")
    if augment:
        return AugmentedPages(parsed, tfms.A.Adapter([*augmentation(), last]))
    return RecordDataset(parsed, tfms.A.Adapter([last]))


def data_loaders(
    train: Dataset, validation: Dataset, preprocessing: Preprocessing, batch_size: int, workers: int | None
) -> list[DataLoader[Any]]:
    """Data loaders for training (shuffled, augmented) and for validation.

    Args:
        workers: processes that read pages; None uses one per core with a GPU, and none without.
    """
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if torch.cuda.is_available() else 0
    train_records = records(train, preprocessing, augment=True)
    validation_records = records(validation, preprocessing, augment=False)
    return [
        # a last batch of one page would distort the statistics of the batch normalization
        vfnet.train_dl(
            train_records, batch_size=batch_size, num_workers=workers, shuffle=True, drop_last=len(train_records) >= batch_size
        ),
        vfnet.valid_dl(validation_records, batch_size=batch_size, num_workers=workers, shuffle=False),
    ]
