"""What promotions brought: units sold in each, what would have been sold without it, and the dip after.

::

    before its first period closes   ─► the forecast of the coming weeks without it: the baseline, frozen then
    its periods                      ─► sold, baseline, incremental = sold - baseline
    the seven periods after          ─► dip = sold - baseline, below zero where people had stocked up

Frozen, because a series that sells twice as much for two weeks takes the new level for its own. A replay keeps a
book; a live task keeps none.

The one rule: a period that says nothing of demand is in no sum, nor is its baseline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from online_models.columns import Features
from online_models.explanation import OWN_PRICE, PROMOTION, RIVAL_PRICE, driver_of, neutral
from schemas.quantities import to_iso
from streams.engine.facts import Facts
from streams.features import HISTORY_PERIODS, past_features

if TYPE_CHECKING:
    from online_models.stack import SeriesStack
    from schemas.context import Promotion
    from streams.engine.core import Core
    from streams.engine.history import History
    from streams.engine.series import Series

DIP_PERIODS: Final = 7
#: Periods that a baseline reaches ahead; longer promotions are summed up to there.
_AHEAD: Final = 42


class PromotionSum(BaseModel):
    """One promotion in one series."""

    model_config = ConfigDict(frozen=True)

    promotion_id: str
    store_id: str
    sku: str
    starts_at: str
    periods: int
    sold_units: float
    baseline_units: float
    incremental_units: float
    dip_periods: int
    dip_units: float


@dataclass(slots=True)
class _Page:
    """A promotion that is being added up."""

    promotion_id: str
    series: Series
    first: int
    last: int
    baseline: list[float]
    periods: list[tuple[float, float]] = field(default_factory=list)
    dip: list[tuple[float, float]] = field(default_factory=list)


class PromotionBook:
    """Adds up the promotions of one task.

    Parameters
    ----------
    core
        Of the task.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._facts = Facts(core)
        self._pages: dict[tuple[str, str], _Page] = {}
        #: Of each series, the page that was written on last.
        self._open: dict[str, _Page] = {}

    def open(self, series: Series, history: History, model: SeriesStack, period: int) -> None:
        """Look for a promotion before a period is learnt, and freeze its baseline if it is new.

        Parameters
        ----------
        series, history, model
            Whose; before they have learnt the period.
        period
            Its ordinal.
        """
        promotion = self._promotion(series, period)
        if promotion is None:
            return
        key = (series.name, promotion.promotion_id)
        page = self._pages.get(key)
        if page is None:
            baseline = self._baseline(series, history, model, period)
            if baseline is None:
                return
            page = self._pages[key] = _Page(promotion.promotion_id, series, period, period, baseline)
        page.last = period
        self._open[series.name] = page

    def _promotion(self, series: Series, period: int) -> Promotion | None:
        core = self._core
        start_ms, end_ms = core.periods.start_ms(period), core.periods.end_ms(period)
        return core.view.promotion(series.store_id, series.sku, start_ms, end_ms, end_ms)

    def _baseline(self, series: Series, history: History, model: SeriesStack, period: int) -> list[float] | None:
        """Return what would be sold in the coming periods without promotions, at the prices of the period before."""
        core, facts = self._core, self._facts
        past = past_features(history.units(HISTORY_PERIODS))
        origin_ms = core.periods.start_ms(period)
        before = facts.features(series, past, period - 1, core.periods.start_ms(period - 1))
        prices = [
            at
            for at, column in enumerate(model.layout.columns)
            if not column.in_units and driver_of(column.name) in (OWN_PRICE, RIVAL_PRICE)
        ]
        xs = []
        for ahead in range(period, period + _AHEAD):
            row = list(facts.features(series, past, ahead, origin_ms).row)
            for at in prices:
                row[at] = before.row[at]
            xs.append(neutral(model.layout.columns, Features(core.periods.slot(ahead), tuple(row)), (PROMOTION,)))
        return model.horizon_means(xs, core.pool.category(facts.category(series, origin_ms)))

    def close(self, series: Series, period: int, demand: float | None) -> None:
        """Add a period that is over.

        Parameters
        ----------
        series, period
            Which.
        demand
            Units wanted; None where it says nothing.
        """
        page = self._open.get(series.name)
        if page is None:
            return
        at = period - page.first
        if at >= len(page.baseline) or period > page.last + DIP_PERIODS:
            del self._open[series.name]
        elif demand is not None:
            (page.periods if period <= page.last else page.dip).append((demand, page.baseline[at]))

    def sums(self) -> list[PromotionSum]:
        """Return every promotion that sold or could have."""
        return [_to_sum(page, self._core.periods.start_ms(page.first)) for page in self._pages.values() if page.periods]


def _to_sum(page: _Page, start_ms: int) -> PromotionSum:
    sold, baseline = (sum(column) for column in zip(*page.periods, strict=True))
    return PromotionSum(
        promotion_id=page.promotion_id,
        store_id=page.series.store_id,
        sku=page.series.sku,
        starts_at=to_iso(start_ms),
        periods=len(page.periods),
        sold_units=round(sold, 3),
        baseline_units=round(baseline, 3),
        incremental_units=round(sold - baseline, 3),
        dip_periods=len(page.dip),
        dip_units=round(sum(units - base for units, base in page.dip), 3),
    )
