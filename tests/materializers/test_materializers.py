"""Artifacts are loaded as they were saved, with their files, and equal content has an equal hash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from redaction.dataset import Dataset, SyntheticDataset
from redaction.synthesis import SynthesisConfig, synthesize

if TYPE_CHECKING:
    from zenml.artifact_stores import BaseArtifactStore


class RemoteStore:
    """Stands for a remote store: its files may only be copied."""

    def walk(self, top: str) -> Iterator[tuple[str, list[str], list[str]]]:
        yield from os.walk(top)


@pytest.fixture
def store(zenml_store: Path) -> BaseArtifactStore:
    from zenml.client import Client

    return Client().active_stack.artifact_store


@pytest.fixture
def synthetic(tmp_path: Path) -> SyntheticDataset:
    made = synthesize(SynthesisConfig(seed=4, pages=2, long_side_px=300, workers=1), None, tmp_path / "made")
    return SyntheticDataset.model_validate(made.model_dump())


def images(dataset: Dataset) -> list[bytes]:
    return [dataset.image_path(page).read_bytes() for page in dataset.pages]


def materializer(kind: type[Any], store: BaseArtifactStore, tmp_path: Path) -> Any:
    uri = f"{store.path}/test/{tmp_path.name}"
    store.makedirs(uri)
    return kind(uri, store)


def test_synthetic_pages_are_stored_with_their_images(
    store: BaseArtifactStore, synthetic: SyntheticDataset, tmp_path: Path
) -> None:
    from materializers import SyntheticDatasetMaterializer

    stored = materializer(SyntheticDatasetMaterializer, store, tmp_path)
    stored.save(synthetic)
    before = images(synthetic)
    for page in synthetic.pages:
        synthetic.image_path(page).unlink()
    loaded = stored.load(SyntheticDataset)
    assert images(loaded) == before
    assert loaded.digest == synthetic.digest


def test_a_folder_in_a_remote_store_is_copied_to_this_machine(
    store: BaseArtifactStore, synthetic: SyntheticDataset, tmp_path: Path
) -> None:
    from materializers.annotated_pages import FILES, SyntheticDatasetMaterializer
    from materializers.folders import stored_folder

    stored = materializer(SyntheticDatasetMaterializer, store, tmp_path)
    stored.save(synthetic)
    stored._artifact_store = RemoteStore()
    copy = stored_folder(stored, f"{stored.uri}/{FILES}")
    assert copy != Path(f"{stored.uri}/{FILES}")
    assert images(synthetic.model_copy(update={"root": str(copy)})) == images(synthetic)


def test_every_materializer_is_registered_for_its_types(zenml_store: Path) -> None:
    from zenml.materializers.materializer_registry import materializer_registry

    import materializers

    for name in materializers.__all__:
        ours = getattr(materializers, name)
        for kind in ours.ASSOCIATED_TYPES:
            assert materializer_registry[kind] is ours


def test_the_content_hash_depends_on_the_pages_only(
    store: BaseArtifactStore, synthetic: SyntheticDataset, tmp_path: Path
) -> None:
    from materializers import DatasetMaterializer

    stored = materializer(DatasetMaterializer, store, tmp_path)
    elsewhere = synthetic.model_copy(update={"root": "/elsewhere"})
    fewer = synthetic.model_copy(update={"pages": synthetic.pages[:1]})
    assert stored.compute_content_hash(elsewhere) == stored.compute_content_hash(synthetic)
    assert stored.compute_content_hash(fewer) != stored.compute_content_hash(synthetic)


def test_changed_files_change_the_content_hash_until_they_are_validated(
    store: BaseArtifactStore, synthetic: SyntheticDataset, tmp_path: Path
) -> None:
    from materializers import DatasetMaterializer

    stored = materializer(DatasetMaterializer, store, tmp_path)
    whole, damaged = (synthetic.model_copy(update={"unjudged": digest}) for digest in ("files as rendered", "a file damaged"))
    assert stored.compute_content_hash(whole) != stored.compute_content_hash(damaged)
