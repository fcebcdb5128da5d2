"""The five experts of a series: what each expects, and what each learns.

The one rule: the pooled ones learn before the series' own states move, with the features that the forecast was made of.

==============  ===============================================================================================
level           mid x ratio of the slot (*)
tsb             share of periods with a sale x size of a sale (*)
global          one weighted regression for all series of the task, on their own past alone (*)
category        the same, and a regression of the category on what it leaves over, all columns
regression      naive level, and River's Bayesian regression of the series on what that leaves over
==============  ===============================================================================================

(*) With the category's answer to what is known (promotion, price, calendar), in seasons up to a week: a series that
never had a promotion is still told of it by four experts of five. Ratios by week or month of the year hold last year's
promotions already.
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
    EXPERTS,
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

    def means(
        self, state: array[float], x: Features, ratio: float, category: Category
    ) -> tuple[list[float], list[float]]:
        """Return each expert's expected units, and how many of them are its answer to what is known of the period.

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
            return [0.0, tsb, 0.0, 0.0, 0.0], [0.0] * len(EXPERTS)
        layout = self._layout
        row = self._features.one(state, x, ratio)
        level = scale * float(row[layout.shaped])
        shared = category.common.model.predict(row[: layout.own_width])
        pooled = shared + category.model.predict(row)
        coefficients = self.regression.coefficients
        regressed = self._base(row) + float(coefficients @ row[layout.first_own :])
        answers = [0.0] * len(EXPERTS)
        if layout.known:
            known = row[layout.own_width :]
            answer = float(category.model.theta[layout.own_width :] @ known)
            mine = float(coefficients[layout.own_width - layout.first_own :] @ known)
            if layout.answers_known:
                units = scale * answer
                shared += answer
                level = max(level + units, 0.0)
                tsb = max(tsb + units * state[SHARE], 0.0)
                answers = [units, units * state[SHARE], units, units, scale * mine]
            else:
                answers = [0.0, 0.0, 0.0, scale * answer, scale * mine]
        return [level, tsb, scale * _held(shared), scale * _held(pooled), scale * _held(regressed)], answers

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
        tsb = state[SHARE] * state[SIZE]
        layout = self._layout
        if scale <= 0.0:
            return [weights[TSB] * tsb] * len(xs)
        rows = self._features.many(numbers, xs, category)
        theta = category.model.theta
        base = 0.5 * (rows[:, layout.shaped] + rows[:, layout.slot_expectation])
        means = np.empty((len(EXPERTS), len(xs)))
        means[LEVEL] = rows[:, layout.shaped]
        means[TSB] = tsb / scale
        means[GLOBAL] = rows[:, : layout.own_width] @ category.common.model.theta
        means[CATEGORY] = means[GLOBAL] + rows @ theta
        means[REGRESSION] = base + rows[:, layout.first_own :] @ self.regression.coefficients
        if layout.answers_known:
            answer = rows[:, layout.own_width :] @ theta[layout.own_width :]
            means[GLOBAL] += answer
            means[LEVEL] += answer
            means[TSB] += answer * state[SHARE]
        np.maximum(means, 0.0, out=means)
        np.minimum(means[GLOBAL:], LARGEST_TARGET, out=means[GLOBAL:])
        found: list[float] = ((scale * np.array(weights[: len(EXPERTS)])) @ means).tolist()
        return found

    def learn(self, state: array[float], y: float, x: Features, category: Category, period: int) -> None:
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
        case, clip = 1.0, LARGEST_TARGET
        if variance > 0.0:
            case = min(max(common.variance / variance, _LEAST_WEIGHT), _LARGEST_WEIGHT)
            clip = _CLIPPED_AT_SD * math.sqrt(variance)
        common.model.learn(own, _within(error, clip), case, common.forgetting(), common.seen % _HELD_EVERY == 0)
        category.model.learn(row, _within(left, clip), case, category.forgetting(), category.seen % _HELD_EVERY == 0)
        mine = row[layout.first_own :]
        learned = self.regression.predict(mine)
        surprise = target - self._base(row) - learned
        self.regression.learn(mine, learned + _within(surprise, clip), 1.0, state[SEEN] % _HELD_EVERY == 0)
        mid = state[MID]
        category.learn_level(x.slot, target, min(mid / scale, LARGEST_TARGET), mid)
        squared = min(left * left, clip * clip)
        step = max(_VARIANCE_GAIN, 1.0 / state[SEEN])
        state[VARIANCE] = variance + step * (squared - variance) if variance > 0.0 else squared
        common.note_variance(state[VARIANCE])


def _held(value: float) -> float:
    return 0.0 if value < 0.0 else value if value < LARGEST_TARGET else LARGEST_TARGET


def _within(value: float, limit: float) -> float:
    return -limit if value < -limit else value if value < limit else limit
