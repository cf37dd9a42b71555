"""The detector's card: what a person wants to know before trusting the detector, in Markdown."""

from __future__ import annotations

from redaction.detection.artifact import Manifest, RecallClaim
from redaction.detection.rescoring import Rescoring


def card_markdown(manifest: Manifest) -> str:
    """The card of a detector, in Markdown."""
    point, provenance, training = manifest.operating_point, manifest.provenance, manifest.training
    synthetic = f" ({provenance.synthetic_pages} of them synthetic)" if provenance.synthetic_pages else ""
    metrics = "\n".join(f"| {name} | {_number(value)} |" for name, value in manifest.metrics.items())
    libraries = "\n".join(f"| {name} | {version} |" for name, version in provenance.libraries.items())
    return f"""# Detector {manifest.version}

Finds redactions (covered areas: black, gray, colored, or white with an outline) on images of document pages.
VarifocalNet, profile `{manifest.profile.name}`, on pages scaled to fit {manifest.preprocessing.width} x \
{manifest.preprocessing.height} pixels.

## Operating point

A detection counts from a score of **{point.score:.4f}** ({point.rule}). At this score, on {provenance.validation_pages} \
validation pages: precision {point.precision:.3f}, recall {point.recall:.3f}, F1 {point.f1:.3f}. The same pages chose the
operating point and the best epoch, so expect slightly lower values elsewhere; the evaluation on the test pages measures them.
{_claim(manifest.recall_claim)}{_rescoring(manifest.rescoring)}
## Metrics on the validation pages

| metric | value |
|---|---|
{metrics}

## Provenance

| | |
|---|---|
| training pages | {provenance.training_pages}{synthetic}, digest `{provenance.training_digest[:16]}` |
| validation pages | {provenance.validation_pages}, digest `{provenance.validation_digest[:16]}` |
| data checkpoint | {_code(provenance.data_revision)} |
| code | {_code(provenance.git_revision)} |
| training | {training.epochs} epochs, batch size {training.batch_size}, learning rate {training.learning_rate:g}, \
seed {training.seed}, from {training.init} |
| created | {provenance.created} |

## Limits

The detector reads the image of a page, not its text: whether text is still readable below a redaction is a separate check.
Landscape pages are shrunk to the width of the network input, so thin redactions on them are harder to find. Redactions unlike
those in the training pages may be missed.

## Libraries

| library | version |
|---|---|
{libraries}
"""


def _claim(claim: RecallClaim | None) -> str:
    if claim is None:
        return ""
    return (
        f"\nWith {claim.confidence:.0%} confidence it finds at least **{claim.at_least:.1%}** of the redactions in documents "
        f"drawn like these (from {claim.boxes} redactions in {claim.documents} documents; {claim.method}).\n"
    )


def _rescoring(rescoring: Rescoring | None) -> str:
    if rescoring is None:
        return (
            "\nBoxes and scores are those of the network: it proposed too few boxes on the training pages to fit a rescoring.\n"
        )
    return (
        "\nThe sides of each box are moved to the page's edges. The score combines the network's score, the box's features "
        "on the page, and the best score of another box of the same color (logistic regression, fitted on training pages).\n"
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _code(value: str | None) -> str:
    return f"`{value}`" if value else "unknown"
