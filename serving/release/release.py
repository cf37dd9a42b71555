"""Deploy a detector, or roll back to an earlier one; a service must reproduce the detector's offline detections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlmodel import Session, col, select

from redaction.catalog import Catalog, open_catalog
from redaction.catalog.tables import Deployment, Stage, now
from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.values import Frozen
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home
from serving.local import control
from serving.local.address import DEFAULT_HOST, DEFAULT_PORT
from serving.local.golden import GoldenPage, check_golden_pages, load_golden_pages, save_golden_pages
from serving.release.bento import build_bento, save_to_model_store

ROLLED_BACK_PREFIX = "rolled back"
"""Start of the stored reason of a version that was rolled back; a later rollback skips it unless it is named."""


class DeploymentOutcome(Frozen):
    """The result of a deployment or a rollback."""

    served: bool
    """Whether the version is in production now, and the service runs it."""
    version: str
    url: str | None
    """URL of the service in production, whichever version it runs; None if there is none."""
    bento_tag: str
    reasons: tuple[str, ...] = ()
    """Why the version is not served, one sentence each."""
    serving: str | None = None
    """The version that the service in production runs now; None if nothing serves, and in older outcomes."""

    @property
    def sentence(self) -> str:
        """What happened, and what serves now."""
        if self.served:
            return f"{self.version} serves at {self.url}."
        now_serving = f"{self.serving} serves on at {self.url}." if self.serving else "Nothing serves."
        return (
            f"{self.version} is not served: {' '.join(self.reasons)} {now_serving} `redaction deploy {self.version}` tries again."
        )


def require_served(outcome: DeploymentOutcome) -> None:
    """Let a run end as failed if its candidate passed the gate and is not served.

    Raises:
        RedactionError: it is not.
    """
    if not outcome.served:
        raise RedactionError(outcome.sentence)


def deploy(
    workspace: Workspace,
    detector_folder: Path,
    version: str,
    golden: Sequence[GoldenPage],
    host: str | None = None,
    port: int | None = None,
    revision: str | None = None,
) -> DeploymentOutcome:
    """Package a detector, and let it take over from the one in production if it reproduces `golden` beside it.

    A candidate that does not is refused: the champion goes on, and the catalog records the reasons. Deployment is idempotent: if
    it is killed, the service goes on with one of the two versions, and the same deployment again completes it.

    Args:
        workspace: the workspace of the service.
        detector_folder: folder of the detector; it is copied.
        version: version of the detector; must match its manifest.
        golden: see `serving.release.golden.golden_pages`.
        host: interface to listen on; by default that of the workspace's last service, else loopback.
        port: port to listen on; by default that of the workspace's last service, else 3000.
        revision: workspace revision that contains the detector, for the catalog.

    Raises:
        RedactionError: the folder contains no detector of this version, or the version is taken by another detector.
    """
    home = bentoml_home(workspace)
    detector = Detector.load(detector_folder)
    if detector.version != version:
        raise RedactionError(f"The detector in {detector_folder} is version {detector.version}, not {version}.")
    tag = build_bento(home, save_to_model_store(home, detector))
    save_golden_pages(control.service_folder(workspace).golden(version), golden)
    outcome = _replace(workspace, tag, golden, *service_address(workspace, host, port))
    row = Deployment(version=version, detector_digest=detector.digest, bento_tag=tag, revision=revision, stage=Stage.REFUSED)
    _record(open_catalog(workspace), row, outcome, retired_because=[])
    return outcome


def rollback(
    workspace: Workspace, version: str | None = None, host: str | None = None, port: int | None = None
) -> DeploymentOutcome:
    """Return an earlier version to production, checked with the golden pages of its own deployment.

    Args:
        workspace: the workspace of the service.
        version: version to return to; by default the last one in production that was not rolled back itself. The version that is
            in production already stays, and is started if it does not run.
        host: see `deploy`.
        port: see `deploy`.

    Raises:
        RedactionError: there is no such version.
    """
    catalog = open_catalog(workspace)
    with catalog.snapshot() as session:
        earlier = _earlier(session, version)
        row = Deployment(
            **earlier.model_dump(include={"version", "detector_digest", "bento_tag", "revision"}), stage=Stage.REFUSED
        )
    if row.bento_tag is None:
        raise RedactionError(f"Version {row.version} has no Bento; deploy it again.")
    golden = load_golden_pages(control.service_folder(workspace).golden(row.version))
    outcome = _replace(workspace, row.bento_tag, golden, *service_address(workspace, host, port))
    _record(catalog, row, outcome, retired_because=[f"{ROLLED_BACK_PREFIX} to {row.version}"])
    return outcome


def production_tag(workspace: Workspace) -> str | None:
    """Tag of the Bento in production according to the catalog, if any."""
    with open_catalog(workspace).snapshot() as session:
        row = session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).first()
        return row.bento_tag if row else None


def service_address(workspace: Workspace, host: str | None = None, port: int | None = None) -> tuple[str, int]:
    """Host and port to listen on: as given, else those of the workspace's last service, else loopback and 3000."""
    last = control.service_folder(workspace).read_state()
    return host or (last.host if last else DEFAULT_HOST), port or (last.port if last else DEFAULT_PORT)


def _replace(workspace: Workspace, tag: str, golden: Sequence[GoldenPage], host: str, port: int) -> DeploymentOutcome:
    version = tag.partition(":")[2]
    before = control.status(workspace)
    serves_already = before.ready and before.bento_tag == tag and service_address(workspace) == (host, port)
    if not golden or serves_already:
        problems = check_golden_pages(str(before.url), golden, version)
    else:
        try:
            problems = list(control.replace(workspace, tag, host, port))
        except RedactionError as error:
            problems = [str(error)]
    after = control.status(workspace)
    return DeploymentOutcome(
        served=not problems, version=version, url=after.url, bento_tag=tag, reasons=tuple(problems), serving=after.version
    )


def _record(catalog: Catalog, row: Deployment, outcome: DeploymentOutcome, retired_because: list[str]) -> None:
    with catalog.transaction() as session:
        current = session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).all()
        if outcome.served:
            if any(other.version == row.version for other in current):
                return
            for other in current:
                other.stage, other.retired_at, other.reasons = Stage.ARCHIVED, now(), retired_because
                session.add(other)
        row.stage = Stage.PRODUCTION if outcome.served else Stage.REFUSED
        row.reasons = list(outcome.reasons)
        session.add(row)


def _earlier(session: Session, version: str | None) -> Deployment:
    query = select(Deployment).where(Deployment.stage == Stage.ARCHIVED).order_by(col(Deployment.retired_at).desc())
    current = session.exec(select(Deployment.version).where(Deployment.stage == Stage.PRODUCTION)).first()
    archived = [row for row in session.exec(query) if row.version != current]
    if version is None:
        rolled_back = {row.version for row in archived if any(reason.startswith(ROLLED_BACK_PREFIX) for reason in row.reasons)}
        archived = [row for row in archived if row.version not in rolled_back]
        if not archived:
            names = ", ".join(sorted(rolled_back))
            hint = f"; to return to a version that was rolled back, name it ({names})" if names else ""
            raise RedactionError(f"No version was in production before this one, so there is none to roll back to{hint}.")
        return archived[0]
    if version == current:
        return session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).one()
    for row in archived:
        if row.version == version:
            return row
    known = ", ".join(dict.fromkeys(row.version for row in archived)) or "none"
    raise RedactionError(f"Version {version} was never in production; versions to roll back to: {known}.")
