"""Changes planted into real series, to see who finds them.

========  ===========================================================================================
change    demand from the planted period on
========  ===========================================================================================
half      x 0.5
less      x 0.7
more      x 1.5
double    x 2 (for the shock trial: how soon are intervals right again)
ramp      falls in a straight line to x 0.5 within 28 days (8 weeks, 8 months)
shift     the season's pattern moves by three trading slots; the level stays
shuffle   nothing: whole seasons in random order, a control in which nothing ever changes for good
========  ===========================================================================================

The one rule: everything before the planted period is left as it was, to the last digit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, NamedTuple

import numpy as np

from streams.evaluation.panel import Floats, Indices, Panel
from streams.settings import Period

Change = Literal["half", "less", "more", "double", "ramp", "shift"]
CHANGES: Final[tuple[Change, ...]] = ("half", "less", "more", "ramp", "shift")
_FACTORS: Final = {"half": 0.5, "less": 0.7, "more": 1.5, "double": 2.0}
_RAMP_END: Final = 0.5
_SHIFT_SLOTS: Final = 3
_LEAST_RATIO: Final = 0.05
#: Periods within which a change counts as found, and over which a ramp falls.
WINDOW: Final[dict[Period, int]] = {"day": 28, "week": 8, "month": 8}


class Planted(NamedTuple):
    """A panel with changes.

    Parameters
    ----------
    panel
        The changed data.
    starts
        By series: the first changed period; -1 for an untouched series.
    """

    panel: Panel
    starts: Indices


def draw_starts(panel: Panel, tail: int, seed: int) -> Indices:
    """Where changes are planted: in half of the series, in the tail, with a whole window left to find them.

    Parameters
    ----------
    panel
        The data.
    tail
        Length of its scored end.
    seed
        Of the generator.
    """
    random = np.random.default_rng(seed)
    starts = np.full(panel.n_series, -1, np.int64)
    chosen = random.permutation(panel.n_series)[: max(1, panel.n_series // 2)]
    first, last = panel.n_periods - tail, panel.n_periods - WINDOW[panel.period]
    starts[chosen] = random.integers(first, max(last, first + 1), size=len(chosen))
    return starts


def plant(panel: Panel, change: Change, starts: Indices) -> Planted:
    """Plant one kind of change.

    Parameters
    ----------
    panel
        The data.
    change
        What happens.
    starts
        By series: the first changed period, -1 for none.
    """
    demand = panel.demand.copy()
    slots = panel.slots()
    for series in np.flatnonzero(starts >= 0).tolist():
        start = int(starts[series])
        if change == "shift":
            demand[series] = _shifted(demand[series], slots, start, panel.season)
        else:
            length = panel.n_periods - start
            factor = np.full(length, _FACTORS.get(change, _RAMP_END))
            if change == "ramp":
                window = min(WINDOW[panel.period], length)
                factor[:window] = 1.0 + (_RAMP_END - 1.0) * np.arange(1, window + 1) / WINDOW[panel.period]
            demand[series, start:] *= factor
    return Planted(replace(panel, demand=demand), starts)


def _shifted(demand: Floats, slots: Indices, start: int, season: int) -> Floats:
    past = demand[:start]
    level = np.nanmean(past) if np.isfinite(past).any() else np.nan
    means = np.array([_mean(past[slots[:start] == slot]) for slot in range(season)])
    trading = np.flatnonzero(np.isfinite(means))
    if not np.isfinite(level) or level <= 0.0 or len(trading) <= _SHIFT_SLOTS:
        return demand
    ratio = np.maximum(means[trading] / level, _LEAST_RATIO)
    turn = np.ones(season)
    turn[trading] = np.roll(ratio, _SHIFT_SLOTS) / ratio
    changed = demand.copy()
    changed[start:] = demand[start:] * turn[slots[start:]]
    return changed


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def shuffle_seasons(panel: Panel, seed: int) -> Panel:
    """Whole seasons (weeks of days; for weeks and months single periods) in random order: no change lasts.

    Parameters
    ----------
    panel
        The data. What was known of a period moves with it.
    seed
        Of the generator.
    """
    random = np.random.default_rng(seed)
    size = panel.season if panel.period == "day" else 1
    whole = panel.n_periods // size
    order = random.permutation(whole)
    at = (order[:, None] * size + np.arange(size)[None, :]).ravel()
    at = np.concatenate([at, np.arange(whole * size, panel.n_periods)])
    return replace(panel, demand=panel.demand[:, at], exposure=panel.exposure[:, at], known=panel.known[:, at])
