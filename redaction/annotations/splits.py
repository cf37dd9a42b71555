"""Assign documents to training, validation and test: a pure function of the document's bytes, so it never changes."""

from __future__ import annotations

import hashlib
from collections import Counter

from redaction.dataset import Dataset, Split

TEST_SHARE = 0.1
VALIDATION_SHARE = 0.1

MIN_VALIDATION_BOXES = 30
"""With fewer redactions an operating point cannot be chosen reliably."""
MAX_MOVED_SHARE = 0.2
"""Largest share of the training documents that may be moved to validation."""

_SALT = b"split of documents, 1:"
"""Hashed together with the document's name, so that the split does not follow from the name's first digits."""


def split_of(document: str) -> Split:
    """The split of a document, given the SHA-256 of its bytes.

    About one document in ten goes to test and one in ten to validation. Nothing else has an influence: a document gets the same
    split on every machine and in any order of annotation, and all of its pages are in the same split.
    """
    position = _position(document)
    if position < TEST_SHARE:
        return Split.TEST
    if position < TEST_SHARE + VALIDATION_SHARE:
        return Split.VALIDATION
    return Split.TRAIN


def with_enough_validation(dataset: Dataset, min_boxes: int = MIN_VALIDATION_BOXES) -> Dataset:
    """Move training documents to validation until it holds at least `min_boxes` redactions.

    With few documents, the hash may leave too few in validation to choose an operating point. Which documents move depends on
    their hashes alone. The move affects only this dataset (the catalog keeps every document's split), takes at most
    `MAX_MOVED_SHARE` of the training documents, and never touches the test split.
    """
    training = sorted({page.document for page in dataset.of_split(Split.TRAIN).pages if not page.synthetic}, key=_position)
    boxes_of_document: Counter[str] = Counter()
    for page in dataset.of_split(Split.TRAIN).pages:
        boxes_of_document[page.document] += len(page.boxes)
    validation_boxes = sum(len(page.boxes) for page in dataset.of_split(Split.VALIDATION).pages)
    moved: set[str] = set()
    for document in training:
        if validation_boxes >= min_boxes or len(moved) >= MAX_MOVED_SHARE * len(training):
            break
        moved.add(document)
        validation_boxes += boxes_of_document[document]
    pages = (page.model_copy(update={"split": Split.VALIDATION}) if page.document in moved else page for page in dataset.pages)
    return dataset.model_copy(update={"pages": tuple(pages)})


def _position(document: str) -> float:
    """A number in [0, 1) that depends on the document's bytes alone."""
    return int.from_bytes(hashlib.sha256(_SALT + document.encode()).digest()[:8]) / 2**64
