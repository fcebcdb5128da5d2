"""Windows: which hours and periods of a series are open, and when each of them is closed.

::

    first event ─► series, store made ─► next period planned ─┐
    sale in a new hour ─► hour opened ─► hour planned ────────┼─► agenda: due = end + slack + CRC-32 mod spread
    store made ─► its next hour (or period) planned ──────────┘

With models, every period of a series is closed, for a day without a sale teaches a zero. Without them an empty period
says nothing, so it is *lapsed*: only periods in which something happened are planned, and those between are put into
the history as zeros when the next one closes.

The one rule: what is on the agenda follows from the state alone, so that a restart plans the same closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.quantities import HOUR_MS
from streams.engine.agenda import Close, WorkItem
from streams.engine.series import Series
from streams.engine.stores import StoreState

if TYPE_CHECKING:
    from streams.engine.core import Core


class Windows:
    """The open windows of one task."""

    def __init__(self, core: Core) -> None:
        self._core = core
        #: Whether empty periods lapse.
        self.lazy = core.settings.models == "none"
        for store in core.stores.by_id.values():
            self.plan_store(store)
        for series in core.table:
            self._plan_all(series)

    def _plan_all(self, series: Series) -> None:
        for hour in series.hours:
            self.plan_hour(series, hour)
        if self.lazy:
            for period in series.open:
                self._plan_period(series, period)
        else:
            self.plan_next(series)

    # --- series and stores --------------------------------------------------------------------------------------

    def series(self, store_id: str, sku: str, at_ms: int) -> Series:
        """Return a series, made at its first event."""
        core = self._core
        found = core.table.by_name.get(f"{store_id}|{sku}")
        if found is not None and found.asleep:
            self.wake(found, max(core.periods.of(at_ms), found.next_period))
        if found is None:
            found = core.table.add(Series(store_id, sku, core.periods.of(at_ms)))
            store = self._store(store_id, at_ms)
            store.series += 1
            core.stores.touch(store)
            if not self.lazy:
                self.plan_next(found)
        return found

    def _store(self, store_id: str, at_ms: int) -> StoreState:
        core = self._core
        found = core.stores.by_id.get(store_id)
        if found is None:
            period = core.periods.of(at_ms)
            found = StoreState(store_id, at_ms, at_ms // HOUR_MS, period, core.settings.season)
            core.stores.by_id[store_id] = found
            core.stores.touch(found)
            self.plan_store(found)
        return found

    def plan_store(self, store: StoreState) -> None:
        """Put the next close of a store on the agenda: its hour, or its period where hours are not looked at."""
        core = self._core
        if core.settings.intraday:
            ordinal = store.next_hour
            end = (ordinal + 1) * HOUR_MS
        else:
            ordinal = store.next_period
            end = core.periods.end_ms(ordinal)
        core.agenda.put(WorkItem(end + core.settings.slack_ms, Close.STORE, store.store_id, ordinal))

    def store_sold(self, store_id: str, hour: int, period: int) -> None:
        """Remember that a store has sold in an hour and a period that are not closed."""
        core = self._core
        store = core.stores.by_id[store_id]
        if period not in store.periods and period >= store.next_period:
            store.periods.add(period)
            core.stores.touch(store)
        if core.settings.intraday and hour not in store.hours and hour >= store.next_hour:
            store.hours.add(hour)
            core.stores.touch(store)

    # --- hours --------------------------------------------------------------------------------------------------

    def hour_offset(self, series: Series) -> int:
        """Return how long after its end (and the slack) a series' hour is closed."""
        return series.crc % self._core.settings.hour_spread_ms

    def plan_hour(self, series: Series, hour: int) -> None:
        """Put the close of a series' hour on the agenda."""
        due = (hour + 1) * HOUR_MS + self._core.settings.slack_ms + self.hour_offset(series)
        self._core.agenda.put(WorkItem(due, Close.HOUR, series.name, hour))

    def add_to_hour(self, series: Series, hour: int, units: int) -> None:
        """Add to an open hour; what comes after its hour was closed waits for the next close, so that there is one."""
        if hour in series.hours:
            series.hours[hour] += units
            return
        core = self._core
        past_ms = core.clock.newest_ms - core.settings.slack_ms - self.hour_offset(series)
        if past_ms >= (hour + 1) * HOUR_MS:
            hour, units = past_ms // HOUR_MS, 0
        if hour in series.hours:
            return
        series.hours[hour] = units
        self.plan_hour(series, hour)

    # --- periods ------------------------------------------------------------------------------------------------

    def period_offset(self, series: Series) -> int:
        """Return how long after its end (and the slack) a series' period is closed."""
        return series.crc % self._core.settings.period_spread_ms

    def plan_next(self, series: Series) -> None:
        """Put the close of a series' oldest period that is not closed on the agenda; a lapsing one needs none."""
        if not self.lazy and not series.asleep:
            self._plan_period(series, series.next_period)

    def _plan_period(self, series: Series, period: int) -> None:
        self._core.agenda.put(WorkItem(self._due_ms(series, period), Close.PERIOD, series.name, period))

    def _due_ms(self, series: Series, period: int) -> int:
        return self._core.periods.end_ms(period) + self._core.settings.slack_ms + self.period_offset(series)

    def window(self, series: Series, period: int) -> list[int]:
        """Return the window of a period that is not closed, opening it where needed."""
        found = series.open.get(period)
        if found is None:
            found = series.open[period] = [0, 0, 0, 0]
            if self.lazy:
                self._plan_period(series, period)
        return found

    def begin_earlier(self, series: Series, period: int, at_ms: int) -> bool:
        """Let a series begin earlier when its first events came out of order and nothing was closed yet."""
        core = self._core
        if core.archive.holds(series):
            history = core.archive.of(series)
            in_order = at_ms > core.clock.newest_ms - core.settings.slack_ms
            slept = history.rest and not history.sold[-1] and period == series.next_period - 1
            if series.asleep or not slept or not in_order:
                return False
            history.wake_earlier()
            core.archive.keep(series, history)
        series.next_period = period
        self.plan_next(series)
        return True

    # --- sleep --------------------------------------------------------------------------------------------------

    def may_sleep(self, series: Series) -> bool:
        """Return whether a series whose period was closed just now need not be closed until something happens to it."""
        core, limit = self._core, self._core.settings.sleep_after_periods
        if not limit or series.open or series.hours or series.orders or series.drift_since is not None:
            return False
        if series.on_hand is not None and series.on_hand > 0:
            return False
        if series.last_sale_ms is not None:
            return series.next_period - core.periods.of(series.last_sale_ms) > limit
        return series.next_period - core.archive.of(series).first > limit

    def put_to_sleep(self, series: Series) -> None:
        """Close a series no more; it has no part any longer in what is expected of its store."""
        store = self._core.stores.by_id[series.store_id]
        store.no_sale_log -= series.no_sale_log
        series.no_sale_log = 0.0
        self._core.stores.touch(store)
        series.asleep = True

    def wake(self, series: Series, period: int) -> None:
        """Go on with a series at the period of the event that wakes it; those before are zeros that nobody looked at.

        Zeros are believed where the stock is unknown, and taught in one go; an empty shelf teaches nothing.
        """
        if period < series.next_period:
            return  # A late event corrects the past, and wakes nobody.
        core = self._core
        history = core.archive.of(series)
        core.emitter.count("periods_slept", history.sleep_until(period, series.on_hand is None))
        core.archive.keep(series, history)
        series.asleep, series.next_period = False, period
        core.table.touch(series)
        self.plan_next(series)

    def lapse(self, series: Series) -> None:
        """Close the empty periods of a lapsing series whose time is over, so that a late event finds them closed."""
        core = self._core
        if not self.lazy or self._due_ms(series, series.next_period) > core.clock.newest_ms:
            return
        period = series.next_period
        while self._due_ms(series, period + 1) <= core.clock.newest_ms:
            period += 1
        if any(one <= period for one in series.open):
            return  # It is about to be closed, in its turn.
        history = core.archive.of(series)
        core.emitter.count("periods_closed", history.skip_to(period + 1, series.next_period))
        series.next_period = period + 1
        core.archive.keep(series, history)
        core.table.touch(series)
