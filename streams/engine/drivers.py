"""What may move a series' demand from outside in a period, as of an origin: calendar, promotion phases, signals.

::

    country, store ─► holiday? near one? payday? ────────────┐
    promotions of the sku ─► starts, ends, dip after ────────┼─► candidate: value, absent where it says nothing
    signals of country, store, category, sku ─► less usual ──┘

A signal counts as its distance from its own usual value: the level that a series has learnt holds the rest already.
Of one name, the narrowest scope speaks. A value not yet known for a period (a measured one) is the newest that is known
at the origin.

The one rule: usual values move at closes only, in their order, and are state (`u:<scope>|<id>`); a look-up by anyone
else changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from online_models.candidates import Candidates
from schemas.quantities import DAY_MS
from streams.driver_values import DIP_DAYS, EDGE_MS, PromotionSpan, calendar_values, promotion_values
from streams.holiday_calendar import HolidayCalendar
from streams.sealing import seal, unseal

if TYPE_CHECKING:
    from schemas.context import Promotion
    from streams.engine.core import Core
    from streams.engine.series import Series
    from streams.reference import Fact

#: Signals that name holidays; they are told in the column of that name and compete nowhere.
HOLIDAY_SIGNALS: Final = ("holiday", "state_holiday")
_USUAL_GAIN: Final = 1.0 / 21.0
_STALE_MS: Final = 45 * DAY_MS
_ENDLESS_MS: Final = 10_000 * DAY_MS
_CACHE_LIMIT: Final = 20_000
_CANDIDATES, _USUAL = "k:", "u:"


class DayFacts(NamedTuple):
    """What a period is by the calendar of a store."""

    holiday: bool
    values: Mapping[str, float]


class _Usual:
    """A signal's newest two values, each with what was usual before it."""

    __slots__ = ("before", "now", "seen")

    def __init__(self) -> None:
        #: Period, value, usual value.
        self.now: tuple[int, float | None, float | None] = (-1, None, None)
        self.before: tuple[int, float | None, float | None] = (-1, None, None)
        self.seen = 0

    def advance(self, period: int, value: float | None) -> None:
        """Go on to a period."""
        _, last, usual = self.now
        if last is not None:
            self.seen += 1
            usual = last if usual is None else usual + max(_USUAL_GAIN, 1.0 / self.seen) * (last - usual)
        self.before, self.now = self.now, (period, value, usual)


class DriverTable:
    """State of one task: the candidates of its categories, and the usual values of the signals that it has met."""

    def __init__(self, memory_periods: float) -> None:
        self._memory_periods = memory_periods
        self._candidates: dict[str, Candidates] = {}
        self._usual: dict[str, dict[str, _Usual]] = {}
        self._dirty: set[str] = set()
        #: Counts what was noted since the task was made; no state, but what was looked up before is stale after.
        self.revision = 0

    def candidates(self, category: str) -> Candidates:
        """Return those of a category; a new one has learnt nothing."""
        found = self._candidates.get(category)
        if found is None:
            found = self._candidates[category] = Candidates(self._memory_periods)
        return found

    def by_category(self) -> Iterator[tuple[str, Candidates]]:
        """Yield all that have learnt something, by name."""
        yield from sorted(self._candidates.items())

    def advance(self, place: str, name: str, period: int, value: float | None) -> None:
        """Note a signal's value of a period that is forecast."""
        usual = self._usual.setdefault(place, {}).setdefault(name, _Usual())
        usual.advance(period, value)
        self.revision += 1
        self._dirty.add(place)

    def usual(self, place: str, name: str) -> _Usual | None:
        """Return what is known of a signal's values."""
        return self._usual.get(place, {}).get(name)

    def writes(self) -> dict[str, bytes | None]:
        """Return every field that changed, and count them as clean."""
        fields: dict[str, bytes | None] = {}
        for name, candidates in sorted(self._candidates.items()):
            if candidates.changed:
                candidates.changed = False
                fields[_CANDIDATES + name] = seal(candidates.encode())
        for place in sorted(self._dirty):
            rows = {name: [one.now, one.before, one.seen] for name, one in self._usual[place].items()}
            fields[_USUAL + place] = seal(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode())
        self._dirty.clear()
        return fields

    def load(self, state: Mapping[str, bytes]) -> None:
        """Take over what `writes` gave."""
        for name, field in state.items():
            if name.startswith(_CANDIDATES):
                self.candidates(name[len(_CANDIDATES) :]).restore(unseal(field, name))
            elif name.startswith(_USUAL):
                rows = self._usual[name[len(_USUAL) :]] = {}
                for signal, (now, before, seen) in json.loads(unseal(field, name)).items():
                    one = rows[signal] = _Usual()
                    one.now, one.before, one.seen = tuple(now), tuple(before), seen


class Drivers:
    """Look-ups of one task."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._calendar = HolidayCalendar(core.settings.own_days)
        self._days: dict[tuple[object, ...], DayFacts] = {}
        self._countries: dict[tuple[str, int, int], str] = {}
        self._advanced: set[tuple[object, ...]] = set()
        self._signals: dict[tuple[object, ...], dict[str, float]] = {}

    # --- calendar ---------------------------------------------------------------------------------------------

    def country(self, store_id: str, at_ms: int) -> str:
        """Return a store's country, the shop's where the catalog names none."""
        key = (store_id, at_ms, self._core.view.catalog_end)
        found = self._countries.get(key)
        if found is None:
            if len(self._countries) >= _CACHE_LIMIT:
                self._countries.clear()
            store = self._core.view.store(store_id, at_ms)
            found = (store.country if store is not None else None) or self._core.settings.country
            self._countries[key] = found
        return found

    def day(self, store_id: str, period: int, origin_ms: int) -> DayFacts:
        """Return what a period is by the calendar of a store, as known at an origin."""
        view = self._core.view
        key = (store_id, period, origin_ms, view.catalog_end, view.context_end)
        found = self._days.get(key)
        if found is None:
            if len(self._days) >= _CACHE_LIMIT:
                self._days.clear()
            found = self._days[key] = self._look_up_day(store_id, period, origin_ms)
        return found

    def _look_up_day(self, store_id: str, period: int, origin_ms: int) -> DayFacts:
        core = self._core
        first, days = core.periods.first_day(period), core.periods.days(period)
        country = self.country(store_id, origin_ms)
        named = [name for name in HOLIDAY_SIGNALS if name in core.reference.signals.names("store", store_id)]

        def is_holiday(ahead: int) -> bool:
            if self._calendar.is_holiday(country, store_id, first + timedelta(days=ahead)):
                return True
            if not named:
                return False
            at_ms = core.periods.start_ms(period) if days > 1 else core.periods.start_ms(period + ahead)
            return any(core.view.signal("store", store_id, name, at_ms, origin_ms) for name in named)

        if days > 1:
            holiday = any(is_holiday(ahead) for ahead in range(min(days, 7)))
            return DayFacts(holiday, calendar_values(first, None, False, days))
        until = self._calendar.days_until(country, store_id, first)
        if named:
            until = next((ahead for ahead in range(4) if is_holiday(ahead)), None)
        return DayFacts(until == 0, calendar_values(first, until, is_holiday(-1), days))

    # --- promotions -------------------------------------------------------------------------------------------

    def promotions(
        self, series: Series, start_ms: int, end_ms: int, origin_ms: int
    ) -> tuple[PromotionSpan | None, PromotionSpan | None]:
        """Return the deepest promotion that touches an interval, and the newest that was over before it."""
        since_ms, until_ms = start_ms - DIP_DAYS * DAY_MS, end_ms + EDGE_MS
        running: Fact[Promotion] | None = None
        spans: list[tuple[int, int]] = []
        for fact in self._core.view.promotions(series.store_id, series.sku, since_ms, until_ms, origin_ms):
            spans.append((fact.from_ms, fact.to_ms))
            runs = fact.from_ms < end_ms and fact.to_ms > start_ms
            if runs and (running is None or (fact.body.depth or 0.0) > (running.body.depth or 0.0)):
                running = fact
        if running is None:
            ended_ms = max((to_ms for _, to_ms in spans if to_ms <= start_ms), default=None)
            return None, None if ended_ms is None else PromotionSpan(since_ms, ended_ms, None)
        from_ms, to_ms = running.from_ms, running.to_ms
        # One promotion may be told day by day: what touches it goes on with it.
        for begin, end in sorted(spans, reverse=True):
            from_ms = begin if begin < from_ms <= end else from_ms
        for begin, end in sorted(spans):
            to_ms = end if begin <= to_ms < end else to_ms
        endless = to_ms > start_ms + _ENDLESS_MS
        return PromotionSpan(from_ms, None if endless else to_ms, running.body.depth), None

    # --- signals ----------------------------------------------------------------------------------------------

    def _shared(self, store_id: str, category: str, at_ms: int) -> Sequence[tuple[str, str]]:
        """Return what the signals of a series and its neighbours may speak of, from wide to narrow."""
        parts = category.split("/") if category else []
        paths = [("category", "/".join(parts[: depth + 1])) for depth in range(len(parts))]
        return (("country", self.country(store_id, at_ms)), ("store", store_id), *paths)

    def advance(self, series: Series, category: str, period: int, origin_ms: int) -> None:
        """Take note of the signals of a period that is about to be forecast; only closes may call this."""
        core = self._core
        if core.reference.signals.names("sku", series.sku):
            self._advance("sku", series.sku, period, origin_ms)
        # Done for one series, it is done for its neighbours: what was noted of a period stands.
        key = (series.store_id, category, period, core.view.catalog_end, core.view.context_end)
        if key in self._advanced:
            return
        if len(self._advanced) >= _CACHE_LIMIT:
            self._advanced.clear()
        self._advanced.add(key)
        for scope, scope_id in self._shared(series.store_id, category, origin_ms):
            self._advance(scope, scope_id, period, origin_ms)

    def _advance(self, scope: str, scope_id: str, period: int, origin_ms: int) -> None:
        core, place = self._core, f"{scope}|{scope_id}"
        for name in core.reference.signals.names(scope, scope_id):
            if name in HOLIDAY_SIGNALS:
                continue
            usual = core.drivers.usual(place, name)
            if usual is None or usual.now[0] < period:
                value = self._value(scope, scope_id, name, period, origin_ms)
                if usual is not None or value is not None:
                    core.drivers.advance(place, name, period, value)

    def _value(self, scope: str, scope_id: str, name: str, period: int, origin_ms: int) -> float | None:
        periods = self._core.periods
        # The middle of a period: a fact about a day of another zone's calendar is meant for the day it covers most.
        at_ms = (periods.start_ms(period) + periods.end_ms(period)) // 2
        return self._core.view.signal(scope, scope_id, name, at_ms, origin_ms, _STALE_MS)

    def signals(self, series: Series, category: str, period: int, origin_ms: int) -> Mapping[str, float]:
        """Return each signal's distance from its usual value, for a period."""
        core = self._core
        view, store_id = core.view, series.store_id
        key = (store_id, category, period, origin_ms, view.catalog_end, view.context_end, core.drivers.revision)
        shared = self._signals.get(key)
        if shared is None:
            if len(self._signals) >= _CACHE_LIMIT:
                self._signals.clear()
            shared = self._signals[key] = {}
            for scope, scope_id in self._shared(store_id, category, origin_ms):
                self._distances(shared, scope, scope_id, period, origin_ms)
        if not core.reference.signals.names("sku", series.sku):
            return shared
        own = dict(shared)
        self._distances(own, "sku", series.sku, period, origin_ms)
        return own

    def _distances(self, found: dict[str, float], scope: str, scope_id: str, period: int, origin_ms: int) -> None:
        core = self._core
        for name in core.reference.signals.names(scope, scope_id):
            usual = core.drivers.usual(f"{scope}|{scope_id}", name)
            if usual is None:
                continue
            if usual.now[0] == period:
                _, value, mean = usual.now
            elif usual.before[0] == period:
                _, value, mean = usual.before
            elif period > usual.now[0]:
                value, mean = self._value(scope, scope_id, name, period, origin_ms), usual.now[2]
            else:
                continue
            if value is not None and mean is not None and value != mean:
                found[name] = value - mean

    # --- all of it --------------------------------------------------------------------------------------------

    def values(
        self,
        series: Series,
        category: str,
        period: int,
        origin_ms: int,
        promotions: tuple[PromotionSpan | None, PromotionSpan | None],
    ) -> dict[str, float]:
        """Return every candidate that says something of a period."""
        values = {
            **self.day(series.store_id, period, origin_ms).values,
            **promotion_values(*promotions, self._core.periods.start_ms(period)),
        }
        if self._core.reference.signals:
            values.update(self.signals(series, category, period, origin_ms))
        return values
