"""Small panels with known demand."""

from collections.abc import Sequence

import numpy as np

from streams.evaluation.panel import Floats, Panel
from streams.settings import Period


def make_panel(demand: object, period: Period = "day", first: int = 736_331, exposure: object = None) -> Panel:
    """A panel of stores s0, s1, …; 736331 is Monday, 2017-01-02."""
    units: Floats = np.asarray(demand, float)
    stocked = np.where(np.isfinite(units), 1.0, np.nan) if exposure is None else np.asarray(exposure, float)
    count = len(units)
    return Panel(
        "tiny", period, first, tuple(f"s{i}" for i in range(count)), ("milk",) * count, (None,) * count,
        units, stocked, np.zeros((*units.shape, 0)),
    )  # fmt: skip


def draw_demand(shape: tuple[int, int], seed: int, means: Sequence[float] | float = 20.0) -> Floats:
    """Poisson demand with a weekly pattern."""
    random = np.random.default_rng(seed)
    level = np.broadcast_to(np.asarray(means, float), shape[:1])[:, None]
    pattern = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8])[np.arange(shape[1]) % 7]
    drawn: Floats = random.poisson(level * pattern).astype(float)
    return drawn
