"""How a series' levels, slots and usual values move when a period is over.

The one rule: everything here is an exponentially weighted mean that starts as a plain mean (gain at least 1/n). A
period seen in part comes with the rest filled in, and is learnt like any other: a weight for what was seen would count
the days that emptied their shelf by noon, which are the busy ones, for less.

=================  ===================  ======================================================================
state              half-life (weekly)   of
=================  ===================  ======================================================================
scale              63 (26) periods      demand; the unit of all features
mid, fast          21 (8), 5 (3)        demand over its slot's ratio; after a drift n starts at 4 again, scale too
reference          60 (26)              the same, slowly: what drift is tested against
ratio of a slot    gain .12 (.5)        demand over mid; the first two visits .3 (.6)
mean of a slot     gain .25 (.5)        demand; the first two visits .5
usual value        21 (8)               a known column; by slot with the gain of the slot's mean
share, size        gain .1              sold or not; units where sold (TSB)
=================  ===================  ======================================================================

Ratio, mean and size learn what a usual day would have sold: a promotion's lift, as it was forecast, is taken out.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from online_models.base import gain
from online_models.slot_level import half_life
from online_models.stack_layout import (
    DIFFERENCES,
    FAST,
    LEVEL_AGE,
    MEAN_ABSOLUTE,
    MEAN_SQUARE,
    MID,
    NEWEST,
    REFERENCE,
    SCALE,
    SEEN,
    SHARE,
    SIZE,
    SIZES,
    SOLD_SHARE,
    Layout,
)

_LARGEST_RATIO, _SMALLEST_RATIO = 20.0, 0.02
_TSB_GAIN = 0.1
_SOLD_GAIN = gain(21.0)


_AGE_AFTER_JUMP = 4.0
"""Periods behind the levels after a jump: the next one weighs a fifth."""
_SEEN_WHOLE = 0.95
"""Share of a period above which what was sold is taken for what was wanted."""


class StackLevels:
    """Moves the levels in a series' array.

    Parameters
    ----------
    layout
        Of the array.
    """

    __slots__ = ("_first_visits", "_layout", "_levels", "_ratio", "_scale", "_slot_mean", "_usual")

    def __init__(self, layout: Layout) -> None:
        season = layout.season
        self._layout = layout
        self._scale = gain(half_life(season, 63.0, 26.0))
        self._usual = gain(half_life(season, 21.0, 8.0))
        self._levels = (
            (MID, self._usual),
            (FAST, gain(half_life(season, 5.0, 3.0))),
            (REFERENCE, gain(half_life(season, 60.0, 26.0))),
        )
        #: Of the first two visits, and later.
        self._ratio = (half_life(season, 0.3, 0.6), half_life(season, 0.12, 0.5))
        self._slot_mean = (0.5, half_life(season, 0.25, 0.5))
        self._first_visits = 2 * season

    def follow(
        self,
        state: array[float],
        y: float,
        slot: int,
        row: Sequence[float],
        ratio: float,
        exposure: float = 1.0,
        usual_share: float = 1.0,
        sold: bool = True,
    ) -> None:
        """Learn the demand of a period.

        Parameters
        ----------
        state
            The series' array.
        y
            Demand, units, with the unseen part filled in.
        slot, row
            Of the period.
        ratio
            Of the slot, its category's if the series has none of its own.
        exposure
            Share of the period that was seen.
        usual_share
            Demand of a usual day over that of one of which the same is known as of this one: a promotion's lift is no
            news of the level.
        """
        layout = self._layout
        seen = state[SEEN] + 1.0
        state[SEEN] = seen
        share = 1.0 / seen
        age = state[LEVEL_AGE] + 1.0
        state[LEVEL_AGE] = age
        fresh = 1.0 / age
        late = seen > self._first_visits
        if exposure >= _SEEN_WHOLE or seen == 1.0:
            # Yardsticks are made of what was seen: filled in, the naive would look worse than it is.
            self._follow_differences(state, y, state[layout.last + slot])
            state[layout.last + slot] = state[NEWEST] = y
        mid = state[MID]
        scale = state[SCALE]
        state[SCALE] = scale + (fresh if fresh > self._scale else self._scale) * (y - scale)
        for place, usual_gain in self._levels:
            level = state[place]
            # Dividing by a small ratio would blow up the noise of a slot that hardly sells.
            moved = y - ratio * level if ratio < 1.0 else y / ratio - level
            state[place] = level + (fresh if fresh > usual_gain else usual_gain) * moved
        if mid > 0.0 and layout.answers_known:
            self._follow_pattern(state, min(y / mid, _LARGEST_RATIO), layout.pattern + slot, late)
        # A promotion's lift is no news of the slot; of the level it may be, so that learns demand as it was.
        y *= usual_share
        if mid > 0.0 and layout.season > 1:
            wanted = y / mid
            step = self._ratio[late]
            ratio += step * ((wanted if wanted < _LARGEST_RATIO else _LARGEST_RATIO) - ratio)
            state[layout.ratio + slot] = ratio if ratio > _SMALLEST_RATIO else _SMALLEST_RATIO
        step = self._slot_mean[late]
        mean = state[layout.slot_mean + slot]
        state[layout.slot_mean + slot] = y if mean < 0.0 else mean + step * (y - mean)
        # Demand that was only filled in is no sale; that nothing sold says as much as was seen.
        self._follow_sales(state, y if sold else 0.0, 1.0 if sold else exposure, share)
        if row and layout.known:
            self._follow_columns(state, slot, row, share if share > self._usual else self._usual, step)

    def _follow_pattern(self, state: array[float], wanted: float, place: int, late: bool) -> None:
        ratio = state[place]
        ratio = wanted if ratio < 0.0 else ratio + self._ratio[late] * (wanted - ratio)
        state[place] = ratio if ratio > _SMALLEST_RATIO else _SMALLEST_RATIO

    def _follow_differences(self, state: array[float], y: float, last: float) -> None:
        """Keep the yardsticks: mean absolute and squared difference between a slot and its last time."""
        if last < 0.0:
            return
        seen = state[DIFFERENCES] + 1.0
        state[DIFFERENCES] = seen
        difference = abs(y - last)
        state[MEAN_ABSOLUTE] += (difference - state[MEAN_ABSOLUTE]) / seen
        state[MEAN_SQUARE] += (difference * difference - state[MEAN_SQUARE]) / seen

    def _follow_sales(self, state: array[float], y: float, weight: float, share: float) -> None:
        sold = 1.0 if y > 0.0 else 0.0
        state[SHARE] += weight * (share if share > _TSB_GAIN else _TSB_GAIN) * (sold - state[SHARE])
        state[SOLD_SHARE] += weight * (share if share > _SOLD_GAIN else _SOLD_GAIN) * (sold - state[SOLD_SHARE])
        if sold:
            sizes = state[SIZES] + 1.0
            state[SIZES] = sizes
            state[SIZE] += weight * max(_TSB_GAIN, 1.0 / sizes) * (y - state[SIZE])

    def _follow_columns(
        self, state: array[float], slot: int, row: Sequence[float], step: float, slot_step: float
    ) -> None:
        layout = self._layout
        place, in_slot = layout.usual, layout.usual_in_slot + slot * len(layout.known)
        for i in layout.known:
            value = row[i]
            if value == value:  # not NaN
                state[place] += step * (value - state[place])
                if layout.by_slot:
                    state[in_slot] += slot_step * (value - state[in_slot])
            place += 1
            in_slot += 1

    def rest(self, state: array[float], periods: int) -> None:
        """Move all levels as so many periods without demand would, each slot in its turn."""
        layout = self._layout
        state[SHARE] *= (1.0 - _TSB_GAIN) ** periods
        state[SOLD_SHARE] *= (1.0 - _SOLD_GAIN) ** periods
        state[SCALE] *= (1.0 - self._scale) ** periods
        for place, usual_gain in self._levels:
            state[place] *= (1.0 - usual_gain) ** periods
        slots = (1.0 - self._slot_mean[1]) ** (periods / layout.season)
        for slot in range(layout.season):
            if state[layout.slot_mean + slot] > 0.0:
                state[layout.slot_mean + slot] *= slots
            if periods >= layout.season and state[layout.last + slot] > 0.0:
                state[layout.last + slot] = 0.0
        state[NEWEST] = 0.0

    def jump(self, state: array[float]) -> None:
        """Take half of the way to the fast level for the truth, and learn the rest as a young series would."""
        layout, mid, fast = self._layout, state[MID], state[FAST]
        if mid <= 0.0:
            return
        factor = math.sqrt(fast / mid)
        state[REFERENCE] = fast
        state[MID] *= factor
        state[SCALE] *= factor
        state[LEVEL_AGE] = min(state[LEVEL_AGE], _AGE_AFTER_JUMP)
        for place in range(layout.slot_mean, layout.last):
            if state[place] > 0.0:
                state[place] *= factor
