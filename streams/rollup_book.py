"""Keeps the roll-ups of a replay: every close goes in, whole periods come out.

::

    close of t ─► node totals of t, shares of t
    first close of t + 35 ─► t is over: a row for each node (forecast before learning), a row for each series' share
    end ─► the rest, then weeks and months of the days

The one rule: a period is told when no close of it can come any more, so each is told once and whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from streams.engine.watch import WatchedClose
from streams.rollup import Calendar, Node, SharedError, Total, add_by_calendar, nodes_of, product_mix

_LEVELS: Final = (0.1, 0.5, 0.9, 0.95)
_CALENDARS: Final[tuple[Calendar, ...]] = ("week", "month")
#: Tasks of one replay may be so far apart.
_OPEN_PERIODS: Final = 35


class NodeRow(NamedTuple):
    """A node in a period.

    Parameters
    ----------
    level, node
        Which.
    span
        "period", "week" or "month".
    target
        First local day.
    series
        How many were added.
    mean, q10, q50, q90, q95
        Units forecast one period ahead.
    seasonal_naive, demand
        Units of the yardstick, and what came true.
    """

    level: str
    node: str
    span: str
    target: date
    series: int
    mean: float
    q10: float
    q50: float
    q90: float
    q95: float
    seasonal_naive: float
    demand: float


class ShareRow(NamedTuple):
    """A product's share of its category in a store.

    Parameters
    ----------
    store, sku, category, target
        Which, and the first local day of the period.
    share_forecast, share_sold
        0 .. 1.
    abc, demand_class
        Of the series; None where nobody knows yet.
    """

    store: str
    sku: str
    category: str
    target: date
    share_forecast: float
    share_sold: float
    abc: str | None
    demand_class: str | None


class RollupBook:
    """Adds closes up."""

    def __init__(self) -> None:
        self._totals: dict[date, dict[Node, Total]] = {}
        self._mixes: dict[date, dict[tuple[str, str], list[WatchedClose]]] = {}
        self._shared: dict[Node, SharedError] = {}
        self._past: dict[Node, list[tuple[date, Total]]] = {}

    def add(self, close: WatchedClose) -> None:
        """Take a close; one without a forecast, or of an unknown period, is left out."""
        forecast, lesson = close.lesson.forecast, close.lesson
        if forecast is None or lesson.demand_units is None or close.starts_on is None:
            return
        totals = self._totals.setdefault(close.starts_on, {})
        variance = forecast.distribution.variance
        for node in nodes_of(close.store_id, close.category):
            held = totals.get(node, Total())
            totals[node] = held.plus(forecast.mean_units, variance, forecast.seasonal_naive, lesson.demand_units)
        if close.category:
            mixes = self._mixes.setdefault(close.starts_on, {})
            mixes.setdefault((close.store_id, close.category), []).append(close)

    def over(self) -> Iterator[NodeRow | ShareRow]:
        """Tell the periods that are over."""
        days = sorted(self._totals)
        for day in days[: max(0, len(days) - _OPEN_PERIODS)]:
            yield from self._tell(day)

    def rest(self) -> Iterator[NodeRow | ShareRow]:
        """Tell what is left, and then weeks and months."""
        for day in sorted(self._totals):
            yield from self._tell(day)
        for node, days in sorted(self._past.items()):
            for calendar in _CALENDARS:
                for first, total in add_by_calendar(days, calendar).items():
                    yield self._row(node, calendar, first, total)

    def _tell(self, day: date) -> Iterator[NodeRow | ShareRow]:
        for node, total in sorted(self._totals.pop(day).items()):
            yield self._row(node, "period", day, total)
            self._shared.setdefault(node, SharedError()).learn(total.units, total.mean_units, total.variance)
            self._past.setdefault(node, []).append((day, total))
        for (store, category), closes in sorted(self._mixes.pop(day, {}).items()):
            yield from _shares(store, category, day, closes)

    def _row(self, node: Node, span: str, first: date, total: Total) -> NodeRow:
        shared = self._shared.setdefault(node, SharedError())
        q10, q50, q90, q95 = shared.distribution(total.mean_units, total.variance).quantiles(_LEVELS)
        level, name = node
        return NodeRow(
            level, name, span, first, total.series, total.mean_units, q10, q50, q90, q95, total.naive_units, total.units
        )


def _shares(store: str, category: str, day: date, closes: list[WatchedClose]) -> Iterator[ShareRow]:
    means = [0.0 if close.lesson.forecast is None else close.lesson.forecast.mean_units for close in closes]
    sold = [close.lesson.demand_units or 0.0 for close in closes]
    for close, expected, seen in zip(closes, product_mix(means), product_mix(sold), strict=True):
        yield ShareRow(store, close.sku, category, day, expected, seen, close.abc, close.demand_class)
