"""One series' stack: five cheap experts, weighed by their recent errors, with a calibrated distribution around them.

Why: no single expert wins everywhere; their weighted mean is never far from the best. The one rule: a period is scored
with the forecast that was *issued* before it, never with one worked out again: by the time a period is closed, other
series may have taught the pool what happened in it.

::

    close(y, x) ── issued? ── score: losses, dispersion, levels, drift        issue(x of the next period)
                                │                                                  ▲
                                ▼                                                  │
                   learn: pool (G, C), own regression (L), levels, slots ──────────┘

    seen in part (exposure e)    y' = y + what the hidden part would have brought; below 0.02 nothing is learnt
                                 experts, dispersion and drift are judged only above 0.5
    sells in < half of periods   only TSB, global and category speak
    hardly sells any more        TSB alone speaks, and nothing is taught to the pool
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from online_models.columns import Features
from online_models.drift import DriftFinding
from online_models.drift_calibration import class_of
from online_models.explanation import Explanation, changes_of, take_apart, usual_features
from online_models.lost_sales import hidden_units
from online_models.pool import Category
from online_models.stack_forecast import StackForecast, StackLesson
from online_models.stack_layout import (
    DIFFERENCES,
    EXPERTS,
    GRAIN_THOUSANDTHS,
    ISSUED_ANSWER,
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
)
from online_models.stack_state import COLD_SHAPE, DRIFT_WARM_UP_PERIODS, PIECE, StackState

#: Mean over standard deviation of a period from which a new level is believed at once; below, that does harm.
JUMP_SIGNAL_TO_NOISE = 1.6
_LEAST_USUAL_SHARE, _LARGEST_USUAL_SHARE = 0.2, 2.0
_LEAST_EXPOSURE, _JUDGED_EXPOSURE = 0.02, 0.5
_DORMANT = 0.002
_REOPENED = 0.1


class SeriesStack(StackState):
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

    __slots__ = ()

    # --- forecasting ------------------------------------------------------------------------------------------

    def issue(self, x: Features, category: Category, factor: float = 1.0) -> StackForecast | None:
        """Forecast the next period, and keep the forecast: it is the one that will be scored.

        Parameters
        ----------
        x
            What is known of it.
        category
            Of the series.
        factor
            What the candidates make of the experts' weighted mean.

        Returns
        -------
        StackForecast or None
            None before the first observation.
        """
        state, layout = self._state, self.layout
        cold = self.cold_start(x.slot, category) if self.never_sold else None
        if cold is not None:
            return self._issue_cold(cold, category.ratio(x.slot))
        if not state[SEEN]:
            return None
        ratio = category.ratio(x.slot)
        means, answers = self._every_mean(x, ratio, category)
        weights = self._score.weights(state, category)
        state[layout.means : layout.losses] = array("f", means)
        state[ISSUED_MEAN] = factor * sum([weight * mean for weight, mean in zip(weights, means, strict=True)])
        state[ISSUED_RATIO] = ratio
        state[ISSUED_DISPERSION] = self._score.dispersion(state, category)
        last = state[layout.last + x.slot]
        state[ISSUED_NAIVE] = last if last >= 0.0 else state[NEWEST]
        answer = sum([weight * units for weight, units in zip(weights, answers, strict=False)])
        state[ISSUED_ANSWER] = answer if layout.answers_known else 0.0
        self._issue_run(x.slot, answer, category)
        return self.issued

    def _every_mean(self, x: Features, ratio: float, category: Category) -> tuple[list[float], list[float]]:
        """Return each expert's expected units, and what of the five's answers to what is known beforehand."""
        means, answers = self._experts.means(self._state, x, ratio, category)
        if self.extras:
            means += [expert.mean(x.slot, x.row) or 0.0 for expert in self.extras]
        return means, answers

    def _issue_cold(self, mean: float, ratio: float) -> StackForecast | None:
        state, layout = self._state, self.layout
        state[layout.means : layout.losses] = array("f", [mean] * layout.experts)
        state[ISSUED_MEAN], state[ISSUED_RATIO], state[ISSUED_NAIVE] = mean, ratio, 0.0
        state[ISSUED_DISPERSION] = 1.0 / COLD_SHAPE
        state[ISSUED_ANSWER] = 0.0
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
        if self.never_sold:
            cold = [self.cold_start(x.slot, category) for x in xs]
            if xs and None not in cold:
                return [mean for mean in cold if mean is not None]
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
        means, _ = self._every_mean(x, category.ratio(x.slot), category)
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
        """Expected units of a series that never sold: its category's, less with each period without a sale.

        The mean of a gamma distribution of levels, of which the category knows the mean, after so many empty periods.
        None where the category is unknown, or knows no level.
        """
        level = category.level
        if level <= 0.0 or not category.name:
            return None
        return category.ratio(slot) * COLD_SHAPE / (COLD_SHAPE / level + self._state[SEEN])

    def rest(self, periods: int) -> None:
        """Let so many periods without any demand pass at once, and withdraw the forecast."""
        self._levels.rest(self._state, periods)
        self._state[ISSUED_MEAN] = self._state[ISSUED_RATIO] = NEVER

    def _issue_run(self, slot: int, answer_units: float, category: Category) -> None:
        """Begin a run if none is under way, and keep what its origin says of the next period."""
        state, layout = self._state, self.layout
        if self._run.wants_origin(state):
            slots = [Features((slot + ahead) % layout.season) for ahead in range(layout.frozen_slots)]
            means = self.horizon_means(slots, category) or ()
            self._run.begin(state, slot, means, state[ISSUED_DISPERSION])
        self._run.issue(state, slot, answer_units, category)

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
            self._run.skip(state)
            return StackLesson(issued, None, None, 0.0, None, None, None, None, mae, mse)
        if not math.isfinite(y_units):
            raise ValueError(f"demand must be a finite number of units, not {y_units}")
        y = float(y_units) if y_units > 0.0 else 0.0
        exposure = min(max(exposure, 0.0), 1.0)
        lost = (
            hidden_units(y, exposure, issued.mean_units, issued.distribution.dispersion, self.grain) if issued else 0.0
        )
        demand = y + lost
        residual = standardised = finding = against = None
        if issued is not None and exposure > _JUDGED_EXPOSURE:
            residual = demand - issued.mean_units
            variance = issued.distribution.variance
            standardised = residual / math.sqrt(variance) if variance > 0.0 else None
            if not self.never_sold:
                finding, against = self._judge_drift(demand, issued, x.slot)
                self._score.learn(state, demand, issued.means, issued.distribution, category)
                self._run.learn(state, demand, self.grain, state[SHARE], category)
        if issued is None or exposure <= _JUDGED_EXPOSURE or self.never_sold:
            self._run.skip(state)
        if exposure >= _LEAST_EXPOSURE and (issued is not None or exposure > _JUDGED_EXPOSURE):
            state[GRAIN_THOUSANDTHS] = math.gcd(round(y * PIECE), int(state[GRAIN_THOUSANDTHS]))
            self._learn(demand, x, category, period, exposure, y > 0.0)
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
        ratios: Sequence[float] = ()
        if known:
            first = layout.pattern if layout.answers_known else layout.ratio
            ratios = state[first : first + layout.season]
        return self._watch.update(y, issued, slow_units, slot, ratios, caution)

    def _learn(self, y: float, x: Features, category: Category, period: int, exposure: float, sold: bool) -> None:
        state = self._state
        # A series that has as good as ended is cheap to close, and does not teach the others to expect nothing.
        if state[SEEN] and state[SCALE] > 0.0 and (y > 0.0 or state[SHARE] >= _DORMANT):
            self._experts.learn(state, y, x, category, period)
        own = state[self.layout.ratio + x.slot]
        ratio = own if own >= 0.0 else category.ratio(x.slot)
        self._levels.follow(state, y, x.slot, x.row, ratio, exposure, self._usual_share(), sold)
        for expert in self.extras:
            expert.learn(y, x.slot, x.row)

    def _usual_share(self) -> float:
        """Return a usual day's demand over that of the day that was forecast."""
        mean, answer = self._state[ISSUED_MEAN], self._state[ISSUED_ANSWER]
        if mean <= 0.0:
            return 1.0
        share = 1.0 - answer / mean
        return min(max(share, _LEAST_USUAL_SHARE), _LARGEST_USUAL_SHARE)

    def jump(self) -> float:
        """Answer a drift finding: go half of the way to the fast level, and learn the rest as a young series would.

        For forecasts of a signal-to-noise of `JUMP_SIGNAL_TO_NOISE` or more.

        Returns
        -------
        float
            The new level over the old one.
        """
        mid = self._state[MID]
        self._levels.jump(self._state)
        return self._state[MID] / mid if mid > 0.0 else 1.0

    def reopen(self) -> None:
        """Answer a change of the season: the level stands, the own regression learns faster."""
        self._experts.regression.reopen(_REOPENED)
