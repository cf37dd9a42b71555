"""The split of a document: fixed by its bytes alone, about one in ten each for testing and validation."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.annotations.splits import split_of
from redaction.dataset import Split
from redaction.files import sha256_of_bytes

documents = st.binary(max_size=50).map(sha256_of_bytes)


@given(documents)
def test_the_same_document_always_gets_the_same_split(document: str) -> None:
    assert split_of(document) is split_of(document)


def test_about_a_tenth_each_is_for_testing_and_validation() -> None:
    counts = Counter(split_of(sha256_of_bytes(str(number).encode())) for number in range(20_000))
    # four standard deviations of a binomial with p = 0.1 and n = 20,000
    assert counts[Split.TEST] == pytest.approx(2000, abs=170)
    assert counts[Split.VALIDATION] == pytest.approx(2000, abs=170)


@pytest.mark.parametrize("digits", ["00", "ff", "7a"])
def test_documents_whose_names_begin_alike_are_spread_all_the_same(digits: str) -> None:
    names = (digits + sha256_of_bytes(str(number).encode())[2:] for number in range(300))
    assert set(Counter(split_of(name) for name in names)) == set(Split)


@pytest.mark.parametrize(("content", "split"), [(b"0", Split.TRAIN), (b"22", Split.VALIDATION), (b"35", Split.TEST)])
def test_a_later_version_of_the_code_may_not_move_a_document(content: bytes, split: Split) -> None:
    # Kept as they were decided first: another hash would put documents that were trained on into the test split.
    assert split_of(sha256_of_bytes(content)) is split
