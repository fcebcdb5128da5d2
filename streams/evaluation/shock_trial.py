"""How soon intervals are right again after demand has doubled overnight.

The first week is lost whatever the head: the mean is wrong. What can be asked is that the upper 90 % covers again in
the second. The one rule: days are counted from each series' own change.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.evaluation.calibration import draw_pit
from streams.evaluation.changes import draw_starts, plant
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Plan
from streams.evaluation.panel import Panel
from streams.evaluation.prequential import run_fleet

STRETCHES: Final = ((1, 7), (8, 14), (15, 28))
_LEVEL: Final = 0.9


class ShockResult(NamedTuple):
    """Upper 90 % coverage after a doubling.

    Parameters
    ----------
    changed
        Number of series changed.
    before
        Coverage in the same series' tail before the change; None of none.
    after
        "first-last" period after the change to coverage and number of forecasts.
    """

    changed: int
    before: float | None
    after: dict[str, tuple[float | None, int]]


def run_shock_trial(panel: Panel, make: FleetMaker, tail: int, seed: int, partitions: int = 1) -> ShockResult:
    """Double half of the series somewhere in the tail, and see what the upper quantiles make of it.

    Parameters
    ----------
    panel
        The untouched data.
    make
        The fleet's maker.
    tail
        Length of the scored end.
    seed
        Of the choice of series and periods.
    partitions
        Number of tasks.
    """
    starts = draw_starts(panel, tail, seed)
    changed = plant(panel, "double", starts).panel
    plan = Plan("day_ahead", tuple(range(panel.n_periods - tail, panel.n_periods)), 1)
    forecasts = run_fleet(changed, make, (plan,), partitions).forecasts[0]
    pit = draw_pit(forecasts, forecasts.actuals(changed), seed)[:, :, 0]
    since = np.array(plan.origins)[None, :] - starts[:, None] + 1
    touched = (starts >= 0)[:, None] & np.isfinite(pit)

    def coverage(first: int, last: int) -> tuple[float | None, int]:
        known = pit[touched & (since >= first) & (since <= last)]
        return (float((known <= _LEVEL).mean()) if len(known) else None, len(known))

    after = {f"{first}-{last}": coverage(first, last) for first, last in STRETCHES}
    return ShockResult(int((starts >= 0).sum()), coverage(-panel.n_periods, 0)[0], after)
