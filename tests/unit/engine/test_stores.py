"""Zero, closed and silent: what a store's hours and periods tell."""

from __future__ import annotations

import math

from schemas.quantities import DAY_MS, HOUR_MS
from streams.engine.stores import StoreState
from streams.settings import ShopSettings
from tests.unit.engine.bench import at

SHOP = ShopSettings()
FIRST_HOUR = at(0) // HOUR_MS


def run(store: StoreState, day: int, sold: set[int], trading: range = range(6, 22)) -> None:
    """Close the 24 hours of a day, those in `sold` with a sale, and the day itself."""
    for local in range(24):
        hour = FIRST_HOUR + day * 24 + local
        if local in sold:
            store.hours.add(hour)
            store.periods.add(day)
        assert store.close_hour(hour, hour * HOUR_MS, local, local in trading) == (local in sold)
    store.close_period(day, day % 7, SHOP)


def shop(weeks: int, hours: range, series: int = 20) -> StoreState:
    """A store that has sold in these hours of each day for some weeks."""
    store = StoreState("s1", at(0), FIRST_HOUR, 0, 7)
    store.series = series
    store.no_sale_log = series * math.log(0.5)
    for day in range(7 * weeks):
        run(store, day, set(hours))
    return store


def test_the_quiet_of_its_own_closed_hours_is_no_silence() -> None:
    store = shop(3, range(9, 17))
    assert store.sure_hours() == list(range(9, 17))
    run(store, 21, set(range(9, 17)))
    # From five in the afternoon it never sells, whatever the usual hours say.
    assert store.quiet_share == 0.0
    assert store.quiet_from_ms == at(21, 17)


def test_no_hour_is_sure_before_ten_open_days() -> None:
    store = shop(1, range(9, 17))
    assert store.sure_hours() == []
    run(store, 7, set())
    assert store.quiet_share == 0.0


def test_each_quiet_hour_weighs_its_share_of_the_sure_hours() -> None:
    store = shop(3, range(9, 17))
    run(store, 21, {9, 10})
    assert math.isclose(store.quiet_share, 6 / 8)
    assert store.quiet_from_ms == at(21, 11)


def test_an_hour_outside_its_calendar_does_not_count() -> None:
    store = shop(3, range(9, 17))
    run(store, 21, {9}, trading=range(9, 12))
    assert math.isclose(store.quiet_share, 2 / 8)


def test_an_hour_that_is_often_quiet_is_not_sure() -> None:
    store = shop(3, range(9, 17))
    for day in (21, 22):
        run(store, day, set(range(9, 13)))
    # Quiet on 2 of 23 open days: 8.7 %, above the 5 % of a sure hour.
    assert math.isclose(store.hour_quiet[16], 2 / 23)
    assert store.sure_hours() == [9, 10, 11, 12]


def test_silence_needs_age_series_and_a_quiet_that_cannot_be_luck() -> None:
    store = shop(3, range(9, 17))
    # 20 products that sell every other day: 0.5 ** 20 = 9.5e-7 for a whole day; 1e-5 is passed at 0.83 of a day.
    now = at(21)
    assert not store.beyond_luck(0.80, now, SHOP)
    assert store.beyond_luck(0.85, now, SHOP)
    assert not store.beyond_luck(5.0, at(0) + 14 * DAY_MS - 1, SHOP), "too young"
    store.series = SHOP.silence_series - 1
    assert not store.beyond_luck(5.0, now, SHOP), "too few products"


def test_a_silence_is_kept_with_both_ends() -> None:
    store = shop(1, range(9, 17))
    store.silent_since = at(7, 10)
    assert store.silent_spans(at(7), at(7, 12)) == [(at(7, 10), at(7, 12))]
    assert store.silent_spans(at(6), at(7)) == []
    assert store.speak(at(8, 9)) == at(7, 10)
    # Ten to midnight, and midnight to nine.
    assert store.silent_spans(at(7), at(8)) == [(at(7, 10), at(8))]
    assert store.silent_spans(at(8), at(9)) == [(at(8), at(8, 9))]
    assert store.speak(at(9)) is None
