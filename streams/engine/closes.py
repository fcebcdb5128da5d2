"""Closes: what happens when an hour, a store's hour or a period is over.

::

    STORE   was there a sale?  ─► talking / quiet / silent                        stale_feed
    HOUR    what was sold      ─► confirm or withdraw an early risk, tests      stockout_risk, demand_surge, …
    PERIOD  exposure ─► features ─► score ─► learn ─► forecast ─► drift ─► risk   forecasts, demand_drift, …

The one rule: score before learning, and a close uses only facts from before its own moment (end + its spread).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from online_models.outliers import outlier_of
from schemas.quantities import DAY_MS, HOUR_MS, THOUSANDTHS
from streams.engine.agenda import Close, WorkItem
from streams.engine.causes import Causes
from streams.engine.degraded import Degraded
from streams.engine.drifts import Drifts
from streams.engine.emitter import measures
from streams.engine.facts import Promotions
from streams.engine.intraday import Intraday
from streams.engine.ledger import on_hand_at
from streams.engine.second_look import SecondLook
from streams.engine.series import EMPTY_HOURS, OUT_MS, RETURNED, SOLD
from streams.engine.suspects import Suspects
from streams.engine.watch import WatchedClose

if TYPE_CHECKING:
    from online_models.stack import SeriesStack
    from online_models.stack_forecast import StackForecast, StackLesson
    from streams.engine.core import Core
    from streams.engine.facts import Facts
    from streams.engine.history import History
    from streams.engine.risk import Risk
    from streams.engine.series import Series
    from streams.engine.stores import StoreState
    from streams.engine.windows import Windows

#: A whole period's demand this unlikely under its forecast is a slump, where no hour has told so before.
SURPRISE = 1e-6
_FOLLOWED_EMPTY_DAYS = 30
_MAX_SALE_SHARE = 0.99
_SELLS_ALWAYS, _LEAST_CHANCE = 0.98, 1e-9
#: Counts of the report: thousandths of units and hundredths of money that found an empty shelf; flagged residuals.
LOST_UNITS, LOST_MONEY, OUTLIERS = "lost_thousandths", "lost_cents.", "outliers."
#: So far below zero that the hours of a month do not bring it back.
_NEVER_EMPTY = -1_000


class Closes:
    """The closes of one task."""

    def __init__(self, core: Core, windows: Windows, facts: Facts, risk: Risk) -> None:
        self._core = core
        self._causes = Causes(core, facts)
        self._second_look = SecondLook(core, facts, self._causes)
        self._intraday = Intraday(core, windows, facts, self._causes)
        self._windows = windows
        self._facts = facts
        self._risk = risk
        self._drifts = Drifts(core, facts, self._causes)
        self._degraded = Degraded(core)
        self._suspects = Suspects(core, windows, facts)

    def settle(self, watermark_ms: int) -> None:
        """Judge what can only be judged when every close before a moment is done."""
        period = self._core.periods.of(watermark_ms)
        self._degraded.settle(period)
        self._drifts.settle(period)

    def run(self, item: WorkItem) -> bool:
        """Do one item; False when it was done before (its window had moved on)."""
        if item.kind is Close.STORE:
            return self._store(self._core.stores.by_id[item.name], item.ordinal)
        series = self._core.table.by_name[item.name]
        if item.kind is Close.HOUR:
            return self._hour(series, item.ordinal)
        if self._windows.lazy:
            return self._lapsing_period(series, item.ordinal)
        if item.ordinal != series.next_period:
            return False
        self._period(series)
        return True

    def _lapsing_period(self, series: Series, period: int) -> bool:
        """Close a period without models, and put the empty ones before it into the history."""
        window = series.open.pop(period, None)
        if window is None:
            return False
        core = self._core
        history = core.archive.of(series)
        core.emitter.count("periods_closed", history.skip_to(period, series.next_period) + 1)
        history.append(period, window[SOLD], window[RETURNED], True)
        series.next_period = period + 1
        core.archive.keep(series, history)
        core.table.touch(series)
        return True

    # --- stores -----------------------------------------------------------------------------------------------

    def _store(self, store: StoreState, ordinal: int) -> bool:
        intraday = self._core.settings.intraday
        if ordinal != (store.next_hour if intraday else store.next_period):
            return False
        if intraday:
            self._store_hour(store, ordinal)
        else:
            self._store_period(store, ordinal)
        self._core.stores.touch(store)
        self._windows.plan_store(store)
        return True

    def _store_hour(self, store: StoreState, hour: int) -> None:
        start_ms = hour * HOUR_MS
        periods = self._core.periods
        trading = self._facts.trading(store.store_id, start_ms)
        sold = store.close_hour(hour, start_ms, periods.local_hour(start_ms), trading)
        while periods.end_ms(store.next_period) <= start_ms + HOUR_MS:
            store.close_period(store.next_period, periods.slot(store.next_period), self._core.settings)
        self._judge(store, sold, store.quiet_share, start_ms, start_ms + HOUR_MS)

    def _store_period(self, store: StoreState, period: int) -> None:
        start_ms, end_ms = self._core.periods.start_ms(period), self._core.periods.end_ms(period)
        slot = self._core.periods.slot(period)
        expected = not store.closing_day(slot, self._core.settings)
        sold = store.close_period(period, slot, self._core.settings)
        closed = self._facts.closed_ms(store.store_id, start_ms, end_ms, end_ms)
        if sold:
            store.quiet_from_ms = end_ms
        quiet = float(store.quiet_periods if expected and not closed else 0)
        self._judge(store, sold, quiet, start_ms, end_ms)

    def _judge(self, store: StoreState, sold: bool, quiet_share: float, start_ms: int, end_ms: int) -> None:
        emitter = self._core.emitter
        if sold:
            began = store.speak(start_ms)
            if began is not None:
                emitter.finding("stale_feed", "cleared", "warning", began, start_ms, store_id=store.store_id)
            return
        if store.silent_since is not None or not store.beyond_luck(quiet_share, end_ms, self._core.settings):
            return
        store.silent_since = store.quiet_from_ms
        evidence = {
            **measures("hours", silent_hours=(end_ms - store.quiet_from_ms) / HOUR_MS),
            **measures("series", silent_series=float(store.series)),
        }
        emitter.finding(
            "stale_feed", "opened", "warning", store.silent_since, end_ms, store_id=store.store_id, evidence=evidence
        )

    # --- hours ------------------------------------------------------------------------------------------------

    def _hour(self, series: Series, hour: int) -> bool:
        sold = series.hours.pop(hour, None)
        if sold is None:
            return False
        core = self._core
        core.table.touch(series)
        start_ms = hour * HOUR_MS
        cut_ms = start_ms + HOUR_MS + self._windows.hour_offset(series)
        self._intraday.book(series, hour, sold)
        on_hand = on_hand_at(series, start_ms + HOUR_MS - 1)
        if on_hand is not None and on_hand <= 0:
            self._empty_hour(series, hour, on_hand, sold, cut_ms)
        found = self._intraday.look(series, hour, cut_ms)
        self._suspects.hour(series, hour, sold, cut_ms)
        if series.on_hand is not None:
            if found:
                self._risk.replan(series, cut_ms)
            self._risk.confirm(series, cut_ms)
        return True

    def _empty_hour(self, series: Series, hour: int, on_hand: int, sold: int, cut_ms: int) -> None:
        """Count an hour without stock: one with sales had some, whatever the ledger says."""
        start_ms = hour * HOUR_MS
        period = self._core.periods.of(start_ms)
        if sold > 0 and on_hand < 0 and period >= series.next_period:
            # Sold from below zero: the ledger is wrong, so none of this period's hours was seen empty.
            self._windows.window(series, period)[EMPTY_HOURS] = _NEVER_EMPTY
        elif sold <= 0 and period >= series.next_period and self._facts.trading(series.store_id, start_ms):
            self._windows.window(series, period)[EMPTY_HOURS] += 1
            self._intraday.gap(series, cut_ms, start_ms, start_ms + HOUR_MS)
        followed = series.last_sale_ms is not None and start_ms - series.last_sale_ms < _FOLLOWED_EMPTY_DAYS * DAY_MS
        if followed and hour + 1 not in series.hours:
            # No sale will open the next hour of an empty shelf, so it is opened here.
            series.hours[hour + 1] = 0
            self._windows.plan_hour(series, hour + 1)

    # --- periods ----------------------------------------------------------------------------------------------

    def _period(self, series: Series) -> None:
        core = self._core
        period = series.next_period
        window = series.open.pop(period, None) or [0, 0, 0, 0]
        end_ms = core.periods.end_ms(period)
        cut_ms = end_ms + self._windows.period_offset(series)
        in_stock = self._intraday.in_stock_share(series, period, cut_ms) if window[EMPTY_HOURS] >= 0 else None
        hidden_ms = max(0, window[EMPTY_HOURS]) * HOUR_MS + window[OUT_MS]
        exposure = self._facts.exposure(series, period, hidden_ms, in_stock, cut_ms)
        stood_empty = self._stood_empty(series, period, window[SOLD])
        if stood_empty:
            exposure = 0.0
        taught = exposure >= core.settings.exposure_floor
        history = core.archive.of(series)
        model, lesson = self._learn(series, history, period, window[SOLD], exposure)
        self._intraday.close_day(series, history, period, taught)
        history.append(period, window[SOLD], window[RETURNED], taught)
        history.rest = 0
        if lesson.lost_units > 0.0 and (stood_empty or hidden_ms > 0):
            self._count_lost(series, period, lesson.lost_units, cut_ms)
        series.next_period = period + 1
        expected = self._issue(series, history, model, period + 1)
        # What a category sells is no yardstick for the hours of a product that never sold.
        self._intraday.open_day(series, history, None if model.never_sold else expected)
        self._suspects.open_day(series, history)
        history.model = model.encode()
        self._say_luck(series, model, expected)
        core.archive.keep(series, history)
        core.emitter.count("periods_closed")
        core.table.touch(series)
        if self._windows.may_sleep(series):
            self._windows.put_to_sleep(series)
        self._windows.plan_next(series)
        if series.on_hand is not None:
            self._risk.close_period(series, end_ms, model)
            self._risk.confirm(series, cut_ms)

    def _stood_empty(self, series: Series, period: int, sold: int) -> bool:
        """Return whether the shelf was empty before the period began, and nothing sold says otherwise."""
        since = series.stockout_since
        return sold <= 0 and since is not None and since <= self._facts.trading_ms(period)[0]

    def _count_lost(self, series: Series, period: int, units: float, cut_ms: int) -> None:
        """Count what an empty shelf kept from being sold, in units and money; not where the till was shut or silent."""
        if self._facts.exposure(series, period, 0, None, cut_ms) <= 0.0:
            return
        emitter = self._core.emitter
        emitter.count(LOST_UNITS, round(units * THOUSANDTHS))
        price = self._facts.own_price(series, self._core.periods.start_ms(period))
        if price is not None:
            emitter.count(f"{LOST_MONEY}{price[1]}", round(units * price[0] * 100))

    def _learn(
        self, series: Series, history: History, period: int, sold: int, exposure: float
    ) -> tuple[SeriesStack, StackLesson]:
        core = self._core
        model, start_ms = core.model(history), core.periods.start_ms(period)
        past = self._facts.past(history, watched=core.watch is not None)
        promotions = self._facts.promotions(series, period, start_ms)
        x = self._facts.features(series, past, period, start_ms, promotions)
        name = self._facts.category(series, start_ms)
        taught = exposure >= core.settings.exposure_floor
        if core.promotions is not None:
            core.promotions.open(series, history, model, period)
        units = max(0, sold) / THOUSANDTHS
        lesson = model.close(units, x, core.pool.category(name), period, exposure)
        if core.promotions is not None:
            core.promotions.close(series, period, lesson.demand_units if taught else None)
        if name:
            core.mix.add(series.store_id, name, period, units)
        costs = self._facts.unit_costs(series, period) if taught or core.watch is not None else None
        if core.watch is not None:
            told = costs, core.periods.first_day(period), name, *history.classes
            core.watch(WatchedClose(series.store_id, series.sku, start_ms, exposure, x, lesson, *told))
        if taught:
            self._teach_candidates(series, name, period, promotions, lesson)
            if core.score_from_ms is None or start_ms >= core.score_from_ms:
                quantiles = core.board.add(lesson, period, costs)
                self._degraded.look(name, period, lesson, model.observed, quantiles)
            self._drifts.look(series, history, lesson, model, period, name)
            self._say_lesson(series, history, lesson, model, core.periods.end_ms(period))
            outlier = outlier_of(lesson)
            if outlier is not None:
                core.emitter.count(f"{OUTLIERS}{outlier}")
        return model, lesson

    def _teach_candidates(
        self, series: Series, category: str, period: int, promotions: Promotions, lesson: StackLesson
    ) -> None:
        """Let what may move demand from outside compete, by a period that was seen whole."""
        issued, y = lesson.forecast, lesson.y_units
        if issued is None or y is None:
            return
        candidates = self._facts.candidates(category)
        if not candidates.wants(period):
            return
        start_ms = self._core.periods.start_ms(period)
        values = self._facts.drivers.values(series, category, period, start_ms, promotions)
        if not values:
            return
        spread = issued.distribution
        candidates.learn(period, y, issued.mean_units, spread.dispersion, spread.grain, values)

    def _issue(self, series: Series, history: History, model: SeriesStack, period: int) -> StackForecast | None:
        core, facts = self._core, self._facts
        start_ms = core.periods.start_ms(period)
        category = facts.category(series, start_ms)
        promotions = facts.promotions(series, period, start_ms)
        x = facts.features(series, facts.past(history), period, start_ms, promotions)
        if core.reference.signals:
            facts.drivers.advance(series, category, period, start_ms)
        values = facts.drivers.values(series, category, period, start_ms, promotions)
        expected = model.issue(x, core.pool.category(category), facts.candidates(category).factor(period, values))
        if expected is not None:
            if core.mix.is_turn(period, series.crc):
                history.classes = facts.classify(series, model, period)
            core.emitter.forecast(series, start_ms, start_ms, expected, history.classes)
        return expected

    def _say_luck(self, series: Series, model: SeriesStack, expected: StackForecast | None) -> None:
        """Keep the store's chance of a period without any sale up to date."""
        if expected is None:
            return
        store = self._core.stores.by_id[series.store_id]
        chance = math.log1p(-min(model.share_sold, _MAX_SALE_SHARE))
        if model.share_sold > _SELLS_ALWAYS and model.observed >= 2 * self._core.settings.season:
            # It sold in every period for two seasons: its own distribution knows better than a share that is capped.
            chance = min(chance, math.log(max(expected.distribution.cdf(0.0), _LEAST_CHANCE)))
        store.no_sale_log += chance - series.no_sale_log
        series.no_sale_log = chance
        self._core.stores.touch(store)

    # --- what a lesson says -----------------------------------------------------------------------------------

    def _say_lesson(
        self, series: Series, history: History, lesson: StackLesson, model: SeriesStack, end_ms: int
    ) -> None:
        self._second_look.take(series, history, model, series.next_period, lesson.demand_units)
        if lesson.forecast is None or lesson.y_units is None:
            return
        if series.last_sale_ms is not None:
            self._suspects.period(series, history, lesson.forecast, lesson.y_units, end_ms)
        expected = lesson.forecast
        chance = expected.distribution.cdf(lesson.y_units)
        told = series.slump_since is not None
        if not told and chance < SURPRISE and lesson.y_units > 0 and model.observed >= 2 * self._core.settings.season:
            started = self._core.periods.start_ms(series.next_period)
            evidence = {
                **measures("units", sold_units=lesson.y_units, expected_units=expected.mean_units),
                **measures("share", probability_share=chance),
            }
            emit = self._core.emitter.finding
            now = series.next_period
            why = self._causes.of_run(series, history, model, now, now, end_ms, lesson.demand_units)
            emit(
                "demand_slump", "opened", "warning", started, end_ms, series,
                evidence=evidence, reasons=why.reasons, causes=why.causes,
            )  # fmt: skip
            emit("demand_slump", "cleared", "warning", started, end_ms, series)
