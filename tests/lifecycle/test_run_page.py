"""The page of a run: what it shows of a run that held, was interrupted or had nothing to learn, and that it is one file."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from redaction.checkpoints import Checkpoint
from redaction.documents.discovery import Problem
from redaction.documents.fetching import SourceCounts
from redaction.documents.ingestion import IngestionSummary
from redaction.documents.page_images import PageFile, RenderedPages
from redaction.evaluation import Comparison, Evaluation, Gain, Interval, Measure, Metrics, Part
from redaction.evaluation.worst_pages import WorstPage, WorstPages
from redaction.lifecycle.gate import Decision, Reason, ReasonCode
from redaction.lifecycle.run_page import Link, RunArtifacts, RunFacts, Serving, StepState, outcome_of, run_page_html
from redaction.lifecycle.run_page.charts import epoch_chart
from redaction.lifecycle.run_records import RunFiles, RunRecord, RunState
from redaction.lifecycle.trigger import RetrainingCheck
from redaction.training.history import Epoch, TrainingHistory
from redaction.workspace import Workspace

STARTED = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
CT_CD = ("check", "validate", "synthesize", "train", "evaluate", "decide", "deploy", "hold", "monitor")
PICTURE = "data:image/jpeg;base64,AAAA"


def metrics(recall: float) -> Metrics:
    interval = {"recall": Interval(low=recall - 0.1, high=recall + 0.05)}
    values = {"ap": 0.6, "ap50": 0.8, "precision": 0.9, "f1": 0.85, "false_positives": 3, "intervals": interval}
    return Metrics.model_validate({"pages": 40, "boxes": 90, "recall": recall, **values})


def evaluation(version: str, recall: float) -> Evaluation:
    return Evaluation(
        version=version,
        detector_digest=version,
        dataset_digest="pages",
        operating_point=0.4,
        overall=metrics(recall),
        by_style={"grey": metrics(recall - 0.2)},
        false_positives_per_clean_page=0.1,
        seconds_per_page=0.2,
    )


def gain() -> Gain:
    values = {"candidate": 0.7, "champion": 0.8, "value": -0.1, "low": -0.2, "joint_low": -0.3, "standard_error": 0.05}
    return Gain.model_validate({"part": Part.TEST, "measure": Measure.RECALL, "documents": 12, **values})


CHECK = RetrainingCheck(proceed=True, reasons=("Training is forced.",), annotated_pages=40, new_annotations=0, open_requests=0)
DECISION = Decision(
    deploy=False,
    candidate="nano-new",
    champion="nano-old",
    reasons=(Reason(code=ReasonCode.RECALL_FELL, sentence="Recall falls <b>too far</b>."),),
)
EPOCHS = (
    Epoch(train_loss=1.9, validation_loss=1.2, ap=0.2, ap50=0.4, ar=0.3),
    Epoch(train_loss=1.2, validation_loss=1.1, ap=0.5, ap50=0.7, ar=0.6),
    Epoch(train_loss=0.9, validation_loss=1.3, ap=0.4, ap50=0.6, ar=0.5),
)


@pytest.fixture
def held(workspace: Workspace) -> RunFacts:
    """A run of ct_cd whose candidate is worse than the champion."""
    comparison = Comparison(candidate=evaluation("nano-new", 0.7), champion=evaluation("nano-old", 0.8), gains=(gain(),))
    return RunFacts(
        record=RunRecord(
            name="ct_cd-1",
            pipeline="ct_cd",
            started=STARTED,
            finished=STARTED + timedelta(minutes=5),
            state=RunState.COMPLETED,
        ),
        workspace=workspace,
        artifacts=RunArtifacts(
            retraining_check=CHECK,
            training_history=TrainingHistory(epochs=EPOCHS),
            comparison=comparison,
            worst_pages=WorstPages(
                version="nano-new", pages=(WorstPage(name="memo_p0001", found=1, missed=2, false=3, picture=PICTURE),)
            ),
            decision=DECISION,
        ),
        steps=tuple(StepState(name, "completed", 1.0) for name in CT_CD if name != "deploy"),
        planned=CT_CD,
        failing_pages=0,
        serving=Serving("nano-old", "http://127.0.0.1:3000"),
        links=(Link("Training folder of train", workspace.state / "training"),),
    )


def text_of(page: str) -> str:
    """What a reader sees: without styles, pictures and tags, with single spaces."""
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_a_held_run_shows_decision_comparison_curves_worst_pages_and_what_serves(held: RunFacts) -> None:
    page = run_page_html(held)
    text = text_of(page)
    assert "Hold nano-new against nano-old Recall falls <b>too far</b>. recall_fell" in text
    assert "nano-old served at http://127.0.0.1:3000" in text
    assert "test pages recall 0.700 0.800 -0.100 -0.200 12" in text
    assert "grey nano-new 40 90 0.500 .400–.550" in text, "by style, with intervals"
    assert page.count("<polyline") == 5, "two losses, AP50, AP and AR"
    assert "The dotted line marks epoch 2" in text
    assert "memo_p0001 2 missed · 3 false · 1 found" in text
    assert "deploy not run" not in text, "hold ran in its place"
    assert outcome_of(held) == "hold nano-new"


def test_the_page_is_one_file_that_needs_no_script_and_no_other_host(held: RunFacts) -> None:
    page = run_page_html(replace(held, serving=None))
    assert not re.search(r"<script|<link|@import|url\(|https?://", page)
    assert re.findall(r'src="([^"]*)"', page) == [PICTURE]


def test_links_are_relative_to_the_page_so_that_a_workspace_can_be_moved(held: RunFacts) -> None:
    log = RunFiles(held.workspace).log("ct_cd-1")
    log.parent.mkdir(parents=True)
    log.touch()
    page = run_page_html(held)
    assert '<a href="../training">state/training</a>' in page
    assert '<a href="ct_cd-1.log">state/runs/ct_cd-1.log</a>' in page


def test_an_interrupted_training_shows_its_epochs_so_far_and_what_did_not_run(held: RunFacts) -> None:
    record = held.record.model_copy(update={"state": RunState.INTERRUPTED, "error": "The same command continues."})
    artifacts = RunArtifacts(retraining_check=CHECK, training_history=TrainingHistory(epochs=EPOCHS[:2]))
    steps = (StepState("check", "completed", 1.0), StepState("train", "interrupted", 9.0))
    facts = replace(held, record=record, artifacts=artifacts, steps=steps, failed_step="train")
    text = text_of(run_page_html(facts))
    assert "Interrupted in train. The same command continues." in text
    assert "the highest AP so far" in text
    assert text.count("The run ended before evaluate.") == 2
    assert "evaluate not run" in text
    assert outcome_of(facts) == ""


def test_a_run_without_anything_to_learn_says_why_there_is_no_training(held: RunFacts) -> None:
    nothing = CHECK.model_copy(update={"proceed": False, "reasons": ("Pages annotated: 3; needed: 50.",)})
    facts = replace(held, artifacts=RunArtifacts(retraining_check=nothing), steps=(), failing_pages=None)
    text = text_of(run_page_html(facts))
    assert "Nothing to learn Pages annotated: 3; needed: 50." in text
    assert text.count("Not in this run: there was nothing to learn.") == 4
    assert outcome_of(facts) == "no training"


@pytest.mark.parametrize(
    ("served", "outcome"),
    [(True, "deploy nano-new"), (False, "not served: nano-new"), (None, "deploy nano-new, unfinished")],
)
def test_the_outcome_of_a_deployment_is_whether_it_serves(held: RunFacts, served: bool | None, outcome: str) -> None:
    deploy = replace(held.artifacts, decision=DECISION.model_copy(update={"deploy": True}))
    assert outcome_of(replace(held, artifacts=deploy, served=served)) == outcome


def test_an_ingestion_shows_counts_quarantine_checkpoint_and_new_pages(held: RunFacts, workspace: Workspace) -> None:
    workspace.pages.mkdir(parents=True)
    Image.new("RGB", (60, 80), "white").save(workspace.pages / "a.png")
    summary = IngestionSummary(
        sources=(SourceCounts(source="own", found=3, new=2, quarantined=1),),
        new_documents=("a", "b"),
        new_pages=("a/0001",),
        quarantine=(Problem(source="own", where="locked.pdf", reason="is encrypted"),),
        failures=(),
        seconds=1.0,
    )
    made = Checkpoint(
        root=str(workspace.root),
        revision="c0ffee" * 6,
        tag="data/0007",
        digest="d",
        created=True,
        documents=9,
        pages=20,
        annotations=0,
        message="2 new documents",
        made_at=STARTED,
    )
    pages = RenderedPages(root=str(workspace.root), pages=(PageFile(name="a/0001", file_name="a_p0001", image="pages/a.png"),))
    record = held.record.model_copy(update={"pipeline": "annotation_ingestion"})
    artifacts = RunArtifacts(ingestion_summary=summary, checkpoint=made, new_pages=pages)
    facts = replace(held, record=record, artifacts=artifacts)
    page = run_page_html(facts)
    text = text_of(page)
    assert "2 documents rendered, 1 new page" in text
    assert "New checkpoint data/0007 (c0ffeec0ffee) : 9 documents, 20 pages." in text
    assert "own 3 2 0 0 1 0" in text
    assert "own locked.pdf is encrypted" in text
    assert 'src="data:image/png;base64,' in page
    assert outcome_of(facts) == "2 documents, 1 new page"


def test_another_pipeline_has_a_page_of_its_steps(held: RunFacts) -> None:
    record = held.record.model_copy(update={"pipeline": "another"})
    text = text_of(run_page_html(replace(held, record=record, artifacts=RunArtifacts())))
    assert "train completed 1.0 s" in text


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0], [1e-4, 2e-4], [0.1, 250.0], [-1.0, 1.0]])
def test_every_point_of_a_chart_lies_inside_its_axes(values: list[float]) -> None:
    chart = epoch_chart("Loss", {"training": values}, best=1)
    for x, y in chart.lines[0].points:
        assert chart.left <= x <= chart.right
        assert chart.top <= y <= chart.bottom
    assert 2 <= len(chart.y_ticks) <= 7
    assert len({tick.label for tick in chart.y_ticks}) == len(chart.y_ticks)


def test_many_epochs_keep_their_labels_apart() -> None:
    chart = epoch_chart("Loss", {"training": [1.0] * 300}, best=300)
    assert len(chart.x_ticks) <= 10
