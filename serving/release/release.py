"""Putting a detector into production, and an earlier one back: served is only what answers as the detector does offline."""

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
from serving.bento_store import bentoml_home, stored_model
from serving.local import control
from serving.release.bento import build_bento, save_to_model_store
from serving.release.golden import GoldenPage, check_golden_pages, load_golden_pages, save_golden_pages

ROLLED_BACK = "rolled back"
"""How the reason of a version starts that was taken out of production: the next rollback does not bring it back by itself."""


class DeploymentOutcome(Frozen):
    """What came of a deployment or a rollback."""

    served: bool
    """The version is in production, and the service answers with it."""
    version: str
    url: str | None
    """Where the service in production answers, whichever version that is; none when there is none."""
    bento_tag: str
    reasons: tuple[str, ...] = ()
    """Why it is not served; a sentence each."""


def deploy(
    workspace: Workspace,
    detector_folder: Path,
    version: str,
    golden: Sequence[GoldenPage],
    host: str | None = None,
    port: int | None = None,
    revision: str | None = None,
) -> DeploymentOutcome:
    """Pack a detector, try it beside the one in production, put it in its place, and check it there too.

    A candidate whose answers differ from `golden` is refused: the champion goes on serving, and the catalog says why. The same
    deployment again changes nothing.

    Args:
        workspace: whose service it is.
        detector_folder: of the detector; it is copied.
        version: of the detector, as its own manifest says.
        golden: see `serving.release.golden.golden_pages`.
        host: interface to listen on; that of the last service of this workspace, else loopback.
        port: to listen on; that of the last service of this workspace, else 3000.
        revision: of the workspace that holds the detector's folder, for the catalog.

    Raises:
        RedactionError: the folder is no detector of this version, or another detector has this version already.
    """
    home = bentoml_home(workspace)
    detector = Detector.load(detector_folder)
    if detector.version != version:
        raise RedactionError(f"The detector in {detector_folder} calls itself version {detector.version}, not {version}.")
    tag = build_bento(home, save_to_model_store(home, detector))
    save_golden_pages(_golden_folder(workspace, version), golden)
    outcome = _replace(workspace, tag, golden, *service_address(workspace, host, port))
    row = Deployment(version=version, detector_digest=detector.digest, bento_tag=tag, revision=revision, stage=Stage.REFUSED)
    _record(open_catalog(workspace), row, outcome, retired_because=[])
    return outcome


def rollback(
    workspace: Workspace, version: str | None = None, host: str | None = None, port: int | None = None
) -> DeploymentOutcome:
    """Bring an earlier version back into production, checked with the golden pages of its own deployment.

    Args:
        workspace: whose service it is.
        version: to bring back; when left out, the last in production before this one that was not itself rolled back.
        host: see `deploy`.
        port: see `deploy`.

    Raises:
        RedactionError: there is no such version to go back to.
    """
    catalog = open_catalog(workspace)
    with catalog.transaction() as session:
        earlier = _earlier(session, version)
        row = Deployment(
            **earlier.model_dump(include={"version", "detector_digest", "bento_tag", "revision"}), stage=Stage.REFUSED
        )
    if row.bento_tag is None:
        raise RedactionError(f"Version {row.version} was never packed as a Bento; deploy it again.")
    golden = load_golden_pages(_golden_folder(workspace, row.version))
    outcome = _replace(workspace, row.bento_tag, golden, *service_address(workspace, host, port))
    _record(catalog, row, outcome, retired_because=[f"{ROLLED_BACK} to {row.version}"])
    return outcome


def production_tag(workspace: Workspace) -> str | None:
    """The Bento that the catalog says is in production, if any."""
    with open_catalog(workspace).transaction() as session:
        row = session.exec(select(Deployment).where(Deployment.stage == Stage.PRODUCTION)).first()
        return row.bento_tag if row else None


def service_address(workspace: Workspace, host: str | None = None, port: int | None = None) -> tuple[str, int]:
    """Host and port to listen on: what is given, else those of the last service of this workspace, else loopback and 3000."""
    last = control.service_folder(workspace).read_state()
    return host or (last.host if last else control.HOST), port or (last.port if last else control.PORT)


def _replace(workspace: Workspace, tag: str, golden: Sequence[GoldenPage], host: str, port: int) -> DeploymentOutcome:
    version = tag.partition(":")[2]
    before = control.status(workspace)
    its_address = service_address(workspace)
    problems = _problems_beside_the_champion(workspace, tag, golden, before)
    if not problems:
        problems = _problems_in_its_place(workspace, tag, golden, host, port)
        if problems and before.bento_tag is not None and control.status(workspace).bento_tag != before.bento_tag:
            problems.append(_put_back(workspace, before.bento_tag, *its_address))
    url = control.status(workspace).url
    return DeploymentOutcome(served=not problems, version=version, url=url, bento_tag=tag, reasons=tuple(problems))


def _problems_beside_the_champion(
    workspace: Workspace, tag: str, golden: Sequence[GoldenPage], before: control.ServiceStatus
) -> list[str]:
    """What is wrong with a candidate that runs for itself, while the champion goes on serving."""
    version = tag.partition(":")[2]
    if not golden:
        return check_golden_pages("", golden)
    if before.ready and before.bento_tag == tag:
        return check_golden_pages(str(before.url), golden, version)
    try:
        # a damaged file is known sooner by its digest than by a server that does not get ready
        Detector.load(stored_model(bentoml_home(workspace), version))
        with control.candidate(workspace, tag) as url:
            return check_golden_pages(url, golden, version)
    except RedactionError as fault:
        return [str(fault)]


def _problems_in_its_place(workspace: Workspace, tag: str, golden: Sequence[GoldenPage], host: str, port: int) -> list[str]:
    try:
        running = control.status(workspace)
        change = control.start if running.bento_tag == tag else control.swap
        url = change(workspace, tag, host, port).url
    except RedactionError as fault:
        return [str(fault)]
    return check_golden_pages(str(url), golden, tag.partition(":")[2])


def _put_back(workspace: Workspace, champion: str, host: str, port: int) -> str:
    """Let the champion serve again where it did; a sentence that says what came of it."""
    log = control.service_folder(workspace).log_file
    try:
        url = control.swap(workspace, champion, host, port).url
    except RedactionError as fault:
        return f"{champion} could not be put back, and nothing serves: {fault}"
    return f"{champion} serves again on {url}; see {log}."


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
        rolled_back = {row.version for row in archived if any(reason.startswith(ROLLED_BACK) for reason in row.reasons)}
        archived = [row for row in archived if row.version not in rolled_back]
        if not archived:
            names = ", ".join(sorted(rolled_back))
            hint = f"; what was rolled back comes again by its name ({names})" if names else ""
            raise RedactionError(f"No version was in production before this one, so there is none to go back to{hint}.")
        return archived[0]
    if version == current:
        raise RedactionError(f"Version {version} is in production already; see `redaction service status`.")
    for row in archived:
        if row.version == version:
            return row
    known = ", ".join(dict.fromkeys(row.version for row in archived)) or "none"
    raise RedactionError(f"Version {version} was never in production; versions to go back to: {known}.")


def _golden_folder(workspace: Workspace, version: str) -> Path:
    return workspace.state / "service" / "golden" / version
