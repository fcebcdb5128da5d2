"""A data set as evaluation sees it: demand of series by period, and what was known of each period beforehand.

The one rule: unknown is NaN, never zero: before a series' first row, on a closed day, where the file has no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from streams.periods import Periods
from streams.settings import SEASONS, Period

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

#: Periods in a year, for rates "per series-year".
PERIODS_A_YEAR: Final[dict[Period, float]] = {"day": 365.25, "week": 365.25 / 7, "month": 12.0}


@dataclass(frozen=True, slots=True)
class Panel:
    """Series on one grid of periods.

    Parameters
    ----------
    name
        Of the data set.
    period
        What a column of the grid is.
    first_period
        Ordinal of the first column (see `streams.periods`).
    stores, skus, categories
        By series; a category may be unknown.
    demand
        Series x period, units; NaN unknown.
    exposure
        Series x period, share of the trading time with stock; NaN unknown.
    known
        Series x period x column: what is known of a period before it begins.
    columns
        Names of `known`.
    """

    name: str
    period: Period
    first_period: int
    stores: tuple[str, ...]
    skus: tuple[str, ...]
    categories: tuple[str | None, ...]
    demand: Floats
    exposure: Floats
    known: Floats
    columns: tuple[str, ...] = ()

    @property
    def n_series(self) -> int:
        """Number of series."""
        return int(self.demand.shape[0])

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return int(self.demand.shape[1])

    @property
    def season(self) -> int:
        """Periods in a season."""
        return SEASONS[self.period]

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Store and sku of each series."""
        return tuple(zip(self.stores, self.skus, strict=True))

    def slots(self) -> Indices:
        """Place in the season of each period."""
        periods = Periods("UTC", self.period)
        return np.array([periods.slot(self.first_period + t) for t in range(self.n_periods)], np.int64)

    def starts_on(self) -> list[date]:
        """First local day of each period."""
        periods = Periods("UTC", self.period)
        return [periods.first_day(self.first_period + t) for t in range(self.n_periods)]

    def column(self, name: str) -> Floats | None:
        """One column of `known`, series x period; None where the set has none of that name."""
        return self.known[:, :, self.columns.index(name)] if name in self.columns else None

    def take(self, chosen: Sequence[int] | Indices) -> Panel:
        """The series at these places."""
        at = np.asarray(chosen, np.int64)
        pick = at.tolist()
        return replace(
            self,
            stores=tuple(self.stores[i] for i in pick),
            skus=tuple(self.skus[i] for i in pick),
            categories=tuple(self.categories[i] for i in pick),
            demand=self.demand[at],
            exposure=self.exposure[at],
            known=self.known[at],
        )

    def sample(self, size: int | None, seed: int) -> Panel:
        """At most `size` series drawn by `seed`, in the order of the panel; None keeps all."""
        if size is None or size >= self.n_series:
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(self.n_series)[:size]))

    def until(self, period: int) -> Panel:
        """The same with demand and exposure unknown from this period on: what is left is all that may be learnt."""
        demand, exposure = self.demand.copy(), self.exposure.copy()
        demand[:, period:] = exposure[:, period:] = np.nan
        return replace(self, demand=demand, exposure=exposure)

    def with_history(self, tail: int, least_nonzero: int) -> Panel:
        """Series that sold in at least so many periods before the last `tail`, and are known in the tail."""
        past, scored = self.demand[:, :-tail], self.demand[:, -tail:]
        enough = (np.nan_to_num(past) > 0.0).sum(axis=1) >= least_nonzero
        return self.take(np.flatnonzero(enough & np.isfinite(scored).any(axis=1)))
