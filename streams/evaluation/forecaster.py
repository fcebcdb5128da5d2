"""The port of evaluation: whatever forecasts a series, and the fleet of them that may share a pool.

::

    for every period t:
        t begins           ─► every series begins           (fixes the forecast that its close will be scored with)
        origin of a plan?  ─► every series issues          (nobody has learnt t yet)
        period over        ─► every series closes, one by one
                           ─► the fleet is told: what is pooled may now be used

The one rule: all forecasts of a period are issued before any series learns that period; a shared pool would leak else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from streams.features import PeriodFacts
from streams.settings import Period

#: Quantile levels of every forecast that is scored.
LEVELS: Final[tuple[float, ...]] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
#: Numbers of periods whose sum is forecast too, where the horizon reaches so far.
SUMS: Final[tuple[int, ...]] = (7, 14)

Probabilities = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Issued:
    """What a series expects of the periods from its origin on.

    Parameters
    ----------
    means
        Units, one for each lead 1, 2, …
    quantiles
        By lead, units at each of `LEVELS`; empty where only means are known.
    pit
        Lead's place (0 for lead 1) and units to (P(D < units), P(D <= units)); None where only quantiles are known.
    sums
        Number of periods to the quantiles of their sum, units at each of `LEVELS`.
    dispersion
        Excess over Poisson of one period's demand, where the forecast is a negative binomial.
    level_share
        Variance of the error that all these periods share, over that of one of them.
    """

    means: Sequence[float]
    quantiles: Sequence[Sequence[float]] = ()
    pit: Callable[[int, float], Probabilities] | None = None
    sums: Mapping[int, Sequence[float]] = field(default_factory=dict)
    dispersion: float | None = None
    level_share: float | None = None


class Closed(NamedTuple):
    """What a series says of a period that is over.

    Parameters
    ----------
    mean_units
        Its forecast of it, made before; None before the first observation.
    alarm
        "up" or "down" where a drift is found in this period, "season" for a changed pattern, else None.
    demand_units
        What it takes demand to have been where part of it was hidden; None: it makes no guess.
    """

    mean_units: float | None = None
    alarm: str | None = None
    demand_units: float | None = None


class SeriesForecaster(Protocol):
    """One series of a fleet."""

    def begin(self, facts: PeriodFacts) -> None:
        """Take note that the next period begins: whatever its close will be scored with is fixed now.

        Parameters
        ----------
        facts
            What is known of it.
        """

    def issue(self, ahead: Sequence[PeriodFacts]) -> Issued | None:
        """Forecast coming periods, the first not before the one that has begun; nothing may change by it.

        Parameters
        ----------
        ahead
            What is known of each of them.

        Returns
        -------
        Issued or None
            None before the first observation.
        """

    def close(self, demand_units: float | None, exposure: float, facts: PeriodFacts) -> Closed:
        """Learn a period that is over.

        Parameters
        ----------
        demand_units
            What was sold; None if unknown.
        exposure
            Share of the trading time in which there was stock.
        facts
            What was known of it beforehand.
        """


class Fleet(Protocol):
    """All series of a panel, with whatever they share (a pool for each task)."""

    @property
    def series(self) -> Sequence[SeriesForecaster]:
        """One forecaster for each series, in the order of the panel."""

    def period_over(self) -> None:
        """All series have closed a period."""


class FleetPlan(NamedTuple):
    """What a fleet is made for.

    Parameters
    ----------
    period, season
        What is closed, and how many make a season.
    keys, categories
        Store and sku, and category (may be unknown), of each series.
    signals
        Names of the columns that `PeriodFacts.signals` holds.
    partitions
        Number of tasks; what is pooled is pooled inside a task.
    """

    period: Period
    season: int
    keys: tuple[tuple[str, str], ...]
    categories: tuple[str | None, ...]
    signals: tuple[str, ...]
    partitions: int


FleetMaker = Callable[[FleetPlan], Fleet]
