"""What is installed is what the lock names: overrides in pyproject.toml once let in newer releases, of which it has no hash."""

import importlib.metadata
import re
import sysconfig
from pathlib import Path

from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "requirements.lock"


def test_every_pinned_package_is_installed_in_its_pinned_version() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(pins) > 200
    # not all that can be imported: setuptools brings older copies of some packages along
    found = importlib.metadata.distributions(path=[sysconfig.get_path("purelib")])
    installed = {canonicalize_name(package.name): package.version for package in found}
    assert {name: installed.get(canonicalize_name(name)) for name in pins} == pins
