"""Who says that a shelf will be empty: our risk, the rule "cover < lead time", and the normal formula.

=======================  =====================================================================================
rule                     score of a morning; an alert is due from its threshold on
=======================  =====================================================================================
risk (ours)              P(a stock-out within 7 days), open orders arriving as past ones of their age did
cover                    lead time / days of cover: 1 is the rule's default threshold ("cover < lead time")
normal formula           P(D > on hand), D normal with the mean and spread of the last 28 days, over 7 days
=======================  =====================================================================================

The one rule: all see the same morning: stock on hand, open orders by age, lead times of orders that have arrived.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from online_models.distribution import LEVEL_SHARE
from online_models.stockout import LeadTimeDemand, RandomArrival
from streams.evaluation.panel import Floats

HORIZON_DAYS: Final = 7
_DEFAULT_LEAD_DAYS: Final = 7.0
_LEAST_LEADS: Final = 20


class Morning(NamedTuple):
    """What is known of one series before a day begins.

    Parameters
    ----------
    on_hand
        Units.
    orders
        Open ones: age in days (1: left yesterday evening) and units.
    means
        Forecast demand of the coming days.
    dispersion
        Of one day's demand.
    recent
        Demand of the last 28 days, unknown ones left out.
    leads
        What past deliveries took.
    level_share
        Of the error that all these days have in common.
    """

    on_hand: float
    orders: tuple[tuple[int, float], ...]
    means: Sequence[float]
    dispersion: float
    recent: Floats
    leads: LeadTimes
    level_share: float = LEVEL_SHARE


class LeadTimes:
    """Lead times of all orders that have arrived, whole days."""

    def __init__(self) -> None:
        self._days: list[int] = []

    def learn(self, days: int) -> None:
        """Book an order that has arrived."""
        insort(self._days, days)

    @property
    def mean_days(self) -> float:
        """Mean; a plain week while too few have arrived."""
        return sum(self._days) / len(self._days) if len(self._days) >= _LEAST_LEADS else _DEFAULT_LEAD_DAYS

    def arrival(self, age_days: int) -> list[float]:
        """P(an order that old arrives in the morning of coming day 1 … 7), given that it has not arrived.

        Parameters
        ----------
        age_days
            1 for one that left yesterday evening: arriving today it took 1 day.
        """
        if len(self._days) < _LEAST_LEADS:
            due = max(0, round(_DEFAULT_LEAD_DAYS) - age_days)
            return [1.0 if day == due else 0.0 for day in range(HORIZON_DAYS)]
        open_still = len(self._days) - bisect_left(self._days, age_days)
        if not open_still:
            return [0.0] * HORIZON_DAYS
        edges = [bisect_left(self._days, age_days + day) for day in range(HORIZON_DAYS + 1)]
        return [(edges[day + 1] - edges[day]) / open_still for day in range(HORIZON_DAYS)]


class StockRule(Protocol):
    """A rule to be judged."""

    def score(self, morning: Morning) -> float:
        """How much it fears a stock-out; from its threshold on it alerts."""


class OwnRisk:
    """Our stock-out risk: every arrival day of the first open order is weighed, later orders come after the horizon."""

    def ahead(self, morning: Morning) -> LeadTimeDemand:
        """Demand of the horizon against what is on order."""
        days = len(morning.means)
        certain = [0.0] * days
        first: RandomArrival | None = None
        for age, units in morning.orders:
            chances = [(day, chance) for day, chance in enumerate(morning.leads.arrival(age)[:days]) if chance > 0.0]
            if first is None:
                first = RandomArrival(units, tuple(chances))
            elif (day := _median_day(chances)) is not None:
                certain[day] += units
        return LeadTimeDemand(
            morning.means,
            morning.dispersion,
            [0.0] * (days - 1) + [1.0],
            certain,
            first=first,
            level_share=morning.level_share,
        )

    def score(self, morning: Morning) -> float:
        return self.ahead(morning).stockout_risk(morning.on_hand)


def _median_day(chances: Sequence[tuple[int, float]]) -> int | None:
    """The day by which an order has more likely come than not, if that lies in sight."""
    total = 0.0
    for day, chance in chances:
        total += chance
        if total >= 0.5:
            return day
    return None


class CoverRule:
    """Lead time over days of cover; above 1, the shelf does not last until an order placed now arrives."""

    def score(self, morning: Morning) -> float:
        mean = float(morning.recent.mean()) if len(morning.recent) else 0.0
        if mean <= 0.0:
            return 0.0
        return morning.leads.mean_days / max(morning.on_hand / mean, 1e-9)


class NormalFormula:
    """P(D > on hand) over the horizon, D normal; days independent."""

    def score(self, morning: Morning) -> float:
        if len(morning.recent) < 2:
            return 0.0
        mean = float(morning.recent.mean()) * HORIZON_DAYS
        spread = float(morning.recent.std(ddof=1)) * math.sqrt(HORIZON_DAYS)
        if spread <= 0.0:
            return float(mean > morning.on_hand)
        return 0.5 * math.erfc((morning.on_hand - mean) / spread / math.sqrt(2.0))


def recent_demand(demand: Floats, period: int, days: int = 28) -> Floats:
    """Known demand of the last days before a period."""
    window = demand[max(0, period - days) : period]
    found: Floats = window[np.isfinite(window)]
    return found
