"""Stories of supply: trucks that are late, suppliers that change, shelves that hold too much or say nothing.

Sales are even, 24 a day, so that what is expected can be said by hand.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.catalog import Product, Store, SupplyTerms
from schemas.quantities import to_datetime
from streams.desk.phrases import Scene
from streams.desk.sentences import summary_of
from streams.settings import ShopSettings
from tests.stories.test_engine_day import MONDAY_4, even_days, phases, told
from tests.stories.test_engine_hours import milk_today, play_to, tea_today, usual
from tests.unit.engine.bench import Fact, at, counted, delivered, make_log, master, ordered, play, play_in_pieces, sale

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
#: Alerted at a risk of 0.3: that a truck may be late is worth no alert to it.
PATIENT = replace(SHOP, risk_target=0.3)
MILK = Product(
    valid_from=to_datetime(at(-1)), sku="milk", name="Milk", supplier="acme", unit_cost=2.0, unit_price=3.0,
    currency="PEN", shelf_life_days=200,
)  # fmt: skip
CATALOG = [
    master(at(-1), MILK),
    master(at(-1), Store(valid_from=to_datetime(at(-1)), store_id="s1", currency="PEN", zone="UTC")),
    master(at(-1), SupplyTerms(valid_from=to_datetime(at(-1)), supplier="acme", lead_time_days=2.0)),
]


def orders(days: range, late_days: int, every: int = 12) -> list[Fact]:
    """An order a day, due at 7:30 two days later; most come at 6:30 of that day, every twelfth so many days late."""
    facts = []
    for day in days:
        come = day + 2 + (late_days if day % every == 0 else 0)
        facts.append(ordered(at(day, 7.5), 24, at(day + 2, 7.5), f"o{day}"))
        facts.append(delivered(at(come, 6.5, day), 24, f"o{day}"))
    return facts


def overdue_story(late_days: int) -> list[Fact]:
    """On Monday 40 units are left at seven, a truck with 200 is due at half past, and it has not come by noon."""
    facts = [*CATALOG, *even_days(range(MONDAY_4)), counted(at(0, 5), 5000), *orders(range(MONDAY_4 - 9), late_days)]
    facts += [ordered(at(MONDAY_4 - 2, 7.5), 200, at(MONDAY_4, 7.5), "truck"), counted(at(MONDAY_4, 7), 40)]
    return [*facts, *even_days(range(MONDAY_4, MONDAY_4 + 1), hours=[8.25 + n / 2 for n in range(8)])]


def test_an_overdue_truck_counts_by_how_such_trucks_have_come() -> None:
    # 24 a day, 32 left at noon: enough until tomorrow afternoon. Whoever was late came a day late ...
    assert not told(overdue_story(1), at(MONDAY_4, 12), PATIENT).findings("stockout_risk")
    # ... or six days late: then nobody may count on it.
    story = told(overdue_story(6), at(MONDAY_4, 12), PATIENT)
    risk = story.findings("stockout_risk")[0]
    assert risk.phase == "opened"
    assert risk.evidence["overdue_units"].value == 200
    assert risk.evidence["risk_share"].value > 0.4
    assert [one.driver for one in risk.reasons][-1] == "overdue order, not sure to come"


def test_an_order_without_a_date_is_expected_after_the_lead_time() -> None:
    facts = [*CATALOG, *even_days(range(MONDAY_4)), counted(at(MONDAY_4, 5), 45)]
    # Without an order 45 units are a risk at a lead time of two or three days; with one on its way they are none.
    assert told(facts, at(MONDAY_4, 7), PATIENT).findings("stockout_risk")
    early = [*facts, ordered(at(MONDAY_4 - 1, 7), 500, None)]
    assert not told(early, at(MONDAY_4, 7), PATIENT).findings("stockout_risk")


def deviation_story() -> list[Fact]:
    """Twenty punctual days, six on which everything comes two days late, then all is well again."""
    facts = [*CATALOG, counted(at(0, 5), 5000), *orders(range(20), 0)]
    for day in [*range(20, 26), *range(28, 45)]:
        come = at(day + (4 if day < 26 else 2), 6.5, day)
        facts += [ordered(at(day, 7.5), 24, at(day + 2, 7.5), f"o{day}"), delivered(come, 24, f"o{day}")]
    return facts


def test_a_supplier_that_comes_two_days_late_is_told_once_and_cleared() -> None:
    story = told(deviation_story(), at(48))
    assert phases(story, "lead_time_deviation") == [("opened", False), ("cleared", False)]
    opened, cleared = story.findings("lead_time_deviation")
    assert (opened.source, opened.sku, opened.store_id) == ("acme", None, None)
    # Late deliveries come on days 24 to 29; each day is judged when the next one begins.
    assert at(25) < opened.event_time.timestamp() * 1000 < at(30)
    assert cleared.event_time.timestamp() * 1000 > at(30)
    assert cleared.episode_started_at == opened.event_time
    assert opened.evidence["expected_days"].value == pytest.approx(2.0, abs=0.3)
    assert opened.evidence["lead_time_days"].value > 2.5
    assert summary_of(Scene(opened)).startswith("Deliveries from acme now take ")


def test_lead_times_survive_a_restart() -> None:
    log = make_log(sorted(deviation_story(), key=lambda fact: fact.at_ms), at(48))
    whole = play(log, SHOP)
    for seed in range(3):
        pieces = play_in_pieces(log, SHOP, seed)
        assert (pieces.outputs, pieces.rows()) == (whole.outputs, whole.rows())
    assert {"l:", "l:s:acme"} <= whole.rows().keys()


def test_two_months_of_stock_are_an_excess_until_they_are_gone() -> None:
    # 24 a day: 1,440 units last 60 days, far more than 28 days beyond a lead time of 2; 240 are ten days.
    facts = [
        *CATALOG,
        *even_days(range(MONDAY_4 + 3)),
        counted(at(MONDAY_4, 6), 1440),
        counted(at(MONDAY_4 + 2, 6), 240),
    ]
    story = told(facts, at(MONDAY_4 + 3, 1))
    assert phases(story, "excess_stock") == [("opened", False), ("cleared", False)]
    opened = story.findings("excess_stock")[0]
    assert opened.event_time == to_datetime(at(MONDAY_4 + 1))
    assert opened.evidence["days_of_cover"].value == pytest.approx((1440 - 24) / 24, rel=0.05)
    # What lies in it: the units above the order-up-to level, at cost.
    assert opened.money_at_risk == pytest.approx(2.0 * opened.evidence["excess_units"].value, rel=1e-3)
    assert "has stock for about " in summary_of(Scene(opened, MILK))


def test_stock_that_will_spoil_is_an_excess() -> None:
    # 12 days of stock of what keeps for five.
    fresh = MILK.model_copy(update={"shelf_life_days": 5})
    facts = [*CATALOG[1:], master(at(-1), fresh), *even_days(range(MONDAY_4 + 1)), counted(at(MONDAY_4, 6), 300)]
    (opened,) = told(facts, at(MONDAY_4 + 1, 1)).findings("excess_stock")
    assert "it keeps for 5 days" in summary_of(Scene(opened, fresh))


def test_a_shelf_that_falls_silent_at_eleven_is_suspected_the_same_day() -> None:
    facts = [*usual(), *tea_today(), *milk_today(range(8, 11))]
    (found,) = play_to(facts, 21.0).findings("suspected_stockout")
    assert (found.sku, found.phase) == ("milk", "opened")
    assert at(MONDAY_4, 11) < found.event_time.timestamp() * 1000 < at(MONDAY_4, 16)
    assert found.evidence["probability_share"].value < 0.001
    # The next sale clears it when its hour is over.
    cleared = play_to([*facts, *milk_today(range(17, 18))], 21.0).findings("suspected_stockout")[1]
    assert (cleared.phase, cleared.event_time) == ("cleared", to_datetime(at(MONDAY_4, 18)))


def test_a_silent_store_suspects_no_shelf() -> None:
    assert not play_to([*usual(), *tea_today(range(8, 11)), *milk_today(range(8, 11))], 21.0).findings(
        "suspected_stockout"
    )


def test_goods_sold_by_the_tenth_are_counted_in_tenths() -> None:
    # Two a day in tenths: the demand of two days scatters by tenths, not by units; 6 units last three days.
    facts = [sale(at(day, 9 + n / 2), 0.1, sku="milk") for day in range(MONDAY_4) for n in range(20)]
    facts += [counted(at(MONDAY_4, 5), 8.0)]
    story = told(facts, at(MONDAY_4, 7), replace(SHOP, lead_time_days=2.0))
    assert not story.findings("stockout_risk")
