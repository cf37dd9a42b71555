"""Which document is for training, which for validation and which for testing: fixed once, by a hash, for ever."""

from __future__ import annotations

import hashlib
from collections import Counter

from redaction.dataset import Dataset, Split

TEST_SHARE = 0.1
VALIDATION_SHARE = 0.1

ENOUGH_BOXES = 30
"""With fewer redactions than this an operating point is guesswork."""
LENT_SHARE = 0.2

_SALT = b"split of documents, 1:"
"""Hashed together with the document's name, so that the split does not follow from the name's first digits."""


def split_of(document: str) -> Split:
    """The split of a document: a pure function of the SHA-256 of its bytes.

    About one document in ten is for testing and one in ten for validation. Because nothing else has a say, the same document gets
    the same split on every machine and in every order of annotation, and no page of it can stray into another split.
    """
    position = _position(document)
    if position < TEST_SHARE:
        return Split.TEST
    if position < TEST_SHARE + VALIDATION_SHARE:
        return Split.VALIDATION
    return Split.TRAIN


def with_enough_validation(dataset: Dataset, boxes: int = ENOUGH_BOXES) -> Dataset:
    """The dataset with training documents lent to validation until that holds `boxes` redactions.

    With few documents the hash may leave validation with next to nothing to choose an operating point by. What is lent is decided
    by the documents' hashes, goes to this dataset alone (the catalog keeps every document's split), is at most `LENT_SHARE` of
    the training documents, and never is the test split's.
    """
    training = sorted({page.document for page in dataset.of_split(Split.TRAIN).pages if not page.synthetic}, key=_position)
    redactions: Counter[str] = Counter()
    for page in dataset.of_split(Split.TRAIN).pages:
        redactions[page.document] += len(page.boxes)
    held = sum(len(page.boxes) for page in dataset.of_split(Split.VALIDATION).pages)
    lent: set[str] = set()
    for document in training:
        if held >= boxes or len(lent) >= LENT_SHARE * len(training):
            break
        lent.add(document)
        held += redactions[document]
    pages = (page.model_copy(update={"split": Split.VALIDATION}) if page.document in lent else page for page in dataset.pages)
    return dataset.model_copy(update={"pages": tuple(pages)})


def _position(document: str) -> float:
    """A number in [0, 1) that nothing but the document's bytes decides."""
    return int.from_bytes(hashlib.sha256(_SALT + document.encode()).digest()[:8]) / 2**64
