"""The five experts of a series: what each expects, and what each learns.

The one rule: the pooled ones learn before the series' own states move, with the features that the forecast was made of.

==============  ===============================================================================================
level           mid x ratio of the slot
tsb             share of periods with a sale x size of a sale
global          one weighted regression for all series of the task, on their own past alone
category        the same, and a regression of the category on what it leaves over, all columns
regression      naive level, and River's Bayesian regression of the series on what that leaves over
==============  ===============================================================================================
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np

from online_models.base import gain
from online_models.columns import Features
from online_models.least_squares import Vector
from online_models.own_regression import OwnRegression
from online_models.pool import Category
from online_models.stack_features import Floats, StackFeatures
from online_models.stack_layout import (
    CATEGORY,
    GLOBAL,
    ISSUED_RATIO,
    LEVEL,
    MID,
    NEVER,
    REGRESSION,
    SCALE,
    SEEN,
    SHARE,
    SIZE,
    TSB,
    VARIANCE,
    Layout,
)

LARGEST_TARGET = 8.0
_CLIPPED_AT_SD = 6.0
_LEAST_WEIGHT, _LARGEST_WEIGHT = 0.02, 5.0
_VARIANCE_GAIN = gain(28.0)
_HELD_EVERY = 16
"""Lessons between two looks at whether forgetting has blown up a variance."""


class StackExperts:
    """A workbench: the experts of the series whose array was read last.

    Parameters
    ----------
    layout
        Of the array.
    """

    __slots__ = ("regression", "_features", "_layout")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._features = StackFeatures(layout)
        self.regression = OwnRegression(layout.feature_names[layout.first_own :])

    def means(self, state: array[float], x: Features, ratio: float, category: Category) -> list[float]:
        """Return each expert's expected units.

        Parameters
        ----------
        state
            The series' array.
        x
            The period.
        ratio
            The category's, of the period's slot.
        category
            Of the series.
        """
        scale = state[SCALE]
        tsb = state[SHARE] * state[SIZE]
        if scale <= 0.0:
            return [0.0, tsb, 0.0, 0.0, 0.0]
        layout = self._layout
        own = state[layout.ratio + x.slot]
        row = self._features.one(state, x, ratio)
        shared = category.common.model.predict(row[: layout.own_width])
        pooled = shared + category.model.predict(row)
        regressed = self._base(row) + self.regression.predict(row[layout.first_own :])
        level = state[MID] * (own if own >= 0.0 else ratio)
        return [level, tsb, scale * _held(shared), scale * _held(pooled), scale * _held(regressed)]

    def _base(self, row: Vector) -> float:
        """Return the naive level that the series' own regression starts from, in scales."""
        return 0.5 * float(row[self._layout.shaped] + row[self._layout.slot_expectation])

    def horizon(
        self,
        state: array[float],
        numbers: Floats,
        xs: Sequence[Features],
        weights: Sequence[float],
        category: Category,
    ) -> list[float]:
        """Return the weighted mean of the experts for several periods, seen from now.

        Parameters
        ----------
        state, numbers
            The series' array, and numpy's view of it.
        xs
            The periods.
        weights
            Of the experts.
        category
            Of the series.
        """
        scale = state[SCALE]
        tsb = weights[TSB] * state[SHARE] * state[SIZE]
        if scale <= 0.0 or weights[TSB] >= 1.0:
            return [tsb] * len(xs)
        rows = self._features.many(numbers, xs, category)
        layout = self._layout
        shaped = rows[:, layout.shaped]
        shared = rows[:, : layout.own_width] @ category.common.model.theta
        pooled = shared + rows @ category.model.theta
        base = 0.5 * (shaped + rows[:, layout.slot_expectation])
        regressed = base + rows[:, layout.first_own :] @ self.regression.coefficients
        held = np.minimum(np.maximum((shaped, shared, pooled, regressed), 0.0), LARGEST_TARGET)
        total = (weights[LEVEL], weights[GLOBAL], weights[CATEGORY], weights[REGRESSION]) @ held
        means: list[float] = (scale * total + tsb).tolist()
        return means

    def learn(self, state: array[float], y: float, x: Features, category: Category, period: int, weight: float) -> None:
        """Teach the regressions a period; the series must have a scale.

        Parameters
        ----------
        state
            The series' array.
        y
            Demand, units.
        x
            The period.
        category
            Of the series.
        period
            Its ordinal.
        weight
            Share of the period that was seen.
        """
        layout = self._layout
        common = category.common
        common.count(period)
        category.count(period)
        scale = state[SCALE]
        # The ratio of the forecast's day: today's may know already what happened today in other stores.
        ratio = state[ISSUED_RATIO] if state[ISSUED_RATIO] != NEVER else category.ratio(x.slot)
        row = self._features.one(state, x, ratio)
        own = row[: layout.own_width]
        target = min(y / scale, LARGEST_TARGET)
        error = target - common.model.predict(own)
        left = error - category.model.predict(row)
        variance = state[VARIANCE]
        case, clip = weight, LARGEST_TARGET
        if variance > 0.0:
            case *= min(max(common.variance / variance, _LEAST_WEIGHT), _LARGEST_WEIGHT)
            clip = _CLIPPED_AT_SD * math.sqrt(variance)
        common.model.learn(own, _within(error, clip), case, common.forgetting(), common.seen % _HELD_EVERY == 0)
        category.model.learn(row, _within(left, clip), case, category.forgetting(), category.seen % _HELD_EVERY == 0)
        mine = row[layout.first_own :]
        learned = self.regression.predict(mine)
        surprise = target - self._base(row) - learned
        self.regression.learn(mine, learned + _within(surprise, clip), weight, state[SEEN] % _HELD_EVERY == 0)
        mid = state[MID]
        category.learn_level(x.slot, target, min(mid / scale, LARGEST_TARGET), mid)
        squared = min(left * left, clip * clip)
        step = weight * max(_VARIANCE_GAIN, 1.0 / state[SEEN])
        state[VARIANCE] = variance + step * (squared - variance) if variance > 0.0 else squared
        common.note_variance(state[VARIANCE])


def _held(value: float) -> float:
    return 0.0 if value < 0.0 else value if value < LARGEST_TARGET else LARGEST_TARGET


def _within(value: float, limit: float) -> float:
    return -limit if value < -limit else value if value < limit else limit
