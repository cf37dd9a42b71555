"""When a training starts, and which retraining requests it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import (
    Annotation,
    Deployment,
    Document,
    MonitoringWindow,
    Page,
    Source,
    Stage,
    TrainingRun,
    Verdict,
    now,
)
from redaction.evaluation import Comparison, evaluate
from redaction.lifecycle.champion import production
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.training_runs import finish_training_run, start_training_run
from redaction.lifecycle.trigger import check_retraining, open_retraining_requests
from redaction.workspace import Workspace

HOUR = timedelta(hours=1)
COMPARISON = Comparison(candidate=evaluate([], "d", version="v", detector_digest="d", operating_point=0.5), champion=None)


def held(version: str) -> Decision:
    return Decision(deploy=False, candidate=version, champion=None, reasons=())


@pytest.fixture
def catalog(workspace: Workspace) -> Catalog:
    return open_catalog(workspace)


@pytest.fixture
def annotate(catalog: Catalog) -> Callable[..., None]:
    def annotate(pages: int, hours_ago: float = 0, start: int = 0) -> None:
        with catalog.transaction() as session:
            session.merge(Source(name="s", kind="folder", location="x"))
            session.merge(Document(sha256="d", file_name="d.pdf", source="s", size_bytes=1))
            session.flush()
            for index in range(start, start + pages):
                session.add(Page(name=f"d/{index}", document="d", page_index=index, file_name=f"d_{index}"))
                session.flush()
                session.add(
                    Annotation(page=f"d/{index}", annotator="a", tool="coco", digest="x", imported_at=now() - hours_ago * HOUR)
                )

    return annotate


def test_without_annotations_even_a_forced_training_is_refused_with_advice(catalog: Catalog) -> None:
    check = check_retraining(catalog, min_new_annotations=0, force=True)
    assert not check.proceed
    assert "redaction annotations import" in check.reasons[0]


@pytest.mark.parametrize(("pages", "force", "proceed"), [(9, False, False), (10, False, True), (1, True, True)])
def test_training_starts_with_enough_new_pages_or_by_force(
    catalog: Catalog, annotate: Callable[..., None], pages: int, force: bool, proceed: bool
) -> None:
    annotate(pages)
    assert check_retraining(catalog, min_new_annotations=10, force=force).proceed is proceed


def test_the_reasons_give_the_numbers(catalog: Catalog, annotate: Callable[..., None]) -> None:
    annotate(1)
    with catalog.transaction() as session:
        session.add(MonitoringWindow(version="1", requests=100, verdict=Verdict.DRIFTED, retraining_requested=True))
    assert check_retraining(catalog, min_new_annotations=2).reasons == (
        "Pages annotated since the last finished training: 1; needed: 2.",
        "Monitoring requests a retraining (open requests: 1).",
    )


def test_annotations_are_new_until_a_training_with_them_finishes(catalog: Catalog, annotate: Callable[..., None]) -> None:
    annotate(10, hours_ago=1)
    start_training_run(catalog, "run", "revision", 10)
    assert check_retraining(catalog, 10).new_annotations == 10
    annotate(3, start=10)  # while the training runs
    finish_training_run(catalog, "run", COMPARISON, held("v1"))
    assert check_retraining(catalog, 10).new_annotations == 3


def test_a_retraining_request_is_answered_by_a_training_that_read_its_data_later(
    catalog: Catalog, annotate: Callable[..., None]
) -> None:
    annotate(1, hours_ago=2)
    with catalog.transaction() as session:
        for run, hours_ago in (("before", 2), ("after", 0)):
            session.add(TrainingRun(run=run, revision="r", annotated_pages=1, data_read_at=now() - hours_ago * HOUR))
        session.add(
            MonitoringWindow(version="v1", requests=9, verdict=Verdict.DRIFTED, retraining_requested=True, judged_at=now() - HOUR)
        )
    finish_training_run(catalog, "before", COMPARISON, held("v2"))
    assert check_retraining(catalog, 100).proceed
    finish_training_run(catalog, "after", COMPARISON, held("v3"))
    assert not check_retraining(catalog, 100).proceed
    with catalog.transaction() as session:
        assert open_retraining_requests(session) == []
        assert session.exec(select(MonitoringWindow)).one().answered_by == "after"


def test_the_champion_is_the_deployment_in_production(catalog: Catalog) -> None:
    assert production(catalog, "w").champion is None
    with catalog.transaction() as session:
        session.add(Deployment(version="v1", detector_digest="a", stage=Stage.ARCHIVED))
        session.add(Deployment(version="v2", detector_digest="b", stage=Stage.PRODUCTION))
    champion = production(catalog, "w").champion
    assert champion is not None
    assert (champion.version, champion.detector_digest) == ("v2", "b")
