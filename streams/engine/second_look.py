"""The second look at a drift: a week after its alarm, its cause is looked for again.

Why: an alarm comes two or three days after the change. That a shelf stood empty, that a till was not heard, that the
week has another pattern is often seen only later. The one rule: nothing is stored for it; what would have been said at
the alarm is worked out again, and only another answer is news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.engine.emitter import measures
from streams.engine.facts import DRIFT_MONEY_DAYS

if TYPE_CHECKING:
    from online_models.stack import SeriesStack
    from streams.engine.causes import Causes
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.series import Series

#: Periods from the alarm to the second look.
LATER: Final = 7
#: Periods before its alarm in which a change has begun, where nobody says when.
_BEGAN: Final = 3


class SecondLook:
    """Looks again, in one task."""

    def __init__(self, core: Core, facts: Facts, causes: Causes) -> None:
        self._core = core
        self._facts = facts
        self._causes = causes

    def take(
        self, series: Series, history: History, model: SeriesStack, period: int, demand_units: float | None
    ) -> None:
        """Look again where a drift was told a week ago.

        Parameters
        ----------
        series, history, model
            What was closed; the history does not hold the period yet.
        period
            Its ordinal.
        demand_units
            Its demand.
        """
        if series.drift_since is None:
            return
        core = self._core
        alarm = core.periods.of(series.drift_since - 1)
        if period != alarm + LATER:
            return
        first, end_ms = alarm - _BEGAN + 1, core.periods.end_ms(period)
        then = self._causes.of_run(series, history, model, first, alarm, series.drift_since)
        why = self._causes.of_run(series, history, model, first, period, end_ms, demand_units)
        label = why.causes[0].label
        if why.change is None or label in ("unknown", then.causes[0].label):
            return
        change = why.change
        units = change.units or 0.0
        rate = f"units/{core.settings.period}"
        before, after = change.level_units, max(change.level_units + units, 0.0)
        core.emitter.finding(
            "demand_drift",
            "updated",
            "warning",
            series.drift_since,
            end_ms,
            series,
            evidence=measures(rate, level_before_units=before, level_after_units=after),
            times={"since": core.periods.start_ms(why.first)},
            reasons=why.reasons,
            causes=why.causes,
            money=self._facts.money(series, abs(units) * DRIFT_MONEY_DAYS / core.periods.days(period), end_ms),
            model=self._facts.model_ref(series),
        )
