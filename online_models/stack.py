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

import numpy as np

from online_models import registry
from online_models.columns import COLUMNS, Column, Features
from online_models.conformal import NOMINAL, CalibratedDistribution
from online_models.drift import DEFAULT_THRESHOLD, DriftFinding
from online_models.drift_calibration import CLASSES, class_of
from online_models.explanation import Explanation, changes_of, take_apart, usual_features
from online_models.pool import Category
from online_models.season_change import season_warm_up
from online_models.stack_experts import StackExperts
from online_models.stack_forecast import StackForecast, StackLesson
from online_models.stack_layout import (
    DIFFERENCES,
    EXPERTS,
    GRAIN_THOUSANDTHS,
    ISSUED_DISPERSION,
    ISSUED_MEAN,
    ISSUED_NAIVE,
    ISSUED_RATIO,
    MEAN_ABSOLUTE,
    MEAN_SQUARE,
    MID,
    NEVER,
    NEWEST,
    REFERENCE,
    SCALE,
    SEEN,
    SHARE,
    SOLD_SHARE,
    layout_of,
)
from online_models.stack_levels import StackLevels
from online_models.stack_score import CALIBRATED_FROM, StackScore
from online_models.stack_watch import CUSUM, Beside, StackWatch
from schemas.errors import StateCorrupt

DRIFT_WARM_UP_PERIODS = 14
#: Mean over standard deviation of a period from which a new level is believed at once; below, that does harm.
JUMP_SIGNAL_TO_NOISE = 1.6
_MAGIC = b"DS"
_PREFIX = Struct("<2sHI")
_LENGTH = Struct("<H")
_CHECKSUM = Struct("<I")
_PIECE = 1000
_LEAST_EXPOSURE, _JUDGED_EXPOSURE = 0.02, 0.5
_DORMANT = 0.002
_REOPENED = 0.1


class SeriesStack:
    """Everything learnt about one series.

    Parameters
    ----------
    season
        Slots in a season: 7 for days, 52 for weeks, 12 for months.
    columns
        What a row of features holds.
    extras
        Registered experts that join the five of the stack.
    drift_threshold, drift_detector
        Score that a drift finding must exceed, and who finds drifts of the level. Settings, not state.

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
        "extras", "layout", "_cautions", "_experts", "_levels", "_numbers", "_score", "_season_from", "_state",
        "_watch",
    )  # fmt: skip

    def __init__(
        self,
        season: int = 7,
        columns: tuple[Column, ...] = COLUMNS,
        extras: tuple[str, ...] = (),
        drift_threshold: float = DEFAULT_THRESHOLD,
        drift_detector: str = CUSUM,
    ) -> None:
        self.layout = layout = layout_of(season, columns, extras)
        self.extras = tuple(registry.make(name, season, columns) for name in extras)
        self._experts = StackExperts(layout)
        self._levels = StackLevels(layout)
        self._score = StackScore(layout)
        self._state = state = array("f", bytes(4 * layout.size))
        #: The same memory, for what is done on whole stretches.
        self._numbers = np.frombuffer(state, dtype=np.float32)
        self._season_from = season_warm_up(season)
        self._watch = StackWatch(drift_threshold, season, drift_detector)
        self._cautions: Sequence[float] = (1.0,) * CLASSES
        self._start()

    def _start(self) -> None:
        layout, state = self.layout, self._state
        state[ISSUED_MEAN] = state[ISSUED_RATIO] = NEVER
        state[GRAIN_THOUSANDTHS] = _PIECE
        state[layout.levels : layout.ratio] = array("f", NOMINAL)
        for place in range(layout.ratio, layout.usual):
            state[place] = NEVER
        neutral = array("f", [layout.columns[i].neutral for i in layout.known])
        if neutral:
            state[layout.usual : layout.eta] = neutral * (1 + layout.season * layout.by_slot)
        state[layout.triangle :] = array("f", self._experts.regression.blank())
        self._open_regression()

    def _open_regression(self) -> None:
        layout, numbers = self.layout, self._numbers
        self._experts.regression.read(numbers[layout.eta : layout.triangle], numbers[layout.triangle :])

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
        """Excess of the scatter over Poisson, as of the forecast issued last."""
        return self._state[ISSUED_DISPERSION]

    @property
    def levels(self) -> tuple[float, ...]:
        """Calibrated level of each of the nominal ones, ascending."""
        return tuple(self._state[self.layout.levels : self.layout.ratio])

    @property
    def champion(self) -> str:
        """Name of the expert that has erred least."""
        return self._score.champion(self._state)

    @property
    def drift_score(self) -> float | None:
        """How near the series is to a drift from its forecast, nats; None while the detectors warm up."""
        return self._watch.score if self._state[SEEN] > DRIFT_WARM_UP_PERIODS else None

    @property
    def drift_steps(self) -> Sequence[float] | None:
        """What the newest close added to every score, nats; None where it was not judged."""
        return self._watch.steps

    @property
    def drift_thresholds(self) -> Sequence[float]:
        """What each of those scores must exceed, at a caution of 1."""
        return self._watch.thresholds

    @property
    def beside(self) -> Beside:
        """What the detectors beside the one that speaks have seen."""
        return self._watch.beside

    def heed(self, cautions: Sequence[float]) -> None:
        """Multiply thresholds from now on with the caution of the series' class; the list is read at each close."""
        self._cautions = cautions

    @property
    def issued(self) -> StackForecast | None:
        """The forecast that is out for the next period; None if none is."""
        state, layout = self._state, self.layout
        mean = state[ISSUED_MEAN]
        if mean < 0.0:
            return None
        means = tuple(state[layout.means : layout.losses])
        return StackForecast(mean, self.distribution(mean), self.champion, means, state[ISSUED_NAIVE])

    def distribution(self, mean_units: float) -> CalibratedDistribution:
        """Demand of a period around a mean, scattered and calibrated as of the forecast issued last."""
        grain = self.grain
        levels = self.levels if mean_units >= CALIBRATED_FROM * grain else NOMINAL
        return CalibratedDistribution(mean_units, self._state[ISSUED_DISPERSION], grain, levels)

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
        means = self._experts.means(state, x, ratio, category)
        if self.extras:
            means += [expert.mean(x.slot, x.row) or 0.0 for expert in self.extras]
        weights = self._score.weights(state, category)
        state[layout.means : layout.losses] = array("f", means)
        state[ISSUED_MEAN] = sum([weight * mean for weight, mean in zip(weights, means, strict=True)])
        state[ISSUED_RATIO] = ratio
        state[ISSUED_DISPERSION] = self._score.dispersion(state, category)
        last = state[layout.last + x.slot]
        state[ISSUED_NAIVE] = last if last >= 0.0 else state[NEWEST]
        return self.issued

    def horizon_means(self, xs: Sequence[Features], category: Category) -> list[float] | None:
        """Expected units of each of several coming periods, all seen from now.

        Parameters
        ----------
        xs
            One per period.
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
        if not xs:
            return []
        weights = self._score.weights(state, category)
        means = self._experts.horizon(state, self._numbers, xs, weights, category)
        for weight, expert in zip(weights[len(EXPERTS) :], self.extras, strict=True):
            means = [mean + weight * (expert.mean(*x) or 0.0) for mean, x in zip(means, xs, strict=True)]
        return means

    def explain(self, x: Features, category: Category) -> Explanation | None:
        """Take apart what is expected of a period, as things stand now; None before the first observation.

        Parameters
        ----------
        x
            What is known of it.
        category
            Of the series.
        """
        state = self._state
        if not state[SEEN]:
            return None
        means = self._experts.means(state, x, category.ratio(x.slot), category)
        means += [expert.mean(x.slot, x.row) or 0.0 for expert in self.extras]
        weights = self._score.weights(state, category)
        return take_apart(self.layout, state, x, category, weights, means, self._experts.regression.coefficients)

    def changes(self, x: Features, category: Category) -> Explanation | None:
        """Take apart how a period differs from what its slot usually brings; None before the first observation."""
        now = self.explain(x, category)
        usual = self.explain(usual_features(self.layout, self._state, x), category)
        if now is None or usual is None:
            return None
        return changes_of(self.layout, self._state, x, category, now, usual)

    def cold_start(self, slot: int, category: Category) -> float | None:
        """Expected units of a series that was never observed: what is typical of its category; None if nothing is."""
        level = category.level
        return level * category.ratio(slot) if level > 0.0 else None

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
        self._watch.steps = None
        known = state[DIFFERENCES] > 0.0
        mae, mse = (state[MEAN_ABSOLUTE], state[MEAN_SQUARE]) if known else (None, None)
        if y_units is None:
            state[ISSUED_MEAN] = state[ISSUED_RATIO] = NEVER
            return StackLesson(issued, None, None, 0.0, None, None, None, None, mae, mse)
        if not math.isfinite(y_units):
            raise ValueError(f"demand must be a finite number of units, not {y_units}")
        y = float(y_units) if y_units > 0.0 else 0.0
        exposure = min(max(exposure, 0.0), 1.0)
        lost = (1.0 - exposure) * issued.mean_units if issued else 0.0
        demand = y + lost
        residual = standardised = finding = against = None
        if issued is not None and exposure > _JUDGED_EXPOSURE:
            residual = demand - issued.mean_units
            variance = issued.distribution.variance
            standardised = residual / math.sqrt(variance) if variance > 0.0 else None
            finding, against = self._judge_drift(demand, issued, x.slot)
            self._score.learn(state, demand, issued.means, issued.distribution, category)
        if exposure >= _LEAST_EXPOSURE and (issued is not None or exposure > _JUDGED_EXPOSURE):
            state[GRAIN_THOUSANDTHS] = math.gcd(round(y * _PIECE), int(state[GRAIN_THOUSANDTHS]))
            self._learn(demand, x, category, period, exposure)
        state[ISSUED_MEAN] = state[ISSUED_RATIO] = NEVER
        return StackLesson(issued, y, demand, lost, residual, standardised, finding, against, mae, mse)

    def _judge_drift(self, y: float, issued: StackForecast, slot: int) -> tuple[DriftFinding | None, str | None]:
        state, layout = self._state, self.layout
        if state[SEEN] < DRIFT_WARM_UP_PERIODS:
            return None, None
        mid, mean = state[MID], issued.mean_units
        slow_units = mean * state[REFERENCE] / mid if mid > 0.0 else mean
        signal = issued.signal_to_noise
        caution = self._cautions[class_of(signal, self.share_sold)]
        # A pattern seen a few times, or lost in noise: what it would look like moved says nothing, and costs time.
        known = signal >= JUMP_SIGNAL_TO_NOISE and state[SEEN] >= self._season_from
        ratios = state[layout.ratio : layout.slot_mean] if known else ()
        return self._watch.update(y, issued, slow_units, slot, ratios, caution)

    def _learn(self, y: float, x: Features, category: Category, period: int, weight: float) -> None:
        state = self._state
        # A series that has as good as ended is cheap to close, and does not teach the others to expect nothing.
        if state[SEEN] and state[SCALE] > 0.0 and (y > 0.0 or state[SHARE] >= _DORMANT):
            self._experts.learn(state, y, x, category, period, weight)
        own = state[self.layout.ratio + x.slot]
        self._levels.follow(state, y, x.slot, x.row, own if own >= 0.0 else category.ratio(x.slot), weight)
        for expert in self.extras:
            expert.learn(y, x.slot, x.row)

    def jump(self) -> float:
        """Answer a drift finding: take the fast level for the truth, and let the own regression learn faster.

        For forecasts of a signal-to-noise of `JUMP_SIGNAL_TO_NOISE` or more.

        Returns
        -------
        float
            The new level over the old one.
        """
        mid = self._state[MID]
        self._levels.jump(self._state)
        self.reopen()
        return self._state[MID] / mid if mid > 0.0 else 1.0

    def reopen(self) -> None:
        """Answer a change of the season: the level stands, the own regression learns faster."""
        self._experts.regression.reopen(_REOPENED)

    # --- storing ----------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """The whole state, with a version and a checksum."""
        parts = [
            _PREFIX.pack(_MAGIC, self.layout.season, self.layout.signature),
            self._watch.encode(),
            self._state.tobytes(),
        ]
        for expert in self.extras:
            state = expert.encode()
            parts += [_LENGTH.pack(len(state)), state]
        body = b"".join(parts)
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def restore(self, state: bytes) -> None:
        """Become the stack that wrote `state`, keeping this object: a host reads one series after another into it.

        Parameters
        ----------
        state
            What `encode` wrote, for the same season, columns and extras.

        Raises
        ------
        StateCorrupt
            Cut off or altered, of another format, of another season or other columns.
        """
        end = len(state) - _CHECKSUM.size
        if end < _PREFIX.size or zlib.crc32(memoryview(state)[:end]) != _CHECKSUM.unpack_from(state, end)[0]:
            raise StateCorrupt("a series' state is cut off, or fails its checksum.")
        if _PREFIX.unpack_from(state) != (_MAGIC, self.layout.season, self.layout.signature):
            raise StateCorrupt("a series' state was written by another version or for other features.")
        try:
            self._take(state)
        except (error, ValueError) as broken:
            raise StateCorrupt(f"a series' state does not read: {broken}") from broken

    def _take(self, state: bytes) -> None:
        at = _PREFIX.size
        self._watch.restore(state[at : at + self._watch.size])
        at += self._watch.size
        self._numbers[:] = np.frombuffer(state, np.float32, self.layout.size, at)
        at += 4 * self.layout.size
        for expert in self.extras:
            (length,) = _LENGTH.unpack_from(state, at)
            at += _LENGTH.size
            expert.restore(state[at : at + length])
            at += length
        self._open_regression()
