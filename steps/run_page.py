"""The page of the run: its artifact, and the hook that writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from zenml import get_step_context, log_metadata, step
from zenml.client import Client
from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext
from zenml.metadata.metadata_types import MetadataType

from materializers.run_page import show_page
from redaction.files import write_text
from redaction.lifecycle.run_page import run_page_html
from redaction.lifecycle.run_records import RunFiles, RunPage
from steps.run_facts import RUN_PAGE, facts_of, workspace_of


@step(enable_cache=False)
def run_page() -> Annotated[RunPage, "run_page"]:
    """Hold the place of the page in the dashboard, as the first artifact of the run, also of one that fails later.

    The page itself is written by `update_run_page`.
    """
    run = get_step_context().pipeline_run
    return RunPage(run=run.name, path=str(RunFiles(workspace_of(run)).page(run.name)))


def update_run_page(error: BaseException | None = None) -> None:
    """Hook of the pipelines: write the page of the run, as far as it got.

    ZenML calls it at the end of a run of a dynamic pipeline, and at the end of each step of a static one.

    Args:
        error: what ended the run; None if nothing did.
    """
    dynamic = DynamicPipelineRunContext.get()
    if dynamic is not None:
        _write_page(dynamic.run.id, None, error)
    else:
        context = get_step_context()
        _write_page(context.pipeline_run.id, context.step_name, error)


def _write_page(run_id: UUID, ending_step: str | None, error: BaseException | None) -> None:
    facts = facts_of(run_id, ending_step, error, now=datetime.now(UTC))
    files, record = RunFiles(facts.workspace), facts.record
    html = run_page_html(facts)
    write_text(files.page(record.name), html)
    files.write(record)
    shown: dict[str, MetadataType] = {"run page": str(files.page(record.name)), "outcome": record.outcome or record.state.value}
    log_metadata(metadata=shown, run_id_name_or_prefix=run_id)
    run = Client().get_pipeline_run(run_id)
    artifacts = run.steps[RUN_PAGE].outputs.get(RUN_PAGE, []) if RUN_PAGE in run.steps else []
    for artifact in artifacts:
        show_page(Client().active_stack.artifact_store, artifact.uri, html)
