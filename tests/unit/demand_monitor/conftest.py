"""The front door reads the environment: its tests begin with one that holds none of our settings."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def bare_environment() -> Iterator[None]:
    """An environment without settings of ours; what a test sets there goes with it."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("DEMAND_")}
    yield
    for name in [name for name in os.environ if name.startswith("DEMAND_")]:
        del os.environ[name]
    os.environ.update(kept)
