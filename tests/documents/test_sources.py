"""Reading of the sources file, and its error messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.documents.sources import FolderSource, IndexSource, Politeness, SourcesConfig, load_sources
from redaction.errors import RedactionError

SHIPPED = Path(__file__).parents[2] / "configs" / "sources.yaml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return path


def test_the_shipped_file_is_valid_and_enables_only_a_local_folder() -> None:
    config = load_sources(SHIPPED)
    assert [source.kind for source in config.enabled] == ["folder"]
    assert {source.kind for source in config.sources} == {"folder", "index", "urls"}


def test_missing_keys_have_default_values(tmp_path: Path) -> None:
    config = load_sources(written(tmp_path, "sources: [{name: a, kind: folder, path: pdfs}]"))
    assert config.sources == (FolderSource(name="a", kind="folder", path=Path("pdfs")),)
    assert config.sources[0].politeness == Politeness()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: [{name: a, kind: index, urls: ['http://a/'], selektor: a}]", "'selektor' (did you mean 'selector'?)"),
        ("sources: [{name: a, kind: urls, urls: ['http://a/'], politeness: {dely_seconds: 1}}]", "did you mean 'delay_seconds'?"),
        ("sauces: [{name: a, kind: folder, path: b}]", "did you mean 'sources'?"),
        ("sources: [{name: a, kind: folder, path: b}]\nrendering: {qqq: 1}", "known: dpi, max_megapixels"),
        ("sources: [{name: a, kind: folder, path: b, depth: 1}]", "sources.0.depth"),  # valid only for another kind
        (
            "sources: [{name: a, kind: folders, path: b}]",
            "valid: sources.0.kind: unknown kind 'folders' (did you mean 'folder'?).",
        ),
        ("sources: [{name: a, path: b}]", "valid: sources.0.kind: is required."),
        (
            "sources: [{name: a, kind: folder, path: b, recursive: 'no'}]",
            "valid: sources.0.recursive: Input should be a valid bool",
        ),
        # a field with the same name as its kind
        ("sources: [{name: a, kind: urls, urls: ['ftp://a/']}]", "valid: sources.0.urls.0: 'ftp://a/' is not an http"),
        (
            "sources: [{name: a, kind: urls, urls: ['http://a/'], politeness: {delay_seconds: -1}}]",
            "valid: sources.0.politeness.delay_seconds: Input should be greater than or equal to 0.",
        ),
        ("sources: [{name: a, kind: index, urls: ['file:///etc/passwd']}]", "not an http:// or https:// address"),
        ("sources: [{name: a, kind: index, urls: ['http://a/'], pattern: '('}]", "not a regular expression"),
        ("sources: [{name: a, kind: index, urls: ['http://a/'], selector: 'a['}]", "not a CSS selector"),
        ("sources: [{name: a, kind: index, urls: ['http://a/'], depth: '2'}]", "valid integer"),  # a string is not a number
        ("sources: [{name: ../a, kind: folder, path: b}]", "valid: sources.0.name: String should match"),
        ("sources: [{name: a, kind: folder, path: b}, {name: a, kind: folder, path: c}]", "two sources are named 'a'"),
        ("sources: [{name: a, kind: folder, path: b, enabled: false}]", "no source is enabled"),
        ("sources: []", "at least 1 item"),
        ("", "Field required"),
        ("sources: [", "not valid YAML"),
    ],
)
def test_an_error_names_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RedactionError) as error:
        load_sources(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match=r"absent\.yaml"):
        load_sources(tmp_path / "absent.yaml")


@given(st.dictionaries(st.sampled_from([*IndexSource.model_fields, "other"]), st.none() | st.integers() | st.text(max_size=5)))
def test_any_file_gives_a_configuration_or_an_error_that_names_it(tmp_path_factory: pytest.TempPathFactory, source: dict) -> None:  # type: ignore[type-arg]
    import yaml

    path = written(tmp_path_factory.mktemp("any"), yaml.safe_dump({"sources": [source]}))
    try:
        assert isinstance(load_sources(path), SourcesConfig)
    except RedactionError as error:
        assert str(path) in str(error)
