"""How much the errors of one origin have in common: what a sum over several periods is off by.

Why: one period ahead, errors are nearly independent; seven from one origin share the error of the level that all of
them were forecast with, and demand wanders on meanwhile. Taken for independent, the sum of a fortnight is kept inside
its upper 90 % in 80 % of cases. The one rule: a run is judged with the forecast that was frozen at its origin, told
only of what is known beforehand (promotion, price, calendar), never of the demand inside the run.

::

    origin: freeze the forecast of each slot, nothing special known
    each period of the run      error += demand - (frozen + answer to what is known)
    after 14 periods            error^2 / (sum of the variances) - 1  =  level_share x (pairs)  + noise
                                kept as two discounted sums, per series and per category; the next run begins
                                (8 weeks, 6 months; a run that is hardly seen is given up)

`pairs` is what a level error of one period's variance would add to the sum, over the sum of the variances (about n - 1
for n alike periods). A series' own runs are few and each is noisy, so its share is drawn towards its category's.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from online_models.distribution import SMALLEST_MEAN
from online_models.pool import Category
from online_models.stack_layout import HARDLY_SELLS, NEVER, RUN_SCALARS, SEEN, Layout

#: Places, from the layout's `run` on; the frozen forecasts follow.
(
    RUN_SLOT, RUN_ISSUED, RUN_COUNT, RUN_AGE, RUN_ERROR, RUN_MEAN, RUN_SQUARES, RUN_DISPERSION,
    RUN_EXCESS, RUN_PAIRS, RUN_SHARE,
) = range(RUN_SCALARS)  # fmt: skip
_BEGINS_AT = 7
_KEEP = 0.95
_LARGEST_IN_VARIANCES = 16.0
_CATEGORY_PAIRS = 60.0
"""Weight of the category in a series' share: that of some six runs of a fortnight."""
LARGEST_SHARE = 1.0


class StackRun:
    """Follows the errors of one origin, in a series' array and in its category.

    Parameters
    ----------
    layout
        Of the array.
    """

    __slots__ = ("_frozen", "_layout", "_periods", "_run")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._run = layout.run
        self._frozen = layout.frozen
        self._periods = layout.run_periods

    def wants_origin(self, state: array[float]) -> bool:
        """Return whether the next forecast begins a new run; the first forecasts are those of an empty model."""
        return state[self._run + RUN_SLOT] < 0.0 and state[SEEN] >= _BEGINS_AT

    def begin(self, state: array[float], slot: int, means: Sequence[float], dispersion: float) -> None:
        """Begin a run.

        Parameters
        ----------
        state
            The series' array.
        slot
            Of its first period.
        means
            Units expected of this slot and the following ones, nothing special known; `frozen_slots` of them.
        dispersion
            Of one period.
        """
        run = self._run
        state[self._frozen : self._frozen + len(means)] = array("f", means)
        state[run + RUN_SLOT] = slot
        state[run + RUN_COUNT] = state[run + RUN_AGE] = 0.0
        state[run + RUN_ERROR] = state[run + RUN_MEAN] = state[run + RUN_SQUARES] = 0.0
        state[run + RUN_DISPERSION] = dispersion

    def issue(self, state: array[float], slot: int, answer_units: float, category: Category) -> None:
        """Keep what the run's origin says of the next period.

        Parameters
        ----------
        state
            The series' array.
        slot
            Of the period.
        answer_units
            What is added for what is known of it.
        category
            Of the series.
        """
        run = self._run
        state[run + RUN_SHARE] = self.share(state, category)
        if state[run + RUN_SLOT] < 0.0:
            return
        ahead = (slot - int(state[run + RUN_SLOT])) % self._layout.season
        if ahead >= self._layout.frozen_slots:
            # Closed periods have carried a run past the slots that were frozen.
            state[run + RUN_SLOT] = state[run + RUN_ISSUED] = NEVER
            return
        mean = state[self._frozen + ahead] + answer_units
        state[run + RUN_ISSUED] = mean if mean > 0.0 else 0.0

    def share(self, state: array[float], category: Category) -> float:
        """Return the variance of the common error over that of one period, 0 .. 1."""
        run = self._run
        theirs = category.level_share
        pairs = state[run + RUN_PAIRS] + _CATEGORY_PAIRS
        share = (state[run + RUN_EXCESS] + _CATEGORY_PAIRS * theirs) / pairs
        return min(max(share, 0.0), LARGEST_SHARE)

    def skip(self, state: array[float]) -> None:
        """Pass over a period that was not seen."""
        run = self._run
        state[run + RUN_ISSUED] = NEVER
        if state[run + RUN_SLOT] < 0.0:
            return
        state[run + RUN_AGE] += 1.0
        if state[run + RUN_AGE] > 2.0 * self._periods:
            state[run + RUN_SLOT] = NEVER

    def learn(self, state: array[float], y: float, grain: float, sold_share: float, category: Category) -> None:
        """Judge a period that is over.

        Parameters
        ----------
        state
            The series' array.
        y
            Demand, units.
        grain
            The step in which it is sold, units.
        sold_share
            Share of periods with a sale; a series as good as gone teaches its category nothing.
        category
            Of the series.
        """
        run = self._run
        mean = state[run + RUN_ISSUED]
        self.skip(state)
        if mean < 0.0 or state[run + RUN_SLOT] < 0.0:
            return
        count = state[run + RUN_COUNT] + 1.0
        state[run + RUN_COUNT] = count
        state[run + RUN_ERROR] += y - mean
        state[run + RUN_MEAN] += mean
        state[run + RUN_SQUARES] += mean * mean
        if count == self._periods:
            self._judge(state, grain, sold_share, category)
            state[run + RUN_SLOT] = NEVER

    def _judge(self, state: array[float], grain: float, sold_share: float, category: Category) -> None:
        run = self._run
        total, squares, dispersion = state[run + RUN_MEAN], state[run + RUN_SQUARES], state[run + RUN_DISPERSION]
        alone = grain * total + dispersion * squares
        if total <= SMALLEST_MEAN or alone <= 0.0:
            return
        per_period = state[run + RUN_COUNT] * grain / total + dispersion
        pairs = per_period * max(total * total - squares, 0.0) / alone
        # An error is held within what the share of now would still call an outlier.
        largest = _LARGEST_IN_VARIANCES * (1.0 + state[run + RUN_SHARE] * pairs)
        excess = min(state[run + RUN_ERROR] ** 2 / alone, largest) - 1.0
        state[run + RUN_EXCESS] = _KEEP * state[run + RUN_EXCESS] + excess
        state[run + RUN_PAIRS] = _KEEP * state[run + RUN_PAIRS] + pairs
        if sold_share >= HARDLY_SELLS:
            category.learn_level_share(excess, pairs)
