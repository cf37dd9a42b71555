"""One small reading room shared by all tests in this folder; no test changes it."""

from __future__ import annotations

import pytest

from redaction.samples import ReadingRoom, make_reading_room


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> ReadingRoom:
    return make_reading_room(tmp_path_factory.mktemp("samples") / "room", seed=1, documents=14)
