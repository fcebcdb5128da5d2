"""A River pipeline on the features: Bayesian linear regression of what the naive level leaves unexplained.

Why: promotions, prices, holidays and lags move demand in ways that no level can follow. The one rule: the regression
learns the *residual* of a naive level, in units of the series' scale. Its prior mean is zero, so a short history leaves
the naive level as it is instead of shrinking demand to nothing.

::

    (y - base) / scale  ~  Clip | BayesianLinearRegression(smoothing=None)      base = (level * ratio + slot mean) / 2

Traps, all seen on real data: a scaler with stochastic gradient descent diverges on lag features; `smoothing` weighs
each point by `(1 - smoothing) * beta`, so the prior swamps the data; River's `alpha` sets the prior covariance to
`1 / alpha`.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from functools import lru_cache
from struct import Struct
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from river import compose, linear_model

from online_models.base import Expert, gain
from online_models.clip import Clip
from online_models.columns import COLUMNS, Column
from online_models.slot_level import SlotLevel, half_life

_HEAD = Struct("<dd")
_OWN = ("intercept", "level", "slot_mean", "trend")
_NEVER = -1.0
_LARGEST = 8.0
_SLOT_MEAN_GAIN, _SLOT_MEAN_GAIN_FIRST = 0.25, 0.5


class Regression(Expert):
    """Bayesian linear regression on the features, per series.

    Parameters
    ----------
    season
        Number of slots.
    columns
        What a row holds.
    alpha, beta
        River's prior precision and noise precision; the target is in units of the series' scale.

    Notes
    -----
    Columns in units enter as distance from the level, others as distance from their own running mean: a promotion that
    always runs is part of the level and explains nothing.

    References
    ----------
    Bishop (2006), *Pattern Recognition and Machine Learning*, section 3.3.

    Examples
    --------
    Demand is 10, and 30 under promotion, every third period:

    >>> model = Regression(season=1)
    >>> for period in range(300):
    ...     promotion = float(period % 3 == 0)
    ...     model.learn_one(10.0 + 20.0 * promotion, {"promotion": promotion})
    >>> with_promotion, without = model.forecast(2, [{"promotion": 1.0}, {"promotion": 0.0}])
    >>> round(with_promotion), round(without)
    (30, 10)
    """

    name: ClassVar[str] = "regression"

    def __init__(
        self, season: int = 7, columns: tuple[Column, ...] = COLUMNS, alpha: float = 2.0, beta: float = 1.0
    ) -> None:
        self.season = season
        self.columns = columns
        self.alpha = alpha
        self.beta = beta
        self._level = SlotLevel(season)
        self._fast = 0.0
        self._scale = 0.0
        self._slot_mean = array("f", [_NEVER]) * season
        self._usual = array("f", [column.neutral for column in columns])
        self._layout = _layout(columns)
        self._pipeline = self._make_pipeline()
        self._fast_gain = gain(half_life(season, 5.0, 3.0))
        self._scale_gain = gain(half_life(season, 63.0, 26.0))
        self._usual_gain = gain(half_life(season, 21.0, 8.0))

    @property
    def seen(self) -> int:  # type: ignore[override]
        """Observations learnt."""
        return self._level.seen

    def mean(self, slot: int, row: Sequence[float] = ()) -> float | None:
        if not self._level.seen:
            return None
        base, x = self._inputs(slot, row)
        if x is None:
            return base
        scale = self._scale
        mean = base + scale * float(self._pipeline.predict_one(x))
        return min(max(mean, 0.0), _LARGEST * scale)

    def learn(self, y: float, slot: int, row: Sequence[float] = ()) -> None:
        if self._level.seen:
            base, x = self._inputs(slot, row)
            if x is not None:
                scale = self._scale
                self._pipeline.learn_one(x, min(y / scale, _LARGEST) - base / scale)
                # Two sides of one matrix differ in their last bits; only one side is stored.
                covariance = self._regressor._ss_inv_arr
                covariance += covariance.T
                covariance *= 0.5
        self._follow(y, slot, row)

    def encode(self) -> bytes:
        regressor = self._regressor
        return b"".join(
            (
                _HEAD.pack(self._fast, self._scale),
                self._level.encode(),
                self._slot_mean.tobytes(),
                self._usual.tobytes(),
                regressor._eta_arr.tobytes(),
                regressor._ss_inv_arr.ravel()[self._layout.triangle].tobytes(),
            )
        )

    def restore(self, state: bytes) -> None:
        self._fast, self._scale = _HEAD.unpack_from(state)
        at = _HEAD.size
        ends = (SlotLevel.size(self.season), 4 * self.season, 4 * len(self.columns), 8 * self._layout.width)
        level, slot_mean, usual, eta = (state[(at := at + n) - n : at] for n in ends)
        self._level.restore(level)
        self._slot_mean = array("f", slot_mean)
        self._usual = array("f", usual)
        regressor = self._regressor
        regressor._eta_arr = np.frombuffer(eta).copy()
        regressor._ss_inv_arr = self._layout.square(np.frombuffer(state, offset=at))
        regressor._m_dirty = True

    @property
    def _regressor(self) -> linear_model.BayesianLinearRegression:
        regressor: linear_model.BayesianLinearRegression = self._pipeline.steps["regression"]
        return regressor

    def _make_pipeline(self) -> compose.Pipeline:
        regressor = linear_model.BayesianLinearRegression(alpha=self.alpha, beta=self.beta, smoothing=None)
        # All features are named once, so that River never grows its arrays. Its precision matrix `_ss_arr` is only read
        # when it grows or learns in mini-batches; neither happens here, so it is not stored.
        layout = self._layout
        regressor._idx = layout.index.copy()
        regressor._cap = layout.width
        regressor._ss_arr = np.zeros((layout.width, layout.width))
        regressor._ss_inv_arr = np.eye(layout.width, order="F") / self.alpha
        regressor._eta_arr = np.zeros(layout.width)
        regressor._m_dirty = True
        return compose.Pipeline(("clip", Clip(limit=6.0)), ("regression", regressor))

    def _inputs(self, slot: int, row: Sequence[float]) -> tuple[float, dict[str, float] | None]:
        """The naive level in units, and the regression's features; no features while nothing was ever sold."""
        level, ratio = self._level.level, self._level.ratio[slot]
        shaped = level * ratio
        slot_mean = self._slot_mean[slot]
        if slot_mean < 0.0:
            slot_mean = level
        base = 0.5 * (shaped + slot_mean)
        scale = self._scale
        if scale <= 0.0:
            return base, None
        values = [1.0, shaped / scale, slot_mean / scale, ratio * (self._fast - level) / scale]
        if row:
            values += [
                (value - level) / scale if in_units else value - usual
                for value, usual, in_units in zip(row, self._usual, self._layout.in_units, strict=True)
            ]
            return base, dict(zip(self._layout.names, values, strict=True))
        return base, dict(zip(_OWN, values, strict=True))

    def _follow(self, y: float, slot: int, row: Sequence[float]) -> None:
        """Move the levels, the slot's mean and the columns' running means."""
        ratio = self._level.ratio[slot]
        self._level.learn(y, slot)
        share = 1.0 / self._level.seen
        fast_step = max(self._fast_gain, share)
        self._fast += fast_step * (y - ratio * self._fast if ratio < 1.0 else y / ratio - self._fast)
        self._scale += max(self._scale_gain, share) * (y - self._scale)
        slot_mean = self._slot_mean[slot]
        if slot_mean < 0.0:
            self._slot_mean[slot] = y
        else:
            early = self._level.seen <= 3 * self.season
            self._slot_mean[slot] = slot_mean + (_SLOT_MEAN_GAIN_FIRST if early else _SLOT_MEAN_GAIN) * (y - slot_mean)
        if row:
            step, usual = max(self._usual_gain, share), self._usual
            for i in self._layout.followed:
                value = row[i]
                if value == value:  # not NaN
                    usual[i] += step * (value - usual[i])


class _Layout:
    """What follows from the columns alone, made once for all series."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.names = (*_OWN, *(column.name for column in columns))
        self.index: dict[Hashable, int] = {name: i for i, name in enumerate(self.names)}
        self.width = width = len(self.names)
        self.in_units = tuple(column.in_units for column in columns)
        self.followed = tuple(i for i, column in enumerate(columns) if not column.in_units)
        rows, cols = np.triu_indices(width)
        self.triangle = rows * width + cols
        self._place = np.zeros((width, width), dtype=np.intp)
        self._place[rows, cols] = self._place[cols, rows] = np.arange(len(rows))

    def square(self, triangle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The symmetric matrix of an upper triangle, in the memory order that River's update wants."""
        return np.asfortranarray(triangle[self._place])


@lru_cache(maxsize=16)
def _layout(columns: tuple[Column, ...]) -> _Layout:
    return _Layout(columns)
