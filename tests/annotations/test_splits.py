"""The split of a document: fixed by its bytes alone, about one in ten each for testing and validation."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.annotations.splits import split_of, with_enough_validation
from redaction.dataset import AnnotatedPage, Box, Dataset, Split
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


def dataset(counts: dict[Split, int], boxes: int = 1) -> Dataset:
    """So many documents of one page each in every split, with so many boxes on each page."""
    box = Box(x0=0, y0=0, x1=1, y1=1)
    pages = [
        AnnotatedPage(
            page=f"{split}{n}/0000",
            document=sha256_of_bytes(f"{split}{n}".encode()),
            image="i",
            sha256="s",
            width=9,
            height=9,
            split=split,
            boxes=(box,) * boxes,
        )
        for split, count in counts.items()
        for n in range(count)
    ]
    return Dataset(root="/", pages=tuple(pages))


def documents_in(dataset: Dataset, split: Split) -> set[str]:
    return {page.document for page in dataset.of_split(split).pages}


def test_a_validation_split_that_holds_enough_is_left_as_it_is() -> None:
    enough = dataset({Split.TRAIN: 50, Split.VALIDATION: 10}, boxes=3)
    assert with_enough_validation(enough, boxes=30) == enough


def test_an_empty_validation_split_is_lent_training_documents_and_never_test_documents() -> None:
    before = dataset({Split.TRAIN: 50, Split.TEST: 50}, boxes=10)
    after = with_enough_validation(before, boxes=30)
    assert len(documents_in(after, Split.VALIDATION)) == 3
    assert documents_in(after, Split.VALIDATION) < documents_in(before, Split.TRAIN)
    assert documents_in(after, Split.TEST) == documents_in(before, Split.TEST)
    assert with_enough_validation(before, boxes=30) == after


def test_no_more_than_a_fifth_of_the_training_documents_is_lent_however_little_they_hold() -> None:
    after = with_enough_validation(dataset({Split.TRAIN: 50}, boxes=0), boxes=30)
    assert len(documents_in(after, Split.VALIDATION)) == 10
