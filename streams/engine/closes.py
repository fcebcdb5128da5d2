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

from schemas.quantities import DAY_MS, HOUR_MS, THOUSANDTHS
from streams.engine.agenda import Close, WorkItem
from streams.engine.causes import Causes
from streams.engine.degraded import Degraded
from streams.engine.drifts import Drifts
from streams.engine.emitter import measures
from streams.engine.intraday import Intraday
from streams.engine.ledger import on_hand_at
from streams.engine.second_look import SecondLook
from streams.engine.series import EMPTY_HOURS, OUT_MS, RETURNED, SOLD
from streams.engine.watch import WatchedClose
from streams.features import HISTORY_PERIODS, past_features

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
#: A zero run this unlikely, the shelf not known to be empty, is a suspected stock-out, if it is also longer than this
#: many times the longest run before it: some products always come in bursts.
ZERO_RUN = 1e-5
_LONGER_RUN = 1.5
_FOLLOWED_EMPTY_DAYS = 30
_MAX_SALE_SHARE = 0.99
_SELLS_ALWAYS, _LEAST_CHANCE = 0.98, 1e-9
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
        if self._stood_empty(series, period, window[SOLD]):
            exposure = 0.0
        taught = exposure >= core.settings.exposure_floor
        history = core.archive.of(series)
        model = self._learn(series, history, period, window[SOLD], exposure)
        self._intraday.close_day(series, history, period, taught)
        history.append(period, window[SOLD], window[RETURNED], taught)
        series.next_period = period + 1
        expected = self._issue(series, history, model, period + 1)
        self._intraday.open_day(series, history, expected)
        history.model = model.encode()
        self._say_luck(series, model, expected)
        core.archive.keep(series, history)
        core.emitter.count("periods_closed")
        core.table.touch(series)
        self._windows.plan_next(series)
        if series.on_hand is not None:
            self._risk.replan(series, end_ms, model)
            self._risk.confirm(series, cut_ms)

    def _stood_empty(self, series: Series, period: int, sold: int) -> bool:
        """Return whether the shelf was empty before the period began, and nothing sold says otherwise."""
        since = series.stockout_since
        return sold <= 0 and since is not None and since <= self._facts.trading_ms(period)[0]

    def _learn(self, series: Series, history: History, period: int, sold: int, exposure: float) -> SeriesStack:
        core = self._core
        model, start_ms = core.model(history), core.periods.start_ms(period)
        x = self._facts.features(series, past_features(history.units(HISTORY_PERIODS)), period, start_ms)
        category = self._facts.category(series, start_ms)
        taught = exposure >= core.settings.exposure_floor
        if core.promotions is not None:
            core.promotions.open(series, history, model, period)
        lesson = model.close(max(0, sold) / THOUSANDTHS, x, core.pool.category(category), period, exposure)
        if core.promotions is not None:
            core.promotions.close(series, period, lesson.demand_units if taught else None)
        if core.watch is not None:
            costs = self._facts.unit_costs(series, period)
            core.watch(WatchedClose(series.store_id, series.sku, start_ms, exposure, x, lesson, costs=costs))
        if taught:
            if core.score_from_ms is None or start_ms >= core.score_from_ms:
                costs = self._facts.unit_costs(series, period)
                self._degraded.look(category, period, lesson, model.observed, core.board.add(lesson, period, costs))
            self._drifts.look(series, lesson, model, period, category)
            self._say_lesson(series, history, lesson, model, core.periods.end_ms(period))
        return model

    def _issue(self, series: Series, history: History, model: SeriesStack, period: int) -> StackForecast | None:
        start_ms = self._core.periods.start_ms(period)
        x = self._facts.features(series, past_features(history.units(HISTORY_PERIODS)), period, start_ms)
        expected = model.issue(x, self._core.pool.category(self._facts.category(series, start_ms)))
        if expected is not None:
            self._core.emitter.forecast(series, start_ms, start_ms, expected)
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
        self._say_zero_run(series, history, lesson.forecast, lesson.y_units, end_ms)
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

    def _say_zero_run(
        self, series: Series, history: History, forecast: StackForecast, y_units: float, end_ms: int
    ) -> None:
        """Add up how unlikely a run of zeros is; `zero_log` is in millionths of a nat, below or at zero."""
        emit = self._core.emitter.finding
        if y_units > 0:
            series.zero_log = 0
            if series.suspect_since is not None:
                emit("suspected_stockout", "cleared", "warning", series.suspect_since, end_ms, series)
                series.suspect_since = None
            return
        chance = max(forecast.distribution.cdf(0.0), 1e-12)
        series.zero_log += round(math.log(chance) * 1e6)
        empty = series.on_hand is not None and series.on_hand <= 0
        implausible = series.zero_log < math.log(ZERO_RUN) * 1e6
        if series.suspect_since is None and not empty and implausible and history.is_longest_run(_LONGER_RUN):
            series.suspect_since = end_ms
            since = series.last_sale_ms or end_ms
            evidence = {
                **measures("days", zero_periods=(end_ms - since) / DAY_MS),
                **measures("share", probability_share=math.exp(series.zero_log / 1e6)),
                **measures(f"units/{self._core.settings.period}", demand_per_day_units=forecast.mean_units),
            }
            emit("suspected_stockout", "opened", "warning", end_ms, end_ms, series, evidence=evidence)
