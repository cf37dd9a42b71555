"""What to install when a command needs a package that the core does without."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

MODULES = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "fpdf": "fpdf2",
    "git": "gitpython",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""The packages of the modules that have another name than theirs."""

ONLY_LOCKED = "train"
"""The extra that pip cannot resolve: IceVision asks for releases of 2022, which the clone's lock overrides."""


def require(module: str) -> None:
    """Fail now, rather than in the middle of a command that will import this module.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    if find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def missing_extra(error: ModuleNotFoundError, distribution: Distribution) -> str | None:
    """One sentence: the package that is missing, the extra that has it, and the command that installs it.

    Args:
        error: names the module.
        distribution: this program as it is installed; its metadata list the packages of each extra.

    Returns:
        None if no extra lists the package of the module, so that something else is wrong.
    """
    package = package_of(error.name or "")
    extras = distribution.metadata.get_all("Provides-Extra") or []
    extra = next((extra for extra in extras if package in packages_of(distribution, extra) - packages_of(distribution)), None)
    if extra is None:
        return None
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if extra == ONLY_LOCKED or origin.get("dir_info", {}).get("editable"):
        remedy = "`make install` in a clone of the repository"
    else:
        remedy = f'`pip install "{_requirement(distribution.name, extra, origin)}"`'
    return f"This command needs {package}, which is not installed; it belongs to the extra {extra}: run {remedy}."


def package_of(module: str) -> str:
    """The normalized name of the package that has the module."""
    from packaging.utils import canonicalize_name

    top = module.partition(".")[0]
    return canonicalize_name(MODULES.get(top, top))


def packages_of(distribution: Distribution, extra: str = "") -> set[str]:
    """The normalized names of the packages that the distribution requires in this environment, by itself and for the extra."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    requirements = map(Requirement, distribution.requires or [])
    return {canonicalize_name(one.name) for one in requirements if one.marker is None or one.marker.evaluate({"extra": extra})}


def _requirement(name: str, extra: str, origin: dict[str, object]) -> str:
    """The requirement for an extra of a program from `origin`, the content of its ``direct_url.json``; empty for an index."""
    if "url" not in origin:
        return f"{name}[{extra}]"
    vcs = origin.get("vcs_info")
    prefix = f"{vcs['vcs']}+" if isinstance(vcs, dict) else ""
    return f"{name}[{extra}] @ {prefix}{origin['url']}"
