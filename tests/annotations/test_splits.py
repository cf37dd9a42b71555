"""The split of a document: a function of its bytes, with about one document in ten each for test and validation."""

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


def test_about_a_tenth_of_the_documents_each_goes_to_test_and_validation() -> None:
    counts = Counter(split_of(sha256_of_bytes(str(number).encode())) for number in range(20_000))
    # four standard deviations of a binomial with p = 0.1 and n = 20,000
    assert counts[Split.TEST] == pytest.approx(2000, abs=170)
    assert counts[Split.VALIDATION] == pytest.approx(2000, abs=170)


@pytest.mark.parametrize("digits", ["00", "ff", "7a"])
def test_documents_whose_digests_begin_alike_are_in_all_splits(digits: str) -> None:
    names = (digits + sha256_of_bytes(str(number).encode())[2:] for number in range(300))
    assert set(Counter(split_of(name) for name in names)) == set(Split)


@pytest.mark.parametrize(("content", "split"), [(b"0", Split.TRAIN), (b"22", Split.VALIDATION), (b"35", Split.TEST)])
def test_the_split_of_a_document_is_stable_across_versions_of_the_code(content: bytes, split: Split) -> None:
    # The splits of the first version: another hash would put documents that were trained on into the test split.
    assert split_of(sha256_of_bytes(content)) is split


def dataset(counts: dict[Split, int], boxes: int = 1) -> Dataset:
    """The given number of one-page documents per split, with the given number of boxes on each page."""
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


def test_a_validation_split_with_enough_boxes_is_unchanged() -> None:
    unchanged = dataset({Split.TRAIN: 50, Split.VALIDATION: 10}, boxes=3)
    assert with_enough_validation(unchanged, min_boxes=30) == unchanged


def test_an_empty_validation_split_receives_training_documents_but_no_test_documents() -> None:
    before = dataset({Split.TRAIN: 50, Split.TEST: 50}, boxes=10)
    after = with_enough_validation(before, min_boxes=30)
    assert len(documents_in(after, Split.VALIDATION)) == 3
    assert documents_in(after, Split.VALIDATION) < documents_in(before, Split.TRAIN)
    assert documents_in(after, Split.TEST) == documents_in(before, Split.TEST)
    assert with_enough_validation(before, min_boxes=30) == after


def test_at_most_a_fifth_of_the_training_documents_is_moved_however_few_boxes_they_hold() -> None:
    after = with_enough_validation(dataset({Split.TRAIN: 50}, boxes=0), min_boxes=30)
    assert len(documents_in(after, Split.VALIDATION)) == 10
