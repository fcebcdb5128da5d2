"""A series' past as batch models want it: without gaps, cut at the origin.

The one rule: a gap is filled from what lies before it, never from behind.
"""

from __future__ import annotations

import numpy as np

from streams.evaluation.panel import Floats, Indices


def fill_gaps(demand: Floats, slots: Indices, season: int) -> Floats:
    """One series from its first known period on, unknown periods filled.

    A gap takes the last known demand of its slot; where that slot was never known (a weekday that is always closed),
    the mean of the last season's worth of values, which disturbs neither level nor pattern.

    Parameters
    ----------
    demand
        By period, NaN unknown.
    slots
        Place in the season of each.
    season
        Number of slots.

    >>> fill_gaps(np.array([np.nan, 2.0, 4.0, np.nan, np.nan]), np.array([0, 1, 2, 0, 1]), 3).tolist()
    [2.0, 4.0, 3.0, 2.0]
    """
    known = np.isfinite(demand)
    if not known.any():
        return demand[:0]
    first = int(known.argmax())
    last = np.full(season, np.nan)
    filled = demand[first:].copy()
    for place, slot in enumerate(slots[first:].tolist()):
        if np.isnan(filled[place]):
            recent = filled[max(0, place - season) : place]
            filled[place] = recent.mean() if np.isnan(last[slot]) else last[slot]
        else:
            last[slot] = filled[place]
    return filled
