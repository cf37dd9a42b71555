"""Which document is for training, which for validation and which for testing: fixed once, by a hash, for ever."""

from __future__ import annotations

import hashlib

from redaction.dataset import Split

TEST_SHARE = 0.1
VALIDATION_SHARE = 0.1

_SALT = b"split of documents, 1:"
"""Hashed together with the document's name, so that the split does not follow from the name's first digits."""


def split_of(document: str) -> Split:
    """The split of a document: a pure function of the SHA-256 of its bytes.

    About one document in ten is for testing and one in ten for validation. Because nothing else has a say, the same document gets
    the same split on every machine and in every order of annotation, and no page of it can stray into another split.
    """
    digest = hashlib.sha256(_SALT + document.encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64
    if position < TEST_SHARE:
        return Split.TEST
    if position < TEST_SHARE + VALIDATION_SHARE:
        return Split.VALIDATION
    return Split.TRAIN
