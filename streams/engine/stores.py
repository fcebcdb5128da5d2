"""Is a store open, closed, or silent? Zero, closed and silent are three things.

::

             sale in the hour                    no sale for so many trading hours that luck is out of the question
    talking ◄───────────────── silent   talking ───────────────────────────────────────────────────────────► silent
                                                 stale_feed opened, its periods teach nothing until a sale clears it

Luck: the chance that none of the store's series in this task sells, `exp(sum of log(1 - P(a period has a sale)))`, for
as long as it was quiet. A slot of the season (a weekday) that was empty twice running, not by luck, is a closing day. A
period that is empty, and luck is out of the question for the run of empty periods that it ends, is *dark*: unknown, not
zero. So one slow product alone in its store still learns its zeros, and a whole store's Saturday is never a zero.

Luck alone is too sure of itself: products stop selling together when a shop closes early. So only *sure* hours count,
those of the day in which the store has sold on nearly every day that it was open; a shop's own hours are learnt.

The one rule: silence is judged on this task's own share of the store, so it needs nobody else's counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from schemas.quantities import DAY_MS, HOUR_MS
from streams.sealing import seal, unseal

if TYPE_CHECKING:
    from streams.settings import ShopSettings

#: Before it is this old, a store's week is not known well enough to call it silent.
_MATURE_MS = 14 * DAY_MS
#: Empty periods running in one slot of the season that make it a closing day.
_CLOSED_AFTER = 2
_KEPT_PERIODS = 4
_DAY_HOURS = 24
#: An hour of the day is sure when it was quiet on at most this share of the open days, of which so many are known.
_SURE_QUIET, _SURE_DAYS = 0.05, 10
#: Open days over which that share is remembered.
_MEMORY_DAYS = 28


class StoreState:
    """What a task knows of one store."""

    __slots__ = (
        "first_ms",
        "hour_quiet",
        "hours",
        "next_hour",
        "next_period",
        "no_sale_log",
        "open_days",
        "periods",
        "quiet_from_ms",
        "quiet_share",
        "quiet_periods",
        "series",
        "silences",
        "silent_since",
        "slot_empty",
        "sold_hours",
        "store_id",
        "dark",
    )

    def __init__(self, store_id: str, first_ms: int, next_hour: int, next_period: int, season: int) -> None:
        self.store_id = store_id
        self.first_ms = first_ms
        self.next_hour = next_hour
        self.next_period = next_period
        self.hours: set[int] = set()
        self.periods: set[int] = set()
        self.dark: list[int] = []
        self.quiet_periods = 0
        self.slot_empty = [0] * season
        self.hour_quiet = [0.0] * _DAY_HOURS
        self.open_days = 0
        self.sold_hours: set[int] = set()
        self.quiet_share = 0.0
        self.quiet_from_ms = first_ms
        self.silent_since: int | None = None
        self.silences: list[tuple[int, int]] = []
        self.no_sale_log = 0.0
        self.series = 0

    def closing_day(self, slot: int, settings: ShopSettings) -> bool:
        """Return whether the store is taken to be closed in this slot of the season."""
        empty = self.slot_empty[slot]
        return empty >= _CLOSED_AFTER and self._out_of_the_question(empty, settings)

    def _out_of_the_question(self, periods: float, settings: ShopSettings) -> bool:
        return self.no_sale_log * periods < math.log(settings.silence_probability)

    def sure_hours(self) -> list[int]:
        """Return the hours of the day in which the store sells on nearly every open day; none while it is young."""
        if self.open_days < _SURE_DAYS:
            return []
        return [local for local, quiet in enumerate(self.hour_quiet) if quiet <= _SURE_QUIET]

    def close_hour(self, hour: int, start_ms: int, local_hour: int, trading: bool) -> bool:
        """Book a closed hour; True when it had a sale."""
        self.next_hour = hour + 1
        if hour in self.hours:
            self.hours.discard(hour)
            self.sold_hours.add(local_hour)
            self.quiet_share = 0.0
            self.quiet_from_ms = start_ms + HOUR_MS
            return True
        sure = self.sure_hours()
        if trading and local_hour in sure:
            self.quiet_share += 1 / len(sure)
        return False

    def _learn_day(self) -> None:
        gain = max(1 / _MEMORY_DAYS, 1 / (self.open_days + 1))
        for local, quiet in enumerate(self.hour_quiet):
            self.hour_quiet[local] = quiet + gain * ((local not in self.sold_hours) - quiet)
        self.open_days += 1
        self.sold_hours = set()

    def close_period(self, period: int, slot: int, settings: ShopSettings) -> bool:
        """Book a closed period; True when it had a sale."""
        self.next_period = period + 1
        if period in self.periods:
            self.periods.discard(period)
            self.slot_empty[slot] = 0
            self.quiet_periods = 0
            self._learn_day()
            return True
        closed = self.closing_day(slot, settings)
        self.slot_empty[slot] += 1
        self.quiet_periods += not closed
        if closed or self._out_of_the_question(self.quiet_periods, settings):
            self.dark = [*self.dark[-_KEPT_PERIODS + 1 :], period]
        return False

    def beyond_luck(self, periods: float, now_ms: int, settings: ShopSettings) -> bool:
        """Return whether so many quiet periods cannot be luck, in a store known well enough to say so."""
        if self.series < settings.silence_series or now_ms - self.first_ms < _MATURE_MS:
            return False
        return self._out_of_the_question(periods, settings)

    def speak(self, at_ms: int) -> int | None:
        """End a silence; return when it had begun."""
        began, self.silent_since = self.silent_since, None
        if began is not None:
            self.silences = [*self.silences[-9:], (began, at_ms)]
        return began

    def silent_spans(self, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """Return the parts of an interval in which the store was silent."""
        spans = self.silences if self.silent_since is None else [*self.silences, (self.silent_since, until_ms)]
        cut = [(max(begin, from_ms), min(end, until_ms)) for begin, end in spans]
        return [(begin, end) for begin, end in cut if begin < end]

    def encode(self) -> bytes:
        """Return the sealed field."""
        state = {name: getattr(self, name) for name in self.__slots__}
        state |= {name: sorted(state[name]) for name in ("hours", "periods", "sold_hours")}
        return seal(json.dumps(state, separators=(",", ":"), sort_keys=True).encode())

    @classmethod
    def decode(cls, field: bytes, name: str) -> StoreState:
        """Return the store in a sealed field."""
        state = json.loads(unseal(field, name))
        store = cls(state["store_id"], 0, 0, 0, 0)
        for key, value in state.items():
            setattr(store, key, value)
        store.hours, store.periods, store.sold_hours = (set(state[name]) for name in ("hours", "periods", "sold_hours"))
        store.silences = [(begin, end) for begin, end in state["silences"]]
        return store


class StoreTable:
    """All stores of a task; one field `s:<store>` each."""

    def __init__(self) -> None:
        self.by_id: dict[str, StoreState] = {}
        self._dirty: set[str] = set()

    def touch(self, store: StoreState) -> None:
        """Remember that a store changed."""
        self._dirty.add(store.store_id)

    def writes(self) -> dict[str, bytes | None]:
        """Return the dirty fields, and count them as clean."""
        fields: dict[str, bytes | None] = {f"s:{name}": self.by_id[name].encode() for name in sorted(self._dirty)}
        self._dirty.clear()
        return fields

    @classmethod
    def load(cls, state: Mapping[str, bytes]) -> StoreTable:
        """Return the table in a snapshot."""
        table = cls()
        for name in sorted(name for name in state if name.startswith("s:")):
            store = StoreState.decode(state[name], name)
            table.by_id[store.store_id] = store
        return table
