"""Drifts: what a close says about demand that has changed for good.

::

    lesson ── finding of the series' own detectors? ──► reaction ──► demand_drift, 28 days open
        ├──── score ──► p-value, kept for the next progress            (fleet-wide false discoveries: the desk)
        └──── steps of the scores ──► calibration of the thresholds

    reaction       when                                              what
    ------------   -----------------------------------------------   ------------------------------------------------
    level_reset    up or down, signal-to-noise 1.6 or more           levels jump to the fast one, own regression opens
    faster_rates   season, signal-to-noise 1.6 or more               the own regression opens
    none           below: a jump would follow noise                  levels follow at their own pace

The one rule: the finding tells what was done about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from online_models.drift_calibration import class_of
from online_models.stack import JUMP_SIGNAL_TO_NOISE
from schemas.quantities import DAY_MS
from schemas.signals import Measure
from streams.engine.causes import Detected
from streams.engine.degraded import NO_CATEGORY
from streams.engine.emitter import measures
from streams.engine.facts import DRIFT_MONEY_DAYS
from streams.metrics import CUSUM, SCATTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from online_models.drift import DriftFinding
    from online_models.stack import SeriesStack
    from online_models.stack_forecast import StackForecast, StackLesson
    from streams.engine.causes import Causes
    from streams.engine.core import Core
    from streams.engine.drift_groups import GroupVerdict
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series

#: Below this signal-to-noise (mean over standard deviation of a period) no test of one series tells drift from chance.
LEAST_SIGNAL_TO_NOISE: Final = 0.8
OPEN_DAYS: Final = 28
#: P-values above this cannot be discoveries unless a tenth of the fleet are; so many at most, the smallest, are said.
LARGEST_P: Final = 0.01
MOST_P_VALUES: Final = 200


class Drifts:
    """The drifts of one task's series."""

    def __init__(self, core: Core, facts: Facts, causes: Causes) -> None:
        self._core = core
        self._facts = facts
        self._causes = causes

    def look(
        self, series: Series, history: History, lesson: StackLesson, model: SeriesStack, period: int, category: str
    ) -> None:
        """Take the lesson of a closed period.

        Parameters
        ----------
        series, history, lesson, model
            What was closed; the period is not in the history yet.
        period
            Its ordinal.
        category
            Of the series.
        """
        end_ms = self._core.periods.end_ms(period)
        if series.drift_since is not None and end_ms - series.drift_since >= OPEN_DAYS * DAY_MS:
            self._clear(series, end_ms)
        expected, found = lesson.forecast, lesson.drift
        if expected is None:
            return
        if expected.signal_to_noise >= LEAST_SIGNAL_TO_NOISE:
            self._weigh(series, expected, lesson, model, period)
            if found is not None:
                self._say(series, history, lesson, found, expected, model, period)
            return
        if found is not None:
            self._core.emitter.count("drift_in_noise")
        if lesson.demand_units is not None:
            self.settle(period)
            self._core.groups.add(series.store_id, category, period, lesson.demand_units, expected.mean_units)

    def settle(self, before: int) -> None:
        """Judge the groups of slow sellers in the periods before this one: all their closes are done."""
        for verdict in self._core.groups.over(before):
            self._say_group(verdict)

    def _say_group(self, verdict: GroupVerdict) -> None:
        """Say that a group has drifted; it is over when it is said, since nobody's level was reset."""
        core, found = self._core, verdict.finding
        core.tally.drifts[CUSUM, found.direction] += 1
        end_ms = core.periods.end_ms(verdict.period)
        emit = core.emitter.finding
        evidence = {**self._sizes(found), **measures("series", group_series=float(verdict.members))}
        store, source = verdict.store_id, verdict.category or NO_CATEGORY
        since = {"since": core.periods.start_ms(verdict.period - found.since_periods + 1)}
        emit(
            "demand_drift", "opened", "warning", end_ms, end_ms,
            store_id=store, source=source, evidence=evidence, times=since,
        )  # fmt: skip
        emit("demand_drift", "cleared", "warning", end_ms, end_ms, store_id=store, source=source)

    def _sizes(self, found: DriftFinding) -> dict[str, Measure]:
        rate = f"units/{self._core.settings.period}"
        return {
            **measures(rate, level_before_units=found.level_before, level_after_units=found.level_after),
            **measures("nats", score=found.score, threshold=found.threshold),
            **measures("periods", since_periods=float(found.since_periods)),
        }

    def _weigh(
        self, series: Series, expected: StackForecast, lesson: StackLesson, model: SeriesStack, period: int
    ) -> None:
        """Let people see how near to a drift the series are, and the calibration learn what chance does."""
        score = model.drift_score if lesson.drift is None else lesson.drift.score
        if score is None:
            return
        core = self._core
        core.drifts.note(series.store_id, period, score)
        core.clock.tests_run += 1
        beside = model.beside
        if beside.periods_ago == 0 and beside.way is not None and beside.name != core.settings.drift_detector:
            core.tally.beside[beside.name, beside.way] += 1
        if beside.scatter_way is not None:
            core.tally.beside[SCATTER, beside.scatter_way] += 1
        group = class_of(expected.signal_to_noise, model.share_sold)
        p = core.calibration.note(group, series.crc, period, score, model.drift_steps)
        if p <= LARGEST_P:
            core.clock.p_values[series.name] = min(p, core.clock.p_values.get(series.name, 1.0))

    def _clear(self, series: Series, end_ms: int) -> None:
        since = series.drift_since
        assert since is not None, "only an open drift is cleared"
        self._core.emitter.finding("demand_drift", "cleared", "warning", since, end_ms, series)
        series.drift_since = None

    def _react(self, found: DriftFinding, expected: StackForecast, model: SeriesStack) -> Measure:
        if expected.signal_to_noise < JUMP_SIGNAL_TO_NOISE:
            return Measure(value=1.0, unit="none")
        if found.direction == "season":
            model.reopen()
            return Measure(value=1.0, unit="faster_rates")
        return Measure(value=round(model.jump(), 6), unit="level_reset")

    def _say(
        self,
        series: Series,
        history: History,
        lesson: StackLesson,
        found: DriftFinding,
        expected: StackForecast,
        model: SeriesStack,
        period: int,
    ) -> None:
        core = self._core
        end_ms = core.periods.end_ms(period)
        level_moved = found.direction != "season"
        core.tally.drifts[core.settings.drift_detector if level_moved else CUSUM, found.direction] += 1
        first = period - found.since_periods + 1
        detected = None if level_moved else Detected(found.score, found.threshold, core.periods.start_ms(first))
        # Before the reaction: it moves the levels that the reasons are told against.
        why = self._causes.of_run(series, history, model, first, period, end_ms, lesson.demand_units, detected)
        reaction = self._react(found, expected, model)
        if series.drift_since is not None:
            if not level_moved:
                # While a new level settles, a week looks odd; the level's alert stands, and is not overwritten.
                core.emitter.count("season_in_drift")
                return
            self._clear(series, end_ms)
        if level_moved:
            series.drift_since = end_ms
        evidence = {
            **self._sizes(found),
            **self._second_opinions(found, model),
            **self._facts.mix_evidence(series, history, found.since_periods),
            "reaction": reaction,
        }
        # A season that changes leaves the level as it is: what that is worth is not known.
        change = abs(found.level_after - found.level_before) * DRIFT_MONEY_DAYS / core.periods.days(period)
        core.emitter.finding(
            "demand_drift",
            "opened",
            "warning",
            end_ms,
            end_ms,
            series,
            evidence=evidence,
            times={"since": core.periods.start_ms(first)},
            reasons=why.reasons,
            causes=why.causes,
            money=self._facts.money(series, change, end_ms) if level_moved else None,
            model=self._facts.model_ref(series),
        )
        if not level_moved:
            # It is told and over: an open one would swallow the drift of the level that may come after it.
            core.emitter.finding("demand_drift", "cleared", "warning", end_ms, end_ms, series)

    def _second_opinions(self, found: DriftFinding, model: SeriesStack) -> dict[str, Measure]:
        """Return what the detectors beside it saw."""
        beside = model.beside
        evidence = measures("ratio", scatter_ratio=beside.scatter_ratio)
        if beside.periods_ago is not None and beside.way == found.direction:
            evidence |= measures("periods", **{f"{beside.name}_periods_ago": float(beside.periods_ago)})
        if found.shift_slots is not None:
            evidence |= measures("slots", pattern_shift_slots=float(found.shift_slots))
        return evidence


def smallest(p_values: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the smallest p-values with their series, ascending; as many as a record takes.

    >>> smallest({"lima|milk": 0.004, "lima|bread": 0.001})
    [('lima|bread', 0.001), ('lima|milk', 0.004)]
    """
    return sorted(p_values.items(), key=lambda one: (one[1], one[0]))[:MOST_P_VALUES]
