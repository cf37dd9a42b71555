"""A headless Chromium for the tests that look at pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.browser import Browser, chromium, open_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser in which every request to another host is refused and counted. Without one, the tests are skipped."""
    executable = chromium()
    if executable is None:
        pytest.skip("needs Chromium, or Chrome, to open pages as a person would")
    with open_browser(executable) as opened:
        yield opened
