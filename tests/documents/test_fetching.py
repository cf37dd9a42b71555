"""Fetching: which documents are stored, and what the catalog records."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, Link, LinkOutcome
from redaction.documents.fetching import SourceCounts
from redaction.documents.inventory import Retry, retry_quarantined
from redaction.documents.scratch import exclusive_scratch
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

from .conftest import (
    RequestHandler,
    Website,
    config_of,
    counts,
    fetch_all,
    index_source,
    link_row,
    pdf_of,
    stored_documents,
    url_source,
)

# --- new and changed documents -----------------------------------------------------------------------------------------------


def test_an_unchanged_document_is_not_downloaded_again(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    site.publish_dated("/b.pdf", pdf_of("b"), "Mon, 01 Jan 2024 00:00:00 GMT")
    config = config_of(url_source(site, "/a.pdf", "/b.pdf"))
    assert counts(fetch_all(workspace, config)) == {"found": 2, "new": 2}
    assert counts(fetch_all(workspace, config)) == {"found": 2, "unchanged": 2}
    assert sorted(site.bodies_sent) == ["/a.pdf", "/b.pdf"]
    assert link_row(workspace, site.url + "/a.pdf").outcome is LinkOutcome.UNCHANGED


def test_without_validators_an_unchanged_document_is_recognized_by_its_bytes(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"), validators=False)
    config = config_of(url_source(site, "/a.pdf"))
    fetch_all(workspace, config)
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}
    assert site.bodies_sent == ["/a.pdf", "/a.pdf"]


def test_a_changed_document_is_new_and_the_old_version_stays(site: Website, workspace: Workspace) -> None:
    config = config_of(url_source(site, "/a.pdf"))
    site.publish("/a.pdf", pdf_of("first"))
    fetch_all(workspace, config)
    site.publish("/a.pdf", pdf_of("second"))
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}
    assert stored_documents(workspace) == {sha256_of_bytes(pdf_of("first")), sha256_of_bytes(pdf_of("second"))}
    assert link_row(workspace, site.url + "/a.pdf").document == sha256_of_bytes(pdf_of("second"))


def test_a_document_at_two_urls_is_stored_once_and_named_by_the_first(site: Website, workspace: Workspace) -> None:
    site.publish("/first.pdf", pdf_of("same"))
    site.publish("/second.pdf", pdf_of("same"))
    original = site.behaviors["/first.pdf"]
    site.behaviors["/first.pdf"] = lambda handler: (time.sleep(0.2), original(handler))[1]  # the second arrives first
    summary = fetch_all(workspace, config_of(url_source(site, "/first.pdf", "/second.pdf")))
    assert counts(summary) == {"found": 2, "new": 1, "duplicates": 1}
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("same"))).file_name == "first.pdf"
    assert len(stored_documents(workspace)) == 1


def test_a_document_whose_file_is_missing_is_fetched_again(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    config = config_of(url_source(site, "/a.pdf"))
    fetch_all(workspace, config)
    next(workspace.documents.iterdir()).unlink()
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}
    assert len(stored_documents(workspace)) == 1


def test_only_modified_files_of_a_folder_are_read_again(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    (folder / "Åsa's report.PDF").write_bytes(pdf_of("a"))
    (folder / "notes.pdf").write_text("no PDF at all")
    config = config_of({"name": "folder", "kind": "folder", "path": str(folder)})
    assert counts(fetch_all(workspace, config)) == {"found": 2, "new": 1, "quarantined": 1}
    assert counts(fetch_all(workspace, config)) == {"found": 2, "unchanged": 1, "quarantined": 1}
    os.utime(folder / "Åsa's report.PDF")
    assert counts(fetch_all(workspace, config)) == {"found": 2, "unchanged": 1, "quarantined": 1}
    (folder / "Åsa's report.PDF").write_bytes(pdf_of("b"))
    assert counts(fetch_all(workspace, config)) == {"found": 2, "new": 1, "quarantined": 1}
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("a"))).file_name == "Åsa's report.PDF"


def test_a_file_whose_name_is_in_latin_1_keeps_its_name(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    (folder / os.fsdecode("résumé.pdf".encode("latin-1"))).write_bytes(pdf_of("a"))
    config = config_of({"name": "folder", "kind": "folder", "path": str(folder)})
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("a"))).file_name == "résumé.pdf"


@pytest.mark.parametrize(
    ("path", "header", "name"),
    [
        ("/docs/Report%20(final).PDF?ver=3", None, "Report (final).PDF"),
        ("/download?id=7", 'attachment; filename="FOIA 7.pdf"', "FOIA 7.pdf"),
        ("/download?id=8", "attachment; filename*=UTF-8''%C3%84rger.pdf", "Ärger.pdf"),
        ("/download?id=9", 'attachment; filename="../../etc/cron.d/x.pdf"', "x.pdf"),
        ("/download?id=10", r'attachment; filename="C:\\temp\\y.pdf"', "y.pdf"),
        ("/%2e%2e%2f%0a.pdf", None, ".pdf"),
        ("/folder/", None, "folder"),
        ("/?id=11", None, "document.pdf"),
        ("/r%E9sum%E9.pdf%20", None, "résumé.pdf"),
        ("/report.pdf;jsessionid=1A", None, "report.pdf"),
        ("/download?id=12", 'attachment; filename="=?UTF-8?B?w4RyZ2VyLnBkZg==?="', "Ärger.pdf"),
        ("/download?id=13", 'attachment; filename="=?iso-8859-1?Q?=C4r?= =?utf-8?Q?ger=2Epdf?="', "Ärger.pdf"),
        ("/download?id=14", "attachment; filename=plain.pdf; filename*=ISO-8859-1''%C4rger.pdf", "Ärger.pdf"),
        ("/download?id=15", "attachment; filename*0*=UTF-8''%C3%84; filename*1=rger.pdf", "Ärger.pdf"),
        ("/download?id=16", 'attachment; filename="=?n00b?B?w4Ry?="', "=?n00b?B?w4Ry?="),
        ("/download?id=17", 'attachment; filename="=?utf-8?Q?..=2F..=2Fx.pdf?="', "x.pdf"),
    ],
)
def test_a_document_keeps_its_published_name_without_any_path(
    site: Website, workspace: Workspace, path: str, header: str | None, name: str
) -> None:
    site.publish(path, pdf_of("a"), **({"Content_Disposition": header} if header else {}))
    fetch_all(workspace, config_of(url_source(site, path)))
    with open_catalog(workspace).transaction() as session:
        assert session.get_one(Document, sha256_of_bytes(pdf_of("a"))).file_name == name


def image_of(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("L", (85, 110), 255).save(file, kind)
    return file.getvalue()


def test_images_are_documents_and_keep_the_suffix_of_their_kind(site: Website, workspace: Workspace) -> None:
    kinds = {"TIFF": ".tif", "PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WEBP": ".webp"}
    for kind in kinds:
        site.publish(f"/{kind}", image_of(kind), "application/octet-stream")
    config = config_of(url_source(site, *(f"/{kind}" for kind in kinds)))
    assert counts(fetch_all(workspace, config)) == {"found": 5, "new": 5}
    assert sorted(path.suffix for path in workspace.documents.iterdir()) == sorted(kinds.values())
    assert stored_documents(workspace) == {sha256_of_bytes(image_of(kind)) for kind in kinds}
    assert counts(fetch_all(workspace, config)) == {"found": 5, "unchanged": 5}


# --- unusable responses ------------------------------------------------------------------------------------------------------


def test_unusable_responses_are_quarantined_and_the_others_are_stored(site: Website, workspace: Workspace) -> None:
    site.publish("/html.pdf", b"<!doctype html><title>Please log in</title>" + b" " * 5000)
    site.publish("/empty.pdf", b"")
    site.publish("/large.pdf", pdf_of("large") + b"0" * 60_000)
    site.endless("/endless.pdf")
    site.publish("/good.pdf", pdf_of("good"))
    site.publish("/preamble.pdf", b"\n\n" + pdf_of("after a preamble"))
    paths = ("/html.pdf", "/empty.pdf", "/large.pdf", "/endless.pdf", "/good.pdf", "/preamble.pdf")
    summary = fetch_all(workspace, config_of(url_source(site, *paths, politeness={"max_megabytes": 0.05})))
    assert counts(summary) == {"found": 6, "new": 2, "quarantined": 4}
    assert [(problem.where.removeprefix(site.url), problem.reason) for problem in summary.quarantine] == [
        ("/html.pdf", "is not a PDF or an image (TIFF, PNG, JPEG, WEBP, GIF)"),
        ("/empty.pdf", "is empty"),
        ("/large.pdf", "larger than 0.05 MB"),
        ("/endless.pdf", "larger than 0.05 MB"),
    ]
    assert link_row(workspace, site.url + "/html.pdf").outcome is LinkOutcome.QUARANTINED
    assert len(stored_documents(workspace)) == 2


MAINTENANCE = b"<html>We are back in an hour</html>" * 100


@pytest.mark.parametrize("earlier", [False, True], ids=["never seen before", "seen before"])
def test_a_document_is_fetched_after_its_address_answered_with_a_maintenance_page(
    site: Website, workspace: Workspace, earlier: bool
) -> None:
    """The page is younger than the document: to its date or ETag the server would answer that nothing has changed."""
    config = config_of(url_source(site, "/a.pdf"))
    if earlier:
        site.publish("/a.pdf", pdf_of("earlier"))
        fetch_all(workspace, config)
    site.publish("/a.pdf", MAINTENANCE, "text/html", Last_Modified="Wed, 01 Jan 2025 00:00:00 GMT")
    assert counts(fetch_all(workspace, config)) == {"found": 1, "quarantined": 1}

    def never_modified(handler: RequestHandler) -> None:
        conditional = "If-None-Match" in handler.headers or "If-Modified-Since" in handler.headers
        handler.answer(304) if conditional else handler.answer(200, pdf_of("later"))

    site.behaviors["/a.pdf"] = never_modified
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}
    assert link_row(workspace, site.url + "/a.pdf").reason is None


def test_validators_that_an_earlier_version_stored_of_a_maintenance_page_are_not_sent(
    site: Website, workspace: Workspace
) -> None:
    config = config_of(url_source(site, "/a.pdf"))
    site.publish("/a.pdf", MAINTENANCE)
    fetch_all(workspace, config)
    with open_catalog(workspace).transaction() as session:
        link = session.get_one(Link, site.url + "/a.pdf")
        link.etag, link.last_modified = '"old"', "Wed, 01 Jan 2025 00:00:00 GMT"
    site.requests.clear()
    fetch_all(workspace, config)
    (headers,) = (headers for path, headers, _ in site.requests if path == "/a.pdf")
    assert not {"If-None-Match", "If-Modified-Since"} & headers.keys()


INTERSTITIAL = '<title>Your download will start</title><meta http-equiv="refresh" content="3; url={}">'


def test_a_page_between_a_link_and_its_document_is_passed(site: Website, workspace: Workspace) -> None:
    site.publish("/get", INTERSTITIAL.format("/step").encode(), "text/html")
    site.publish("/step", INTERSTITIAL.format("files/a.pdf").encode(), "text/html")
    site.publish("/files/a.pdf", pdf_of("a"))
    config = config_of(url_source(site, "/get"))
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}
    assert counts(fetch_all(workspace, config)) == {"found": 1, "unchanged": 1}
    site.publish("/files/a.pdf", pdf_of("b"))
    assert counts(fetch_all(workspace, config)) == {"found": 1, "new": 1}, "an unchanged page in between says nothing"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/get?again", "more than 3 pages lead on to one another"),
        ("http://169.254.169.254/latest/", "private network"),
        ("javascript:location='a.pdf'", "is not a PDF or an image"),
        ("/missing.html", "the server answered 404"),
    ],
)
def test_a_page_that_leads_on_to_no_document_ends_only_its_own_link(
    site: Website, workspace: Workspace, target: str, reason: str
) -> None:
    site.publish("/get", INTERSTITIAL.format(target).encode(), "text/html")
    site.publish("/get?again", INTERSTITIAL.format("/get").encode(), "text/html")
    site.publish("/b.pdf", pdf_of("b"))
    summary = fetch_all(workspace, config_of(url_source(site, "/get", "/b.pdf")))
    assert counts(summary)["new"] == 1
    (problem,) = summary.quarantine + summary.failures
    assert reason in problem.reason


def test_retry_forgets_the_links_in_quarantine(site: Website, workspace: Workspace) -> None:
    config = config_of(url_source(site, "/a.pdf", "/b.pdf"))
    site.publish("/b.pdf", pdf_of("b"))
    fetch_all(workspace, config)
    for path in ("/a.pdf", "/b.pdf"):
        site.publish(path, MAINTENANCE)
    fetch_all(workspace, config)
    catalog = open_catalog(workspace)
    assert retry_quarantined(catalog) == Retry(documents=0, links=2)
    with catalog.transaction() as session:
        assert [(link.url, link.etag) for link in session.exec(select(Link))] == [(site.url + "/b.pdf", None)]


def test_a_document_that_was_too_large_is_stored_after_the_limit_is_raised(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a"))
    small_limit = config_of(url_source(site, "/a.pdf", politeness={"max_megabytes": 0.0001}))
    assert counts(fetch_all(workspace, small_limit))["quarantined"] == 1
    assert counts(fetch_all(workspace, config_of(url_source(site, "/a.pdf")))) == {"found": 1, "new": 1}


# --- runs and workspaces -----------------------------------------------------------------------------------------------------


def test_two_ingestions_cannot_run_in_one_workspace_at_the_same_time(site: Website, workspace: Workspace) -> None:
    config = config_of(url_source(site, "/a.pdf"))
    with exclusive_scratch(workspace, "downloads"), pytest.raises(RedactionError, match="Another ingestion is running"):
        fetch_all(workspace, config)


FETCH_WITH_LIMITED_FILES = """
import resource, sys
from redaction.documents.discovery import discover
from redaction.documents.fetching import fetch
from redaction.documents.sources import SourcesConfig
from redaction.errors import RedactionError
from redaction.workspace import Workspace

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
config = SourcesConfig.model_validate_json(sys.argv[2])
try:
    fetch(Workspace.at(sys.argv[1]), config, discover(config))
except RedactionError as error:
    print(error)
"""


def test_a_disk_that_refuses_to_write_ends_the_run_with_a_sentence(site: Website, workspace: Workspace) -> None:
    site.publish("/a.pdf", pdf_of("a") + b"0" * 2_000_000)
    config = config_of(url_source(site, "/a.pdf"))
    command = [sys.executable, "-c", FETCH_WITH_LIMITED_FILES, str(workspace.root), config.model_dump_json()]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cannot be written to (File too large): free space, or change its permissions." in output
    assert not list(workspace.state.rglob("*.part"))


def test_partial_files_of_a_killed_run_are_removed(site: Website, workspace: Workspace) -> None:
    left = workspace.state / "ingestion" / "downloads" / "x.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"%PDF-half")
    site.publish("/a.pdf", pdf_of("a"))
    fetch_all(workspace, config_of(url_source(site, "/a.pdf")))
    assert not left.exists()
    assert len(stored_documents(workspace)) == 1


def test_a_source_without_documents_is_in_the_summary(site: Website, workspace: Workspace) -> None:
    site.index("/")
    assert fetch_all(workspace, config_of(index_source(site))).sources == (SourceCounts(source="website"),)
