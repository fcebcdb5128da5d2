"""Where the errors are: by category, demand class, lead, weekday, promotion and stock state, and the costliest series.

A row of the table is a group of cells (series, origin, lead) of the block plan. `share` is its part of all absolute
error, so the rows of one split add up to 1. Classes are from before the scored tail; promotion and stock state are
those of the period forecast. The one rule: every row says how many forecasts stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from online_models.demand_class import DEMAND_CLASSES, demand_class
from streams.evaluation.calibration import draw_pit
from streams.evaluation.forecasts import Forecasts, gather
from streams.evaluation.panel import Bools, Floats, Indices, Panel
from streams.evaluation.panel_builder import HOLIDAY, PROMOTION
from streams.evaluation.yardstick_models import seasonal_naive

COSTLIEST: Final = 10
_MOST_CATEGORIES: Final = 12
_FULL: Final = 0.999
_UPPER: Final = 0.9
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ErrorRow(NamedTuple):
    """One group of forecasts.

    Parameters
    ----------
    group
        Its name.
    forecasts
        Number.
    actual_units, absolute_units
        Sums of what came true, and of the absolute error.
    wape, bias, naive_wape
        Of the group; None where nothing sold.
    upper_90
        Randomised coverage; None without quantiles.
    share
        Of all absolute error.
    """

    group: str
    forecasts: int
    actual_units: float
    absolute_units: float
    wape: float | None
    bias: float | None
    naive_wape: float | None
    upper_90: float | None
    share: float


class ErrorTable(NamedTuple):
    """Errors of one data set.

    Parameters
    ----------
    splits
        Name of the split to its rows.
    costliest
        The ten series with the largest sum of absolute errors.
    """

    splits: dict[str, list[ErrorRow]]
    costliest: list[ErrorRow]


def demand_classes(panel: Panel, tail: int) -> list[str]:
    """Return the class of each series (Syntetos, Boylan and Croston) by its demand before the tail.

    Parameters
    ----------
    panel, tail
        The data, and the length of its scored end.
    """
    past = panel.demand[:, : panel.n_periods - tail]
    found = []
    for demand in past:
        known = demand[np.isfinite(demand)]
        sizes = known[known > 0.0]
        if not len(sizes):
            found.append("never sold")
            continue
        found.append(demand_class(len(known) / len(sizes), float(sizes.var() / sizes.mean() ** 2)))
    return found


def tabulate_errors(panel: Panel, exposure: Floats, forecasts: Forecasts, tail: int, seed: int) -> ErrorTable:
    """Group the errors of a run.

    Parameters
    ----------
    panel
        The data that was forecast.
    exposure
        Series x period: share of the trading time with stock.
    forecasts
        Of the block plan.
    tail
        Length of the scored end.
    seed
        Of the randomised coverage.
    """
    return _Grouping(panel, exposure, forecasts, tail, seed).table()


class _Grouping:
    def __init__(self, panel: Panel, exposure: Floats, forecasts: Forecasts, tail: int, seed: int) -> None:
        self._panel, self._exposure, self._forecasts, self._tail = panel, exposure, forecasts, tail
        actual = forecasts.actuals(panel)
        cells: Bools = np.isfinite(actual) & np.isfinite(forecasts.means)
        self._cells = cells
        self._y = np.where(cells, actual, 0.0)
        self._error = np.where(cells, forecasts.means - actual, 0.0)
        naive = seasonal_naive(panel, forecasts.plan).means
        self._naive = np.where(cells & np.isfinite(naive), np.abs(naive - actual), 0.0)
        self._pit = draw_pit(forecasts, actual, seed)
        self._total = float(np.abs(self._error).sum())

    def table(self) -> ErrorTable:
        splits = {
            "category": self._by_series(self._categories(), by_error=True),
            "demand class": self._by_series(demand_classes(self._panel, self._tail), by_error=False),
            "lead": [self._row(str(lead + 1), self._lead(lead)) for lead in range(self._forecasts.plan.leads)],
            "weekday": [self._row(name, cells) for name, cells in self._weekdays()],
            "promotion": [self._row(name, cells) for name, cells in self._states(PROMOTION, "promotion", "none")],
            "holiday": [self._row(name, cells) for name, cells in self._states(HOLIDAY, "holiday", "none")],
            "stock": [self._row(name, cells) for name, cells in self._stock()],
        }
        kept = {name: [row for row in rows if row.forecasts] for name, rows in splits.items()}
        # One group alone says nothing.
        return ErrorTable({name: rows for name, rows in kept.items() if len(rows) > 1}, self._costliest())

    def _row(self, group: str, cells: Bools) -> ErrorRow:
        chosen = cells & self._cells
        count, actual = int(chosen.sum()), float(self._y[chosen].sum())
        absolute, error = float(np.abs(self._error[chosen]).sum()), float(self._error[chosen].sum())
        naive = float(self._naive[chosen].sum())
        stated = self._pit[chosen]
        stated = stated[np.isfinite(stated)]
        upper = float((stated <= _UPPER).mean()) if len(stated) else None
        wape, bias, naive_wape = (part / actual if actual > 0.0 else None for part in (absolute, error, naive))
        share = absolute / self._total if self._total > 0.0 else 0.0
        return ErrorRow(group, count, actual, absolute, wape, bias, naive_wape, upper, share)

    def _series(self, places: Indices) -> Bools:
        found = np.zeros_like(self._cells)
        found[places] = True
        return found

    def _by_series(self, names: list[str], *, by_error: bool) -> list[ErrorRow]:
        groups = np.array(names)
        known = [name for name in DEMAND_CLASSES if name in names]
        order = sorted(set(names)) if by_error else [*known, *sorted(set(names) - set(known))]
        rows = [self._row(name, self._series(np.flatnonzero(groups == name))) for name in order]
        return sorted(rows, key=lambda row: -row.absolute_units)[:_MOST_CATEGORIES] if by_error else rows

    def _categories(self) -> list[str]:
        """The first level of the category's path at which there are at least two; "unknown" where there is none."""
        paths = [(name or "unknown").split("/") for name in self._panel.categories]
        for depth in range(1, max(map(len, paths)) + 1):
            found = ["/".join(path[:depth]) for path in paths]
            if len(set(found)) > 1:
                return found
        return ["/".join(path) for path in paths]

    def _lead(self, lead: int) -> Bools:
        found = np.zeros_like(self._cells)
        found[:, :, lead] = True
        return found

    def _weekdays(self) -> Iterator[tuple[str, Bools]]:
        if self._panel.period != "day":
            return
        days = np.array([day.weekday() for day in self._panel.starts_on()], float)
        target = self._targets(np.tile(days, (self._panel.n_series, 1)))
        for place, name in enumerate(_WEEKDAYS):
            yield name, target == place

    def _states(self, column: str, yes: str, no: str) -> Iterator[tuple[str, Bools]]:
        values = self._panel.column(column)
        if values is None:
            return
        runs = self._targets(values)
        yield yes, runs > 0.0
        yield no, runs == 0.0

    def _stock(self) -> Iterator[tuple[str, Bools]]:
        stocked = self._targets(self._exposure)
        if not (stocked[np.isfinite(stocked)] < _FULL).any():
            return
        yield "in stock", stocked >= _FULL
        yield "empty for a part", (stocked < _FULL) & (stocked > 0.0)
        yield "empty throughout", stocked == 0.0

    def _targets(self, values: Floats) -> Floats:
        return gather(values, self._forecasts.plan.targets())

    def _costliest(self) -> list[ErrorRow]:
        by_series = np.abs(self._error).sum(axis=(1, 2))
        order = np.argsort(-by_series, kind="stable")[:COSTLIEST]
        keys = self._panel.keys
        return [self._row(" | ".join(keys[i]), self._series(order[k : k + 1])) for k, i in enumerate(order.tolist())]
