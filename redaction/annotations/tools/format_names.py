"""The names of the annotation formats, in a module that is cheap to import."""

from __future__ import annotations

from enum import StrEnum


class AnnotationFormat(StrEnum):
    """File format of an annotation tool."""

    COCO = "coco"
    PRODIGY = "prodigy"
    LABEL_STUDIO = "label-studio"
