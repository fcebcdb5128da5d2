"""Stories of a day in its hours: what the engine says before the day is over.

Sales are even, so that what is expected can be said by hand: twelve trading hours, the same in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from schemas.quantities import to_datetime
from streams.desk.phrases import Scene
from streams.desk.sentences import summary_of
from streams.settings import ShopSettings
from tests.stories.test_engine_day import MONDAY_4, phases, told
from tests.unit.engine.bench import Fact, Told, at, counted, make_log, out_of_stock, play_in_pieces, sale, status

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
HOURS = range(8, 20)
MINUTES = range(1, 60, 5)


def trade(days: range, hours: Sequence[int] = HOURS, units: float = 5.0, sku: str = "milk") -> list[Fact]:
    """Twelve sales an hour: 60 units an hour, 720 a day, at the usual five units a sale."""
    return [sale(at(day, hour, 60 * minute), units, sku=sku) for day in days for hour in hours for minute in MINUTES]


def usual(days: range = range(MONDAY_4)) -> list[Fact]:
    """Four weeks of milk, and of tea, which keeps the store talking."""
    return [*trade(days), *trade(days, units=1.0, sku="tea")]


def tea_today(hours: Sequence[int] = HOURS) -> list[Fact]:
    """Tea sells as ever on the Monday of the fifth week."""
    return trade(range(MONDAY_4, MONDAY_4 + 1), hours, 1.0, "tea")


def milk_today(hours: Sequence[int], units: float = 5.0) -> list[Fact]:
    """Milk on the Monday of the fifth week."""
    return trade(range(MONDAY_4, MONDAY_4 + 1), hours, units)


def play_to(facts: list[Fact], hour: float, shop: ShopSettings = SHOP) -> Told:
    """Play up to an hour of that Monday (24 and more: of the night after it)."""
    return told(facts, at(MONDAY_4, hour), shop)


def test_demand_doubles_at_eleven_and_the_close_of_that_hour_says_so() -> None:
    facts = [*usual(), *tea_today(), *milk_today(range(8, 11)), *milk_today(range(11, 20), 10.0)]
    # 11:59 is over, its close is due by 12:10: nothing before.
    assert not play_to(facts, 12.05).findings("demand_surge")
    (surge,) = play_to(facts, 12.5).findings("demand_surge")
    assert (surge.phase, surge.early, surge.sku) == ("opened", False, "milk")
    assert surge.event_time == to_datetime(at(MONDAY_4, 12))
    assert surge.origin.topic == "ticks.v1"
    # 3 hours of 60 and one of 120 are sold; 4 of the 12 equal hours would be 240 of 720.
    assert surge.evidence["sold_units"].value == 300
    assert surge.evidence["expected_units"].value == pytest.approx(240, rel=0.02)
    assert summary_of(Scene(surge)).startswith(
        "Milk at s1 is selling much faster than expected: 300 sold so far, about 24"
    )
    # A day at the old pace has 720 units, one at the new pace for the rest 180 + 9 * 120 = 1260.
    assert 900 < surge.evidence["today_units"].value < 1300


def test_a_surge_is_over_when_its_day_is_and_is_told_once() -> None:
    facts = [*usual(), *tea_today(), *milk_today(range(8, 11)), *milk_today(range(11, 20), 10.0)]
    story = play_to(facts, 26)
    assert phases(story, "demand_surge") == [("opened", False), ("cleared", False)]
    assert story.findings("demand_surge")[1].event_time == to_datetime(at(MONDAY_4 + 1))


def test_sales_of_the_hour_in_progress_are_not_looked_at() -> None:
    # The usual until noon; from 12:00 on ten times as much. At 12:09 the close of eleven sees none of that.
    facts = [*usual(), *tea_today(), *milk_today(range(8, 12)), *milk_today(range(12, 13), 50.0)]
    assert not play_to(facts, 12.9).findings("demand_surge")


def test_one_customer_with_a_pallet_is_no_surge_until_a_second_hour_confirms_it() -> None:
    # Tea sells 12 an hour; twice that is nothing unheard of, and a pallet counts for no more.
    facts = [*usual(), *tea_today(), sale(at(MONDAY_4, 10, 700), 600.0, sku="tea")]
    assert not play_to(facts, 26).findings("demand_surge")
    story = play_to([*facts, sale(at(MONDAY_4, 15, 700), 600.0, sku="tea")], 16.5)
    (surge,) = story.findings("demand_surge")
    # Eight hours of 12, and the two pallets.
    assert (surge.event_time, surge.evidence["sold_units"].value) == (to_datetime(at(MONDAY_4, 16)), 1296)


def test_a_truck_strike_empties_the_town_and_milk_slumps() -> None:
    # From ten on the roads are blocked: a quarter of the milk is sold, the neighbours still buy their tea.
    facts = [*usual(), *tea_today(), *milk_today(range(8, 10)), *milk_today(range(10, 20), 1.25)]
    story = play_to(facts, 26)
    opened, cleared = story.findings("demand_slump")
    assert (opened.phase, opened.sku, cleared.phase) == ("opened", "milk", "cleared")
    assert at(MONDAY_4, 11) <= opened.event_time.timestamp() * 1000 <= at(MONDAY_4, 13)
    assert cleared.event_time == to_datetime(at(MONDAY_4 + 1))
    assert summary_of(Scene(opened)).startswith("Milk at s1 is selling much slower than expected: ")


def test_a_product_that_nobody_takes_from_the_morning_on_is_looked_at_though_no_sale_opens_its_hours() -> None:
    story = play_to([*usual(), *tea_today()], 14.5)
    (slump,) = story.findings("demand_slump")
    assert (slump.sku, slump.evidence["sold_units"].value) == ("milk", 0.0)
    assert slump.event_time <= to_datetime(at(MONDAY_4, 10))


@pytest.mark.parametrize("why", ["counted empty", "told empty", "closed", "till silent"])
def test_no_demand_is_missed_where_none_could_show(why: str) -> None:
    facts = [*usual(), *milk_today(range(8, 10))]
    if why == "counted empty":
        facts += [*tea_today(), counted(at(MONDAY_4, 10, 1), 0)]
    elif why == "told empty":
        facts += [*tea_today(), out_of_stock(at(MONDAY_4, 10, 1), at(MONDAY_4, 10), at(MONDAY_4, 20))]
    elif why == "closed":
        facts += [*tea_today(range(8, 10)), status(at(MONDAY_4, 9), "closed", at(MONDAY_4, 10), at(MONDAY_4, 20))]
    else:
        facts += tea_today(range(8, 10))
    assert not play_to(facts, 23).findings("demand_slump")


def test_nothing_is_said_of_an_ordinary_day_nor_of_a_shop_that_is_new() -> None:
    ordinary = play_to([*usual(), *tea_today(), *milk_today(HOURS)], 26)
    assert not ordinary.findings("demand_surge")
    assert not ordinary.findings("demand_slump")
    young = [*usual(range(MONDAY_4 - 7, MONDAY_4)), *tea_today(), *milk_today(HOURS, 50.0)]
    assert not play_to(young, 26).findings("demand_surge")


def test_the_shelf_of_a_brisk_day_runs_out_earlier_than_the_forecast_says() -> None:
    # On Monday at half past one 1,300 are counted. At 60 an hour 390 more go on Monday, 720 on Tuesday, and the last
    # 190 by Wednesday at 11. Were the day three times as fast since eight, 1,170 would go on Monday.
    ends = []
    for units in (5.0, 15.0):
        facts = [
            *usual(),
            *tea_today(),
            *milk_today(range(8, 14), units),
            counted(at(MONDAY_4, 13.5), 1300 + 6 * units),
        ]
        story = play_to(facts, 14.5, replace(SHOP, risk_target=0.05, lead_time_days=3.0))
        ends.append(story.findings("stockout_risk")[-1].times["runs_out_p50"])
    assert to_datetime(at(MONDAY_4 + 2, 9)) < ends[0] < to_datetime(at(MONDAY_4 + 2, 13))
    assert to_datetime(at(MONDAY_4, 19)) < ends[1] < to_datetime(at(MONDAY_4 + 1, 13))


def test_hours_survive_a_restart() -> None:
    facts = [*usual(range(16)), *trade(range(16, 17), range(8, 11)), *trade(range(16, 17), range(11, 20), 10.0)]
    log = make_log(sorted(facts, key=lambda fact: fact.at_ms), at(16, 15.5))
    whole = told(facts, at(16, 15.5))
    pieces = play_in_pieces(log, SHOP, 3, restarts=True)
    assert pieces.outputs == whole.outputs
    assert pieces.rows() == whole.rows()
    assert [one.phase for one in whole.findings("demand_surge")] == ["opened"]
