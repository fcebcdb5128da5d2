"""Stories of what stands beside the stack: holidays, new products, idle series, empty shelves, the weather."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from online_models.catalogue import ROWS
from schemas.catalog import Product, Store
from schemas.quantities import to_datetime
from streams.engine.drivers import Drivers
from streams.engine.series import Series
from streams.engine.table import SeriesTable
from streams.engine.watch import WatchedClose
from streams.holiday_calendar import OwnDay
from streams.report import count_lost, rank_candidates
from streams.settings import ShopSettings
from tests.laws.test_driver_laws import signal
from tests.stories.test_engine_day import even_days
from tests.unit.engine.bench import Fact, Stand, Told, at, counted, make_log, master, out_of_stock, promotion, sale

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
FIRST = to_datetime(at(0))


def stand_after(facts: list[Fact], until_ms: int, shop: ShopSettings = SHOP) -> tuple[Stand, list[WatchedClose]]:
    """Play facts in the order of their time, watched."""
    stand, seen = Stand(shop), list[WatchedClose]()
    stand.task.core.watch = seen.append
    stand.finish(make_log(sorted(facts, key=lambda fact: fact.at_ms), until_ms))
    return stand, seen


def named(close: WatchedClose) -> dict[str, float]:
    return dict(zip((each.name for each in ROWS), close.features.row, strict=True))


def row(told: Told, name: str) -> Series:
    return SeriesTable.load(told.state).by_name[name]


def test_holidays_come_from_the_stores_country_and_the_shops_own_days() -> None:
    """1 January 2024 is a Monday and a holiday in Peru; 3 January is the shop's own."""
    own = (OwnDay(to_datetime(at(2)).date(), "s1"),)
    facts = [*even_days(range(4)), master(at(0), Store(store_id="s1", country="PE", valid_from=FIRST))]
    _, seen = stand_after(facts, at(4, 12), replace(SHOP, own_days=own))
    assert [named(close)["holiday"] for close in seen] == [1.0, 0.0, 1.0, 0.0]
    _, seen = stand_after(even_days(range(4)), at(4, 12), replace(SHOP, country="XX"))
    assert [named(close)["holiday"] for close in seen] == [0.0] * 4


def test_past_demand_is_worked_out_for_whoever_watches() -> None:
    _, seen = stand_after(even_days(range(9)), at(9, 12))
    # 24 units a day; the models that are not watched read none of it, and say the same.
    assert [named(seen[8])[name] for name in ("lag_1_demand", "lag_7_demand", "moving_avg_30days_demand")] == [24.0] * 3
    plain = Stand(SHOP).finish(make_log(even_days(range(9)), at(9, 12)))
    watched, _ = stand_after(even_days(range(9)), at(9, 12))
    assert plain.rows() == watched.told.rows()


def new_product(category: str | None) -> Told:
    """Three products of a category sell 24 a day; a fourth is counted on day 20 and has not sold yet."""
    facts = [fact for sku in ("milk", "rye", "oats") for fact in even_days(range(22), sku=sku)]
    skus = ("milk", "rye", "oats", "new")
    facts += [master(at(0), Product(sku=sku, category=category, valid_from=FIRST)) for sku in skus]
    facts.append(counted(at(20, 7), 10.0, sku="new"))
    return stand_after(facts, at(21, 12))[0].told


def test_a_new_product_is_expected_to_sell_as_its_category_and_takes_part_in_the_risk() -> None:
    told = new_product("food/milk")
    issued = [one for one in told.forecasts() if one.sku == "new"]
    # Levels of the category: gamma of shape 1/2 and mean 24; one day without a sale: (1/2) / (1/48 + 1) = 0.49.
    assert [one.mean_units for one in issued] == [pytest.approx(0.5 / (0.5 / 24 + 1.0), rel=0.1)]
    assert issued[0].dispersion == 2.0
    assert row(told, "s1|new").threshold is not None
    risks = [one for one in told.findings("stockout_risk") if one.sku == "new"]
    # Ten on hand, some 24 a day expected, two days to the next delivery: told at the count, withdrawn when it stays.
    assert [one.phase for one in risks][:1] == ["opened"]
    assert not told.findings("suspected_stockout")


def test_nobody_guesses_for_a_product_of_no_category() -> None:
    told = new_product(None)
    assert [one.mean_units for one in told.forecasts() if one.sku == "new"] == [0.0]


def test_an_idle_series_sleeps_and_a_sale_wakes_it() -> None:
    shop = replace(SHOP, sleep_after_periods=10)
    facts = even_days(range(60), sku="tea") + even_days(range(15))
    stand, _ = stand_after(facts, at(60, 12), shop)
    milk = row(stand.told, "s1|milk")
    assert milk.asleep
    # Sold last on day 14: idle enough eleven days later, or once the drift that this is has been cleared.
    closed = milk.next_period - (row(stand.told, "s1|tea").next_period - 60)
    assert 25 <= closed <= 14 + 1 + 28 + 4
    stand, seen = stand_after([*facts, sale(at(50, 10), 3.0)], at(52, 12), shop)
    milk, history = row(stand.told, "s1|milk"), stand.told.histories()["s1|milk"]
    assert not milk.asleep
    assert stand.task.core.emitter.counts["periods_slept"] == 50 - closed
    # Every day is there: zeros between, three units on day 50, nothing on day 51; all believed.
    assert [units // 1000 for units in history.sold] == [24] * 15 + [0] * 35 + [3, 0]
    assert set(history.taught) == {1}
    assert len([close for close in seen if close.sku == "milk"]) == closed + 2


def test_stock_keeps_a_series_awake() -> None:
    shop = replace(SHOP, sleep_after_periods=10)
    facts = [*even_days(range(40), sku="tea"), *even_days(range(5)), counted(at(5), 40.0)]
    stand, _ = stand_after(facts, at(40, 12), shop)
    assert not row(stand.told, "s1|milk").asleep


def test_what_an_empty_shelf_kept_from_being_sold_is_counted_in_units_and_money() -> None:
    """24 a day at even hours; on day 28 the shelf is empty from 12 to 20 (of 6 to 22), and nothing sells then."""
    facts = even_days(range(28)) + [
        fact for fact in even_days(range(28, 30)) if not at(28, 12) <= fact.at_ms < at(28, 20)
    ]
    facts.append(out_of_stock(at(28, 20), at(28, 12), at(28, 20)))
    product = Product(sku="milk", unit_price=2.0, currency="PEN", valid_from=FIRST)
    stand, _ = stand_after([*facts, master(at(0), product)], at(30, 12))
    lost = count_lost([stand.task])
    # Two thirds of the day's sales were made from 12 to 20.
    assert lost.units == pytest.approx(16.0, rel=0.15)
    assert lost.money == {"PEN": pytest.approx(2.0 * lost.units, abs=0.01)}


def test_a_promotion_told_day_by_day_starts_once_and_ends_once() -> None:
    facts = [*even_days(range(9)), *(promotion(at(0), at(day), at(day + 1)) for day in range(2, 7))]
    stand, _ = stand_after(facts, at(9, 12))
    core = stand.task.core
    drivers, milk = Drivers(core), row(stand.told, "s1|milk")
    said = []
    for day in range(9):
        period = core.periods.of(at(day))
        spans = drivers.promotions(milk, at(day), at(day + 1), at(day))
        said.append(
            set(drivers.values(milk, "", period, at(day), spans))
            & {"promotion_start", "promotion_end", "promotion_dip"}
        )
    start, end, dip = {"promotion_start"}, {"promotion_end"}, {"promotion_dip"}
    assert said == [set(), set(), start, start, set(), end, end, dip, dip]


def rainy_days(days: int, effect: float) -> list[Fact]:
    """Three products sell 20 a day, more when it rains; what the weather will be is known the day before."""
    dice, facts = Random(5), list[Fact]()
    for sku in ("milk", "rye", "oats"):
        facts.append(master(at(0), Product(sku=sku, category="food/" + sku, valid_from=FIRST)))
    for day in range(days):
        rain = dice.choice([0.0, 0.0, 1.0])
        facts.append(signal(max(at(0), at(day - 1, 12)), day, "rain", rain))
        facts.append(signal(max(at(0), at(day - 1, 12)), day, "dice", dice.random(), "country", "PE"))
        for sku in ("milk", "rye", "oats"):
            facts.append(
                sale(at(day, 12), float(round(20 * (1 + effect * rain) + dice.choice([-2, -1, 0, 1, 2]))), sku=sku)
            )
    return facts


def test_a_signal_that_tells_becomes_a_member_without_any_code() -> None:
    stand, _ = stand_after(rainy_days(90, 0.4), at(90, 12), replace(SHOP, country="PE", grain="day"))
    standings = {one.name: one for one in rank_candidates([stand.task])}
    assert standings["rain"].member
    assert standings["rain"].category == "food"
    assert 0.2 < standings["rain"].effect < 0.45
    assert standings["rain"].low > 0.0
    assert not standings["dice"].member
