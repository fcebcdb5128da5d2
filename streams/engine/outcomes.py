"""Outcomes: what became of a risk that was stated, so that the next one is stated right.

::

    close of a period ──► one risk a series is kept, with the moment at which an order placed then would have come
         shelf ran empty before it ──► it came true         moment is there ──► it did not
         somebody intervened       ──► nobody will ever know: forgotten

The one rule: a risk that made people act teaches nothing, or alarms that were heeded would look false. Whoever places
an order that comes in time, or adds to the shelf what nobody had ordered, has acted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from online_models.risk_calibration import CLASSES

if TYPE_CHECKING:
    from online_models.stockout import LeadTimeDemand
    from streams.engine.core import Core
    from streams.engine.series import Series

_MILLION: Final = 1_000_000


class Outcomes:
    """Risks of one task whose outcome is not known yet; one a series at most."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def note(self, series: Series, ahead: LeadTimeDemand, units: float, now_ms: int, until_ms: int) -> None:
        """Take the outcome of the last risk if its time is over, and keep the one of now where none is kept."""
        if series.stated_until is not None and now_ms >= series.stated_until:
            self._learn(series, False)
        if series.stated_until is None and units > 0.0:
            risk = round(ahead.stockout_risk(units) * _MILLION)
            series.stated_risk = CLASSES.index(ahead.demand_class()) * 2 * _MILLION + risk
            series.stated_until = until_ms
        self._core.table.touch(series)

    def emptied(self, series: Series, at_ms: int) -> None:
        """Take note that a shelf has run empty."""
        if series.stated_until is not None:
            self._learn(series, at_ms < series.stated_until)

    def spoilt(self, series: Series, from_ms: int) -> None:
        """Take note that somebody has acted, with effect from a moment on."""
        if series.stated_until is not None and from_ms < series.stated_until:
            self._forget(series)

    def _learn(self, series: Series, happened: bool) -> None:
        if series.stated_risk is not None:
            kind, risk = divmod(series.stated_risk, 2 * _MILLION)
            self._core.risk_scale.learn(CLASSES[kind], risk / _MILLION, happened)
        self._forget(series)

    def _forget(self, series: Series) -> None:
        series.stated_risk = series.stated_until = None
        self._core.table.touch(series)
