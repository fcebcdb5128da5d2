"""One series' stack: five cheap experts, weighed by their recent errors, with a calibrated distribution around them.

Why: no single expert wins everywhere; their weighted mean is never far from the best. The one rule: a period is scored
with the forecast that was *issued* before it, never with one worked out again: by the time a period is closed, other
series may have taught the pool what happened in it.

::

    close(y, x) ── issued? ── score: losses, dispersion, levels, drift        issue(x of the next period)
                                │                                                  ▲
                                ▼                                                  │
                   learn: pool (G, C), own regression (L), levels, slots ──────────┘

    seen in part (exposure e)    y' = y + (1 - e) x mean, learnt with weight e; below 0.02 nothing is learnt
                                 experts, dispersion and drift are judged only above 0.5
    sells in < half of periods   only TSB, global and category speak
    hardly sells any more        TSB alone speaks, and nothing is taught to the pool
"""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Sequence
from struct import Struct, error
from typing import NamedTuple

import numpy as np

from online_models import counts
from online_models.base import gain
from online_models.columns import COLUMNS, Column, Features
from online_models.conformal import GAMMA, HIGHEST, LOWEST, NOMINAL, CalibratedDistribution, kept_shares
from online_models.drift import DriftFinding, LikelihoodCusum
from online_models.own_regression import OwnRegression
from online_models.pool import Category
from online_models.slot_level import half_life
from online_models.stack_features import StackFeatures
from online_models.stack_layout import (
    CATEGORY,
    DIFFERENCES,
    ERRORS,
    EXCESS,
    FAST,
    GLOBAL,
    GRAIN_THOUSANDTHS,
    ISSUED_DISPERSION,
    ISSUED_MEAN,
    ISSUED_NAIVE,
    ISSUED_RATIO,
    LEVEL,
    LOSS_SEEN,
    MEAN_ABSOLUTE,
    MEAN_SQUARE,
    MID,
    NEVER,
    NEWEST,
    REFERENCE,
    REGRESSION,
    SCALE,
    SEEN,
    SHARE,
    SIZE,
    SIZES,
    SOLD_SHARE,
    SQUARE,
    TSB,
    VARIANCE,
    layout_of,
)
from online_models.weights import expert_weights, shrunk
from schemas.errors import StateCorrupt

DRIFT_WARM_UP_PERIODS = 14
FORECAST_THRESHOLD, REFERENCE_THRESHOLD = 5.0, 6.0
_MAGIC = b"DS"
_PREFIX = Struct("<2sHI")
_CHECKSUM = Struct("<I")
_LARGEST_TARGET = 8.0
_LEAST_EXPOSURE, _JUDGED_EXPOSURE = 0.02, 0.5
_INTERMITTENT_BELOW = 0.5
_HARDLY_SELLS, _DORMANT = 0.02, 0.002
_KEEP_LOSS = 1.0 - gain(21.0)
_KEEP_SPREAD = 1.0 - gain(28.0)
_VARIANCE_GAIN = gain(28.0)
_SOLD_GAIN = gain(21.0)
_TSB_GAIN = 0.1
_SKIPPED_ERRORS = 5
_LARGEST_IN_VARIANCES = 25.0
_LARGEST_DISPERSION = 50.0
_CLIPPED_AT_SD = 6.0
_WEIGHT_RANGE = (0.02, 5.0)
_LARGEST_RATIO, _SMALLEST_RATIO = 20.0, 0.02
_CALIBRATED_FROM_UNITS = 1.0
_PIECE = 1000


class StackForecast(NamedTuple):
    """What is expected of one period.

    Parameters
    ----------
    mean_units
        The weighted mean of the experts.
    distribution
        Of demand, around that mean, at calibrated levels.
    champion
        Name of the expert of the largest weight.
    means
        Every expert's expected units, in the order of the layout's names.
    seasonal_naive
        The yardstick's units.
    """

    mean_units: float
    distribution: CalibratedDistribution
    champion: str
    means: tuple[float, ...]
    seasonal_naive: float


class StackLesson(NamedTuple):
    """What a closed period taught.

    Parameters
    ----------
    forecast
        As issued before the period; None if none was.
    y_units
        Demand that was seen; None if unknown.
    demand_units
        Demand with the unseen part filled in; equal to `y_units` in full sight.
    lost_units
        The part filled in: demand that found no stock.
    residual
        Demand less forecast, units; None if either is unknown or too little was seen.
    standardised
        Residual in standard deviations of the forecast.
    drift
        A finding, in the period that completes it.
    against
        What the finding was tested against: `forecast` or `reference` (the slow level).
    seasonal_mae, seasonal_mse
        Mean absolute and mean squared difference between a slot and its last time, over the past.
    """

    forecast: StackForecast | None
    y_units: float | None
    demand_units: float | None
    lost_units: float
    residual: float | None
    standardised: float | None
    drift: DriftFinding | None
    against: str | None
    seasonal_mae: float | None
    seasonal_mse: float | None


class SeriesStack:
    """Everything learnt about one series.

    Parameters
    ----------
    season
        Slots in a season: 7 for days, 52 for weeks, 12 for months.
    columns
        What a row of features holds.
    drift_threshold, reference_threshold
        Scores that a finding against the forecast, or against the slow reference, must exceed. Settings, not state.

    Examples
    --------
    >>> from online_models.pool import Pool
    >>> stack = SeriesStack(season=7)
    >>> dairy = Pool(stack.layout).category("dairy")
    >>> stack.issue(Features(slot=0), dairy) is None
    True
    >>> for day in range(140):
    ...     lesson = stack.close(12.0 if day % 7 < 5 else 30.0, Features(day % 7), dairy, period=day)
    ...     forecast = stack.issue(Features((day + 1) % 7), dairy)
    >>> round(forecast.mean_units)
    12
    >>> [round(units) for units in stack.horizon_means([Features(day) for day in range(7)], dairy)]
    [12, 12, 12, 12, 12, 30, 30]
    """

    __slots__ = (
        "layout", "_features", "_forecast_detector", "_gains", "_numbers", "_reference_detector", "_regression",
        "_state",
    )  # fmt: skip

    def __init__(
        self,
        season: int = 7,
        columns: tuple[Column, ...] = COLUMNS,
        drift_threshold: float = FORECAST_THRESHOLD,
        reference_threshold: float = REFERENCE_THRESHOLD,
    ) -> None:
        self.layout = layout = layout_of(season, columns)
        self._features = StackFeatures(layout)
        self._gains = _Gains(season)
        self._state = state = array("f", bytes(4 * layout.size))
        #: The same memory, for what is done on whole stretches.
        self._numbers = np.frombuffer(state, dtype=np.float32)
        state[ISSUED_MEAN] = NEVER
        state[GRAIN_THOUSANDTHS] = _PIECE
        for place, value in enumerate(NOMINAL, layout.levels):
            state[place] = value
        for place in range(layout.ratio, layout.usual):
            state[place] = NEVER
        self._start_usual()
        self._regression = OwnRegression(layout.feature_names)
        state[layout.triangle :] = array("f", self._regression.blank())
        self._open_regression()
        self._forecast_detector = LikelihoodCusum(drift_threshold)
        self._reference_detector = LikelihoodCusum(reference_threshold)

    def _start_usual(self) -> None:
        layout, state = self.layout, self._state
        for at, i in enumerate(layout.known):
            neutral = layout.columns[i].neutral
            state[layout.usual + at] = neutral
            if layout.by_slot:
                for slot in range(layout.season):
                    state[layout.usual_in_slot + slot * len(layout.known) + at] = neutral

    def _open_regression(self) -> None:
        layout, numbers = self.layout, self._numbers
        self._regression.read(numbers[layout.eta : layout.triangle], numbers[layout.triangle :])

    # --- what is known ----------------------------------------------------------------------------------------

    @property
    def observed(self) -> int:
        """Periods learnt."""
        return int(self._state[SEEN])

    @property
    def share_sold(self) -> float:
        """Discounted share of periods with a sale."""
        return self._state[SOLD_SHARE] if self._state[SEEN] else 1.0

    @property
    def grain(self) -> float:
        """The step in which the series sells, units, 1 at most."""
        return self._state[GRAIN_THOUSANDTHS] / _PIECE

    @property
    def dispersion(self) -> float:
        """Excess of the scatter over Poisson, as in the forecast that is out; 0 where none is."""
        return self._state[ISSUED_DISPERSION]

    @property
    def levels(self) -> tuple[float, ...]:
        """Calibrated level of each of the nominal ones, ascending."""
        return tuple(self._state[self.layout.levels : self.layout.ratio])

    @property
    def issued(self) -> StackForecast | None:
        """The forecast that is out for the next period; None if none is."""
        state, layout = self._state, self.layout
        mean = state[ISSUED_MEAN]
        if mean < 0.0:
            return None
        dispersion = state[ISSUED_DISPERSION]
        levels = self.levels if mean >= _CALIBRATED_FROM_UNITS * self.grain else NOMINAL
        means = tuple(state[layout.means : layout.losses])
        champion = layout.names[min(self._allowed(), key=self._losses().__getitem__)]
        distribution = CalibratedDistribution(mean, dispersion, self.grain, levels)
        return StackForecast(mean, distribution, champion, means, state[ISSUED_NAIVE])

    def _losses(self) -> array[float]:
        return self._state[self.layout.losses : self.layout.levels]

    def _allowed(self) -> Sequence[int]:
        share = self._state[SHARE]
        if share >= _INTERMITTENT_BELOW:
            return self.layout.every
        return self.layout.intermittent if share >= _HARDLY_SELLS else (TSB,)

    # --- forecasting ------------------------------------------------------------------------------------------

    def issue(self, x: Features, category: Category) -> StackForecast | None:
        """Forecast the next period, and keep the forecast: it is the one that will be scored.

        Parameters
        ----------
        x
            What is known of it.
        category
            Of the series.

        Returns
        -------
        StackForecast or None
            None before the first observation.
        """
        state, layout = self._state, self.layout
        if not state[SEEN]:
            return None
        ratio = category.ratio(x.slot)
        means = self._means(x, category, ratio)
        mean = sum([w * m for w, m in zip(self._weights(category), means, strict=True)])
        for place, value in enumerate(means, layout.means):
            state[place] = value
        state[ISSUED_MEAN] = mean
        state[ISSUED_RATIO] = ratio
        state[ISSUED_DISPERSION] = self._spread(category)
        last = state[layout.last + x.slot]
        state[ISSUED_NAIVE] = last if last >= 0.0 else state[NEWEST]
        return self.issued

    def horizon_means(self, xs: Sequence[Features], category: Category) -> list[float] | None:
        """Expected units of each of several coming periods, all seen from now.

        Parameters
        ----------
        xs
            One per period. Equal ones are forecast once, so a month of days without news costs a week.
        category
            Of the series.

        Returns
        -------
        list or None
            None before the first observation.
        """
        state = self._state
        if not state[SEEN]:
            return None
        place: dict[Features, int] = {}
        for x in xs:
            place.setdefault(x, len(place))
        means = self._horizon(list(place), category)
        return [means[place[x]] for x in xs]

    def _horizon(self, xs: Sequence[Features], category: Category) -> list[float]:
        state, layout = self._state, self.layout
        weights = self._weights(category)
        tsb = state[SHARE] * state[SIZE]
        scale = state[SCALE]
        if scale <= 0.0:
            return [0.0] * len(xs)
        if weights[TSB] >= 1.0:
            return [tsb] * len(xs)
        rows = self._features.many(state, xs, category)
        own = rows[:, : layout.own_width]
        shared = own @ category.common.model.theta
        pooled = shared + rows @ category.model.theta
        base = 0.5 * (rows[:, 3] + rows[:, 4])
        regressed = base + rows @ self._regression.coefficients
        high = _LARGEST_TARGET
        total = (
            weights[LEVEL] * rows[:, 3]
            + weights[GLOBAL] * np.clip(shared, 0.0, high)
            + weights[CATEGORY] * np.clip(pooled, 0.0, high)
            + weights[REGRESSION] * np.clip(regressed, 0.0, high)
        )
        means: list[float] = (scale * total + weights[TSB] * tsb).tolist()
        return means

    def cold_start(self, slot: int, category: Category) -> float | None:
        """Expected units of a series that was never observed: what is typical of its category; None if nothing is."""
        level = category.level
        return level * category.ratio(slot) if level > 0.0 else None

    def _means(self, x: Features, category: Category, ratio: float) -> list[float]:
        state = self._state
        scale = state[SCALE]
        tsb = state[SHARE] * state[SIZE]
        if scale <= 0.0:
            return [0.0, tsb, 0.0, 0.0, 0.0]
        own = state[self.layout.ratio + x.slot]
        level = state[MID] * (own if own >= 0.0 else ratio)
        row = self._features.one(state, x, ratio)
        shared = category.common.model.predict(row[: self.layout.own_width])
        pooled = shared + category.model.predict(row)
        regressed = 0.5 * float(row[3] + row[4]) + self._regression.predict(row)
        return [level, tsb, scale * _held(shared), scale * _held(pooled), scale * _held(regressed)]

    def _weights(self, category: Category) -> list[float]:
        allowed = self._allowed()
        if len(allowed) == 1:
            return [float(k == allowed[0]) for k in self.layout.every]
        losses = shrunk(self._losses(), self._state[LOSS_SEEN], category.losses, category.loss_seen)
        return expert_weights(losses, allowed)

    def _spread(self, category: Category) -> float:
        """Dispersion: the series' own moments and one observation of its category."""
        state = self._state
        square = max(state[SCALE], 1e-9) ** 2
        value = (state[EXCESS] + category.dispersion * square) / (state[SQUARE] + square)
        return min(max(value, 0.0), _LARGEST_DISPERSION)

    # --- learning ---------------------------------------------------------------------------------------------

    def close(
        self, y_units: float | None, x: Features, category: Category, period: int, exposure: float = 1.0
    ) -> StackLesson:
        """Score and learn a period that is over. The forecast that was out for it is spent.

        Parameters
        ----------
        y_units
            What was sold; None if unknown. Net of voids it may be negative and then counts as 0.
        x
            What was known of it beforehand, slot included.
        category
            Of the series.
        period
            Its ordinal.
        exposure
            Share of the period's usual demand that could be seen, 0 .. 1.

        Returns
        -------
        StackLesson
            With the forecast as it was issued.

        Raises
        ------
        ValueError
            Demand that is not a finite number.
        """
        state = self._state
        issued = self.issued
        seen = state[DIFFERENCES]
        yardsticks = (state[MEAN_ABSOLUTE], state[MEAN_SQUARE]) if seen else (None, None)
        if y_units is None:
            state[ISSUED_MEAN] = NEVER
            return StackLesson(issued, None, None, 0.0, None, None, None, None, *yardsticks)
        if not math.isfinite(y_units):
            raise ValueError(f"demand must be a finite number of units, not {y_units}")
        y = float(y_units) if y_units > 0.0 else 0.0
        exposure = min(max(exposure, 0.0), 1.0)
        lost = (1.0 - exposure) * issued.mean_units if issued else 0.0
        demand = y + lost
        state[GRAIN_THOUSANDTHS] = math.gcd(round(y * _PIECE), int(state[GRAIN_THOUSANDTHS]))
        residual = standardised = finding = against = None
        if issued is not None and exposure > _JUDGED_EXPOSURE:
            residual = demand - issued.mean_units
            variance = issued.distribution.variance
            standardised = residual / math.sqrt(variance) if variance > 0.0 else None
            finding, against = self._judge(demand, issued, category)
        if exposure >= _LEAST_EXPOSURE and (issued or exposure > _JUDGED_EXPOSURE):
            self._learn(demand, x, category, period, exposure)
        state[ISSUED_MEAN] = NEVER
        return StackLesson(
            issued, y, demand, lost, residual, standardised, finding, against, *yardsticks
        )

    def _judge(
        self, y: float, issued: StackForecast, category: Category
    ) -> tuple[DriftFinding | None, str | None]:
        """Score the forecast that was issued: drift, levels, losses, dispersion."""
        state = self._state
        finding, against = None, None
        mean, dispersion = issued.mean_units, issued.distribution.dispersion
        if state[SEEN] >= DRIFT_WARM_UP_PERIODS:
            mid = state[MID]
            slow = mean * state[REFERENCE] / mid if mid > 0.0 else mean
            finding = self._forecast_detector.update(y, mean, dispersion)
            slowly = self._reference_detector.update(y, slow, dispersion)
            if finding is not None:
                against = "forecast"
                self._reference_detector.rest()
            elif slowly is not None:
                finding, against = slowly, "reference"
                self._forecast_detector.rest()
        scale = state[SCALE]
        if scale > 0.0:
            self._score(y, issued.means, scale, category)
            self._learn_spread(y - mean, issued.distribution, scale, category)
        if mean >= _CALIBRATED_FROM_UNITS * issued.distribution.grain:
            self._calibrate(y, issued.distribution)
        return finding, against

    def _score(self, y: float, means: Sequence[float], scale: float, category: Category) -> None:
        state, layout = self._state, self.layout
        errors = [abs(y - mean) / scale for mean in means]
        state[LOSS_SEEN] = weight = _KEEP_LOSS * state[LOSS_SEEN] + 1.0
        step = 1.0 / weight
        for place, loss in enumerate(errors, layout.losses):
            state[place] += step * (loss - state[place])
        if state[SHARE] >= _HARDLY_SELLS:
            category.learn_losses(errors)

    def _learn_spread(
        self, residual: float, issued: CalibratedDistribution, scale: float, category: Category
    ) -> None:
        state, mean = self._state, issued.mean_units
        state[ERRORS] += 1.0
        if state[ERRORS] <= _SKIPPED_ERRORS or mean <= 0.0:
            return
        square = mean * mean
        # A mean near zero would cap every error to nothing; one squared grain is always allowed to count.
        cap = _LARGEST_IN_VARIANCES * max(issued.variance, issued.grain * issued.grain)
        excess = min(residual * residual, cap) - issued.grain * mean
        state[EXCESS] = _KEEP_SPREAD * state[EXCESS] + excess
        state[SQUARE] = _KEEP_SPREAD * state[SQUARE] + square
        category.learn_dispersion(excess / (scale * scale), square / (scale * scale))

    def _calibrate(self, y: float, distribution: CalibratedDistribution) -> None:
        state, first = self._state, self.layout.levels
        steps, mean = distribution.steps(y), distribution.mean_units / distribution.grain
        at_most = counts.cdf(steps, mean, distribution.dispersion)
        below = counts.cdf(steps - 1.0, mean, distribution.dispersion)
        levels = state[first : first + len(NOMINAL)]
        low = LOWEST
        for place, nominal, level, kept in zip(
            range(first, self.layout.ratio), NOMINAL, levels, kept_shares(levels, below, at_most), strict=True
        ):
            # Levels never cross: each is held at or above the one before it.
            low = min(max(level + GAMMA * (nominal - kept), low), HIGHEST)
            state[place] = low

    def _learn(self, y: float, x: Features, category: Category, period: int, weight: float) -> None:
        state = self._state
        if state[SEEN] and state[SCALE] > 0.0 and (y > 0.0 or state[SHARE] >= _DORMANT):
            self._regress(y, x, category, period, weight)
        self._follow(y, x, category, weight)

    def _regress(self, y: float, x: Features, category: Category, period: int, weight: float) -> None:
        """Teach the regressions."""
        state, layout = self._state, self.layout
        scale = state[SCALE]
        common = category.common
        common.count(period)
        category.count(period)
        ratio = state[ISSUED_RATIO] if state[ISSUED_MEAN] >= 0.0 else category.ratio(x.slot)
        row = self._features.one(state, x, ratio)
        own = row[: layout.own_width]
        target = min(y / scale, _LARGEST_TARGET)
        error = target - common.model.predict(own)
        left = error - category.model.predict(row)
        variance = state[VARIANCE]
        if variance > 0.0:
            usual = common.variance / variance
            case = weight * min(max(usual, _WEIGHT_RANGE[0]), _WEIGHT_RANGE[1])
            clip = _CLIPPED_AT_SD * math.sqrt(variance)
        else:
            case, clip = weight, _LARGEST_TARGET
        common.model.learn(own, _within(error, clip), case, common.forgetting())
        category.model.learn(row, _within(left, clip), case, category.forgetting())
        base = 0.5 * float(row[3] + row[4])
        regressed = base + self._regression.predict(row)
        self._regression.learn(row, regressed + _within(target - regressed, clip) - base, weight)
        category.learn_level(x.slot, target, min(state[MID] / scale, _LARGEST_TARGET), state[MID])
        step = weight * max(_VARIANCE_GAIN, 1.0 / state[SEEN])
        squared = min(left * left, clip * clip)
        state[VARIANCE] = variance + step * (squared - variance) if variance > 0.0 else squared
        common.note_variance(state[VARIANCE])

    def _follow(self, y: float, x: Features, category: Category, weight: float) -> None:
        """Move levels, slots and usual values."""
        state, layout, gains = self._state, self.layout, self._gains
        slot, row = x
        seen = state[SEEN] + 1.0
        state[SEEN] = seen
        first = seen <= 2 * layout.season
        share = 1.0 / seen
        last = state[layout.last + slot]
        if last >= 0.0:
            state[DIFFERENCES] += 1.0
            step, difference = 1.0 / state[DIFFERENCES], y - last
            state[MEAN_ABSOLUTE] += step * (abs(difference) - state[MEAN_ABSOLUTE])
            state[MEAN_SQUARE] += step * (difference * difference - state[MEAN_SQUARE])
        state[layout.last + slot] = state[NEWEST] = y
        mid = state[MID]
        ratio = state[layout.ratio + slot]
        if ratio < 0.0:
            ratio = category.ratio(slot)
        state[SCALE] += weight * max(gains.scale, share) * (y - state[SCALE])
        for place, usual_gain in ((MID, gains.mid), (FAST, gains.fast), (REFERENCE, gains.reference)):
            level = state[place]
            moved = y - ratio * level if ratio < 1.0 else y / ratio - level
            state[place] = level + weight * max(usual_gain, share) * moved
        if mid > 0.0 and layout.season > 1:
            wanted = min(y / mid, _LARGEST_RATIO)
            step = weight * (gains.ratio_first if first else gains.ratio)
            state[layout.ratio + slot] = max(ratio + step * (wanted - ratio), _SMALLEST_RATIO)
        mean = state[layout.slot_mean + slot]
        step = weight * (gains.slot_mean_first if first else gains.slot_mean)
        state[layout.slot_mean + slot] = y if mean < 0.0 else mean + step * (y - mean)
        self._follow_sales(y, weight, share)
        if row:
            self._follow_columns(slot, row, weight, share, first)

    def _follow_sales(self, y: float, weight: float, share: float) -> None:
        state = self._state
        sold = 1.0 if y > 0.0 else 0.0
        state[SHARE] += weight * max(_TSB_GAIN, share) * (sold - state[SHARE])
        state[SOLD_SHARE] += weight * max(_SOLD_GAIN, share) * (sold - state[SOLD_SHARE])
        if sold:
            state[SIZES] += 1.0
            state[SIZE] += weight * max(_TSB_GAIN, 1.0 / state[SIZES]) * (y - state[SIZE])

    def _follow_columns(self, slot: int, row: Sequence[float], weight: float, share: float, first: bool) -> None:
        state, layout, gains = self._state, self.layout, self._gains
        step = weight * max(gains.mid, share)
        slot_step = weight * (gains.slot_mean_first if first else gains.slot_mean)
        in_slot = layout.usual_in_slot + slot * len(layout.known)
        for at, i in enumerate(layout.known):
            value = row[i]
            if value != value:
                continue
            place = layout.usual + at
            state[place] += step * (value - state[place])
            if layout.by_slot:
                place = in_slot + at
                state[place] += slot_step * (value - state[place])

    # --- storing ----------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """The whole state, with a version and a checksum."""
        detectors = self._forecast_detector.encode() + self._reference_detector.encode()
        body = _PREFIX.pack(_MAGIC, self.layout.season, self.layout.signature) + detectors + self._state.tobytes()
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def restore(self, state: bytes) -> None:
        """Become the stack that wrote `state`, keeping this object: a host reads one series after another into it.

        Parameters
        ----------
        state
            What `encode` wrote, for the same season and columns.

        Raises
        ------
        StateCorrupt
            Cut off or altered, of another format, of another season or other columns.
        """
        at = _PREFIX.size
        detector = LikelihoodCusum.SIZE
        if len(state) != at + 2 * detector + 4 * self.layout.size + _CHECKSUM.size:
            raise StateCorrupt(f"a series' state of {len(state)} bytes is cut off, or of other features.")
        if zlib.crc32(memoryview(state)[: -_CHECKSUM.size]) != _CHECKSUM.unpack_from(state, len(state) - 4)[0]:
            raise StateCorrupt("a series' state fails its checksum.")
        if _PREFIX.unpack_from(state) != (_MAGIC, self.layout.season, self.layout.signature):
            raise StateCorrupt("a series' state was written by another version or for other features.")
        try:
            self._forecast_detector.restore(state[at : at + detector])
            self._reference_detector.restore(state[at + detector : at + 2 * detector])
        except (error, ValueError) as broken:
            raise StateCorrupt(f"a series' state does not read: {broken}") from broken
        self._numbers[:] = np.frombuffer(state, np.float32, self.layout.size, at + 2 * detector)
        self._open_regression()


def _held(value: float) -> float:
    return 0.0 if value < 0.0 else value if value < _LARGEST_TARGET else _LARGEST_TARGET


def _within(value: float, limit: float) -> float:
    return -limit if value < -limit else value if value < limit else limit


class _Gains:
    """Steps of the levels for one season."""

    def __init__(self, season: int) -> None:
        self.scale = gain(half_life(season, 63.0, 26.0))
        self.mid = gain(half_life(season, 21.0, 8.0))
        self.fast = gain(half_life(season, 5.0, 3.0))
        self.reference = gain(half_life(season, 60.0, 26.0))
        self.ratio, self.ratio_first = half_life(season, 0.12, 0.5), half_life(season, 0.3, 0.6)
        self.slot_mean, self.slot_mean_first = half_life(season, 0.25, 0.5), 0.5
