"""Continuous training and deployment: from annotated pages to a monitored service.

``redaction run ct_cd``, or ``zenml pipeline run pipelines.ct_cd.ct_cd -c configs/ct_cd.yaml``

The pipeline is dynamic because it ends early when there are too few new annotations, and holds when the candidate is not better.
A run whose candidate passed the gate but could not be served fails at its end, after monitoring.
Every step is listed in ``depends_on``, because ZenML applies the ``steps:`` section of a configuration only to those. All
parameters belong to the steps: in a dynamic pipeline, a plain value passed to a step becomes an artifact and a node of the graph.
"""

from __future__ import annotations

from zenml import pipeline
from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext

from pipelines.strict import strict
from redaction.lifecycle.exclusive import only_run
from redaction.workspace import Workspace
from serving.release.release import require_served
from steps.check import check
from steps.decide import decide
from steps.deploy import deploy
from steps.evaluate import evaluate
from steps.hold import hold
from steps.monitor import monitor
from steps.run_page import run_page, update_run_page
from steps.synthesize import synthesize
from steps.train import train
from steps.validate import validate


@strict
@pipeline(
    dynamic=True,
    depends_on=[run_page, check, validate, synthesize, train, evaluate, decide, deploy, hold, monitor],
    on_end=update_run_page,
)
def ct_cd() -> None:
    """Check → validate → synthesize → train → evaluate → decide → deploy or hold → monitor."""
    run_page()
    with only_run(_workspace()):
        retraining_check, annotated, production = check()
        deployment = None
        if retraining_check.load().proceed:
            validated, _ = validate(annotated)
            synthetic, *_ = synthesize(validated)
            candidate, _ = train(validated, synthetic)
            comparison, _ = evaluate(candidate, validated, production)
            decision = decide(comparison)
            if decision.load().deploy:
                deployment = deploy(candidate, decision, comparison, validated)
            else:
                hold(candidate, decision, comparison, production)
        monitor(production)
    if deployment is not None:
        require_served(deployment.load())


def _workspace() -> Workspace:
    """The workspace that the configuration gives to the first step."""
    run = DynamicPipelineRunContext.get()
    configured = run.snapshot.step_configurations["check"].config.parameters if run else {}
    return Workspace.at(configured.get("workspace"))
