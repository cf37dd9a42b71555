"""The detector's card: what a person wants to know before trusting it, in Markdown."""

from __future__ import annotations

from redaction.detection.artifact import Manifest, RecallClaim
from redaction.detection.rescoring import Rescoring


def card(manifest: Manifest) -> str:
    """The card of a detector."""
    point, provenance, training = manifest.operating_point, manifest.provenance, manifest.training
    synthetic = f" ({provenance.synthetic_pages} of them synthetic)" if provenance.synthetic_pages else ""
    figures = "\n".join(f"| {name} | {_number(value)} |" for name, value in manifest.metrics.items())
    libraries = "\n".join(f"| {name} | {version} |" for name, version in provenance.libraries.items())
    return f"""# Detector {manifest.version}

Finds redactions (covered areas, in black, white with an outline, gray or color) on images of document pages.
VarifocalNet, profile `{manifest.profile.name}`, on pages scaled to fit {manifest.preprocessing.width} x \
{manifest.preprocessing.height} pixels.

## Operating point

A detection counts from a score of **{point.score:.4f}** ({point.rule}). There, on {provenance.validation_pages} validation pages:
precision {point.precision:.3f}, recall {point.recall:.3f}, F1 {point.f1:.3f}. These pages chose the operating point and the best
epoch, so expect a little less on others; the evaluation on the test pages says how much.
{_claim(manifest.recall_claim)}{_confirmation(manifest.confirmation)}
## Figures on the validation pages

| figure | value |
|---|---|
{figures}

## Made from

| | |
|---|---|
| training pages | {provenance.training_pages}{synthetic}, digest `{provenance.training_digest[:16]}` |
| validation pages | {provenance.validation_pages}, digest `{provenance.validation_digest[:16]}` |
| data checkpoint | {_code(provenance.data_revision)} |
| code | {_code(provenance.git_revision)} |
| training | {training.epochs} epochs, batches of {training.batch_size}, learning rate {training.learning_rate:g}, \
seed {training.seed}, from {training.init} |
| made | {provenance.created} |

## Limits

It sees the image of a page, not its text: whether something is still readable below a redaction is another question. Pages in
landscape are shrunk to the frame's width, so that thin redactions on them are harder to find. What does not look like the
pages that it was trained on may be missed.

## Libraries

| library | version |
|---|---|
{libraries}
"""


def _claim(claim: RecallClaim | None) -> str:
    if claim is None:
        return ""
    return (
        f"\nWith {claim.confidence:.0%} confidence it finds at least **{claim.at_least:.1%}** of the redactions of documents "
        f"drawn like these (from {claim.boxes} redactions in {claim.documents} documents; {claim.method}).\n"
    )


def _confirmation(confirmation: Rescoring | None) -> str:
    if confirmation is None:
        return (
            "\nBoxes and scores are the network's own: it proposed too little to learn how the edges of a page confirm a box.\n"
        )
    return (
        "\nBoxes are moved to the edges of the page. Scores weigh the network's with how well the edges confirm a box, and with "
        "how certain another box of its shade on the page is (logistic regression, fitted on training pages).\n"
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _code(value: str | None) -> str:
    return f"`{value}`" if value else "unknown"
