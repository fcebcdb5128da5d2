"""Plans (when is what forecast) and forecasts (what was said), as arrays: series x origin x lead.

=========  ===========================================  ====================================================
plan       origins                                      what it shows
=========  ===========================================  ====================================================
day-ahead  every period of the tail, lead 1             the freshest forecast
block      every `block` periods, leads 1 … block       what a model refit once a block gives, on equal leads
month      every week, leads 1 … 30                     far leads, and sums over 7 and 14 days
=========  ===========================================  ====================================================

The one rule: an origin is the first period that is forecast; what is known at it ends with the period before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.evaluation.forecaster import LEVELS
from streams.evaluation.panel import Bools, Floats, Indices, Panel

MONTH_LEADS: Final = 30
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """When is what forecast.

    Parameters
    ----------
    name
        "day_ahead", "block" or "month".
    origins
        First period of each forecast.
    leads
        Periods forecast from each origin; those beyond the panel are left out.
    """

    name: str
    origins: tuple[int, ...]
    leads: int

    def targets(self) -> Indices:
        """Origin x lead: the period that is forecast."""
        return np.array(self.origins, np.int64)[:, None] + np.arange(self.leads)[None, :]


def make_plans(n_periods: int, tail: int, block: int, *, daily: bool) -> tuple[Plan, ...]:
    """The plans of a set.

    Parameters
    ----------
    n_periods, tail
        Length of the panel, and of its scored end.
    block
        Periods of a block; also between two refits of a baseline.
    daily
        Adds the month plan.

    >>> [(plan.name, plan.origins, plan.leads) for plan in make_plans(10, 4, 2, daily=False)]
    [('day_ahead', (6, 7, 8, 9), 1), ('block', (6, 8), 2)]
    """
    start = n_periods - tail
    plans = [
        Plan("day_ahead", tuple(range(start, n_periods)), 1),
        Plan("block", tuple(range(start, n_periods, block)), block),
    ]
    if daily:
        plans.append(Plan("month", tuple(range(start, n_periods - _WEEK, _WEEK)), MONTH_LEADS))
    return tuple(plans)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What was said by a plan; NaN where nothing was.

    Parameters
    ----------
    plan
        When.
    means
        Series x origin x lead, units.
    quantiles
        Series x origin x lead x level; None where only means are known.
    pit_below, pit_upto
        Series x origin x lead: P(D < y) and P(D <= y) of what came true; None where unknown.
    sums
        Number of periods to series x origin x level: quantiles of the sum of the next trading periods.
    dispersion, level_share
        Series x origin.
    """

    plan: Plan
    means: Floats
    quantiles: Floats | None = None
    pit_below: Floats | None = None
    pit_upto: Floats | None = None
    sums: dict[int, Floats] | None = None
    dispersion: Floats | None = None
    level_share: Floats | None = None

    @classmethod
    def empty(cls, plan: Plan, n_series: int, *, with_quantiles: bool) -> Forecasts:
        """Return room for a plan's forecasts, all unknown."""
        shape = n_series, len(plan.origins), plan.leads
        if not with_quantiles:
            return cls(plan, np.full(shape, np.nan))
        return cls(
            plan, np.full(shape, np.nan), np.full((*shape, len(LEVELS)), np.nan), np.full(shape, np.nan),
            np.full(shape, np.nan), {}, np.full(shape[:2], np.nan), np.full(shape[:2], np.nan),
        )  # fmt: skip

    def actuals(self, panel: Panel) -> Floats:
        """Series x origin x lead: what came true; NaN where unknown, or beyond the panel."""
        return gather(panel.demand, self.plan.targets())

    def sum_actuals(self, panel: Panel, periods: int) -> Floats:
        """Series x origin: what the next so many trading periods brought together; NaN where the panel ends before."""
        found = np.full((panel.n_series, len(self.plan.origins)), np.nan)
        for k, origin in enumerate(self.plan.origins):
            coming = panel.demand[:, origin:]
            trading = np.isfinite(coming)
            inside = trading & (trading.cumsum(axis=1) <= periods)
            total = np.where(inside, coming, 0.0).sum(axis=1)
            found[:, k] = np.where(trading.sum(axis=1) >= periods, total, np.nan)
        return found

    def take(self, chosen: Indices) -> Forecasts:
        """The forecasts of the series at these places."""

        def pick(values: Floats | None) -> Floats | None:
            return None if values is None else values[chosen]

        sums = None if self.sums is None else {days: values[chosen] for days, values in self.sums.items()}
        return Forecasts(
            self.plan, self.means[chosen], pick(self.quantiles), pick(self.pit_below), pick(self.pit_upto), sums,
            pick(self.dispersion), pick(self.level_share),
        )  # fmt: skip


def gather(values: Floats, targets: Indices) -> Floats:
    """Values (series x period) at targets (origin x lead); NaN beyond the last period."""
    inside: Bools = targets < values.shape[1]
    found = values[:, np.where(inside, targets, 0)]
    return np.where(inside[None], found, np.nan)
