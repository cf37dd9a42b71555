from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from tests.monitoring import simulation

Traffic = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    """`traffic(rng, count, mean_pages)` are `count` consecutive pages: the columns of `PageRecord`, and the document of each."""
    return simulation.traffic
