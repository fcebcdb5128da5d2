"""`forecast_degraded`: a category whose forecasts have been poor for two weeks, said once.

The one rule: it is judged when all closes of a period are done, so that it does not matter which series closed last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from online_models.scores import LEVELS
from streams.engine.category_form import LEAST_GRAINS, UPPER
from streams.engine.emitter import measures

if TYPE_CHECKING:
    from online_models.stack_forecast import StackLesson
    from schemas.signals import Measure
    from streams.engine.category_form import Ailment, Verdict
    from streams.engine.core import Core

NO_CATEGORY: Final = "products without a category"
#: A forecast of a young series is poor, and no news.
_LEAST_OBSERVED: Final = 28
_UPPER_PLACE: Final = LEVELS.index(UPPER)


class Degraded:
    """Keeps the form of a task's categories, and says when one is poor."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def look(
        self, category: str, period: int, lesson: StackLesson, observed: int, quantiles: Sequence[float] | None
    ) -> None:
        """Score a close.

        Parameters
        ----------
        category
            Of the series.
        period
            Ordinal of the period that was closed.
        lesson
            What it taught.
        observed
            Periods that the series' model has learnt.
        quantiles
            Of its forecast, at the levels of `online_models.scores`.
        """
        self.settle(period)
        expected, y = lesson.forecast, lesson.y_units
        if expected is None or y is None or quantiles is None or observed < _LEAST_OBSERVED:
            return
        coarse = expected.mean_units < LEAST_GRAINS * expected.distribution.grain
        kept = None if coarse else y <= quantiles[_UPPER_PLACE]
        self._core.forms.add(category, period, y, expected.mean_units, expected.seasonal_naive, kept)

    def settle(self, before: int) -> None:
        """Judge the periods before this one: all their closes are done."""
        for verdict in self._core.forms.over(before, self._core.settings):
            self._say(verdict)

    def _say(self, verdict: Verdict) -> None:
        core = self._core
        opened = verdict.phase == "opened"
        core.emitter.finding(
            "forecast_degraded",
            "opened" if opened else "cleared",
            "warning",
            core.periods.end_ms(verdict.since),
            core.periods.end_ms(verdict.period),
            source=verdict.category or NO_CATEGORY,
            evidence=self._evidence(verdict.ailment) if opened else None,
        )

    def _evidence(self, ailment: Ailment) -> dict[str, Measure]:
        settings = self._core.settings
        shares = measures(
            "share",
            error_share=ailment.error,
            naive_error_share=ailment.naive_error,
            coverage_share=ailment.coverage,
            bias_share=ailment.bias,
        )
        return {**shares, **measures(f"{settings.period}s", poor_periods=float(settings.degraded_periods))}
