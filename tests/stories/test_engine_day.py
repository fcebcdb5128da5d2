"""Stories of the demand engine: a named day in a shop, and what the engine must say about it.

All shops sell evenly, so that what is expected can be said without the models' arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from online_models.columns import Features
from online_models.pool import Pool
from online_models.stack import SeriesStack
from schemas.quantities import to_datetime
from streams.engine.table import SeriesTable
from streams.settings import ShopSettings
from tests.unit.engine.bench import (
    Fact,
    Told,
    at,
    counted,
    delivered,
    make_log,
    play,
    rival_price,
    sale,
    shelf_price,
    status,
    units_by_period,
)

SHOP = ShopSettings(zone="UTC", lead_time_days=2.0)
MONDAY_4 = 28
"""Monday of the fifth week: four whole weeks are learnt by then."""


def even_days(days: range, units: float = 1.0, hours: Sequence[float] = (), sku: str = "milk") -> list[Fact]:
    """One sale each half hour from 8 to 20, or at the given hours."""
    moments = hours or [8.25 + n / 2 for n in range(24)]
    return [sale(at(day, hour), units, sku=sku) for day in days for hour in moments]


def told(facts: list[Fact], until_ms: int, shop: ShopSettings = SHOP) -> Told:
    """Play facts in the order of their time."""
    return play(make_log(sorted(facts, key=lambda fact: fact.at_ms), until_ms), shop)


def phases(story: Told, kind: str) -> list[tuple[str, bool]]:
    """What was said of a kind, in order."""
    return [(one.phase, one.early) for one in story.findings(kind)]


def taught(story: Told, day: int, name: str = "s1|milk") -> bool:
    """Whether a day has taught a series something."""
    history = story.histories()[name]
    return bool(history.taught[at(day) // 86_400_000 + 719163 - history.first])


# --- stock --------------------------------------------------------------------------------------------------------


def test_a_shelf_that_empties_before_the_delivery_and_the_delivery_that_clears_it() -> None:
    # 24 a day; 100 on Monday morning last until Friday morning; the supplier needs 2 days, nothing is on order.
    facts = [*even_days(range(MONDAY_4)), counted(at(MONDAY_4, 7), 100)]
    facts += even_days(range(MONDAY_4, MONDAY_4 + 4))
    # 96 are sold in four days; on Friday four more, the last one at 9:45.
    facts += even_days(range(MONDAY_4 + 4, MONDAY_4 + 5), hours=(8.25, 8.75, 9.25, 9.75))
    facts += [delivered(at(MONDAY_4 + 4, 15), 200)]
    story = told(facts, at(MONDAY_4 + 4, 23))
    risk, empty = story.findings("stockout_risk"), story.findings("stockout")
    assert [one.phase for one in empty] == ["opened", "cleared"]
    assert empty[0].event_time == to_datetime(at(MONDAY_4 + 4, 9.75))
    assert empty[1].event_time == to_datetime(at(MONDAY_4 + 4, 15))
    assert empty[1].episode_started_at == empty[0].event_time
    # The warning comes while the supplier can still be asked: at least a day before, at most three days of cover.
    assert risk[0].phase == "opened"
    assert at(MONDAY_4 + 1) < risk[0].event_time.timestamp() * 1000 < at(MONDAY_4 + 3, 12)
    assert risk[-1].phase == "cleared"
    assert risk[-1].event_time == to_datetime(at(MONDAY_4 + 4, 15))
    assert risk[0].evidence["lead_time_days"].value == 2.0
    assert abs(risk[0].evidence["demand_per_day_units"].value - 24) < 3


def early_story(last: list[Fact]) -> Told:
    """The shelf stands just above the threshold at 12:00; a single large sale takes it far below at 12:20."""
    facts = [*even_days(range(MONDAY_4)), counted(at(MONDAY_4, 12), 110), sale(at(MONDAY_4, 12, 1200), 100)]
    return told([*facts, *last], at(MONDAY_4, 16))


def test_a_single_sale_raises_an_early_risk_that_the_hour_close_confirms() -> None:
    story = early_story([])
    assert phases(story, "stockout_risk") == [("opened", True), ("updated", False)]
    opened, confirmed = story.findings("stockout_risk")
    assert opened.event_time == to_datetime(at(MONDAY_4, 12, 1200))
    assert opened.origin.topic == "sales.v1"
    assert confirmed.episode_started_at == opened.episode_started_at
    # The close of 12 o'clock: its end, plus less than the five minutes over which closes are spread.
    assert 0 <= confirmed.event_time.timestamp() - at(MONDAY_4, 13) / 1000 < 300


def test_a_void_within_the_hour_and_the_close_withdraws_the_early_risk() -> None:
    story = early_story([sale(at(MONDAY_4, 12, 1500), 100, "voided")])
    assert phases(story, "stockout_risk")[0] == ("opened", True)
    assert phases(story, "stockout_risk")[-1][0] == "cleared"
    assert len(phases(story, "stockout_risk")) == 2


def test_an_hour_without_stock_counts_though_nobody_sells_from_an_empty_shelf() -> None:
    # Empty from Monday noon, by a count; refilled on Wednesday morning.
    facts = [*even_days(range(MONDAY_4)), *even_days(range(MONDAY_4, MONDAY_4 + 1), hours=(8.25, 9.25))]
    facts += [counted(at(MONDAY_4, 12), 0), delivered(at(MONDAY_4 + 2, 5), 500)]
    facts += even_days(range(MONDAY_4 + 2, MONDAY_4 + 4))
    story = told(facts, at(MONDAY_4 + 4, 3))
    assert [taught(story, MONDAY_4 + n) for n in (-1, 0, 1, 2, 3)] == [True, False, False, True, True]


def test_a_shelf_that_stays_empty_for_weeks_teaches_no_zero() -> None:
    last = MONDAY_4 + 45
    facts = [*even_days(range(MONDAY_4)), counted(at(MONDAY_4, 0.5), 0)]
    story = told(facts, at(last, 3))
    assert not any(taught(story, day) for day in range(MONDAY_4, last))
    assert not story.findings("demand_drift")
    assert not story.findings("suspected_stockout")


def test_a_day_with_sales_teaches_though_the_ledger_says_the_shelf_is_empty() -> None:
    # Counted once, deliveries never booked: the ledger goes below zero, the shop goes on selling.
    facts = [*even_days(range(MONDAY_4)), counted(at(MONDAY_4, 7), 10), *even_days(range(MONDAY_4, MONDAY_4 + 3))]
    story = told(facts, at(MONDAY_4 + 3, 3))
    assert taught(story, MONDAY_4 + 2)


def test_a_day_without_stock_where_the_source_is_no_finer_than_a_day() -> None:
    shop = replace(SHOP, grain="day")
    ends = [sale(at(day, 23.9997), 24) for day in range(MONDAY_4)]
    facts = [*ends, counted(at(MONDAY_4 - 1, 23.9998), 0)]
    story = told(facts, at(MONDAY_4 + 3, 3), shop)
    assert taught(story, MONDAY_4 - 1)
    assert not any(taught(story, MONDAY_4 + n) for n in range(3))


# --- silence ------------------------------------------------------------------------------------------------------

TWELVE = [f"sku-{n}" for n in range(12)]


def shop_of_twelve(days: range, last: tuple[int, float] | None = None) -> list[Fact]:
    """Twelve products, a sale of each every hour from 8 to 20; the till dies at (day, hour)."""
    facts = [sale(at(day, hour + 0.5), sku=sku) for day in days for hour in range(8, 20) for sku in TWELVE]
    return [fact for fact in facts if last is None or fact.at_ms < at(*last)]


def means(story: Told, name: str) -> list[float] | None:
    """What a series has learnt, as the means of a week seen from a pool that has learnt nothing."""
    stack = SeriesStack()
    stack.restore(story.histories()[name].model)
    return stack.horizon_means([Features(slot) for slot in range(7)], Pool(stack.layout).category(""))


def test_a_till_line_dies_at_nine_one_stale_feed_and_no_model_moves() -> None:
    before, dead = range(21), 21
    quiet = shop_of_twelve(before)
    healthy = told(quiet, at(dead, 1))
    # From nine on Monday until Wednesday noon nothing comes; then the till is mended.
    again = [sale(at(dead + 2, hour + 0.5), sku=sku) for hour in range(12, 20) for sku in TWELVE]
    facts = [*quiet, *shop_of_twelve(range(dead, dead + 1), (dead, 9)), *again]
    story = told(facts, at(dead + 3, 1))
    stale = story.findings("stale_feed")
    assert [one.phase for one in stale] == ["opened", "cleared"]
    assert stale[0].store_id == "s1"
    assert stale[0].episode_started_at == to_datetime(at(dead, 9))
    assert {one.kind for one in story.findings()} == {"stale_feed"}
    for sku in TWELVE:
        name = f"s1|{sku}"
        assert [taught(story, day, name) for day in (dead - 1, dead, dead + 1, dead + 2)] == [True, False, False, False]
        # What is issued is for another day; what was learnt is the same.
        assert means(story, name) == means(healthy, name)


def test_a_closed_day_teaches_nothing() -> None:
    holiday = 21
    facts = shop_of_twelve(range(holiday))
    facts += [status(at(holiday - 3), "closed", at(holiday), at(holiday + 1))]
    facts += shop_of_twelve(range(holiday + 1, holiday + 2))
    story = told(facts, at(holiday + 2, 1))
    assert [taught(story, holiday + n, "s1|sku-0") for n in (-1, 0, 1)] == [True, False, True]
    assert not story.findings()


def test_a_whole_open_day_without_one_sale_in_a_store_is_unknown_not_zero() -> None:
    facts = [*shop_of_twelve(range(21)), *shop_of_twelve(range(22, 23))]
    story = told(facts, at(23, 1))
    assert [taught(story, day, "s1|sku-0") for day in (20, 21)] == [True, False]


def test_nights_and_sundays_close_by_ticks_alone() -> None:
    facts = shop_of_twelve(range(5))
    story = told(facts, at(7, 1))
    assert len(story.histories()["s1|sku-0"].sold) == 7
    # The last tick less the slack: every hour up to then was said.
    assert story.progress()[-1].watermark == to_datetime(at(7, 1) - SHOP.slack_ms - SHOP.period_spread_ms)


# --- demand and rivals --------------------------------------------------------------------------------------------


def test_demand_halves_for_good_and_drift_is_found() -> None:
    facts = [*even_days(range(42)), *even_days(range(42, 63), hours=[8.25 + n for n in range(12)])]
    found = [one for one in told(facts, at(63, 1)).findings("demand_drift") if one.phase == "opened"]
    assert found
    first = found[0]
    assert at(42) < first.event_time.timestamp() * 1000 <= at(49)
    assert abs(first.evidence["level_before_units"].value - 24) < 2
    assert first.evidence["level_after_units"].value < 18
    # It dates the change, not the day on which it was sure of it.
    assert abs(first.times["since"].timestamp() * 1000 - at(42)) <= at(2) - at(0)


def test_even_demand_raises_nothing() -> None:
    assert told(even_days(range(63)), at(63, 1)).findings() == []


def test_a_rival_undercuts_and_returns() -> None:
    facts = [
        shelf_price(at(0, 8), 2.0),
        rival_price(at(0, 9), 1.95),  # 2.00 / 1.95 - 1 = 2.6 %: below the limit of 10 %
        rival_price(at(1, 9), 1.6),  # 25 %
        rival_price(at(2, 9), 1.85),  # 8.1 %: below the limit, above its half, so it stands
        rival_price(at(3, 9), 1.95),
        rival_price(at(4, 9), 1.2),
        rival_price(at(5, 9), None, availability="out_of_stock"),
    ]
    found = told(facts, at(6)).findings("competitor_undercut")
    assert [(one.phase, one.event_time, one.source) for one in found] == [
        ("opened", to_datetime(at(1, 9)), "r1"),
        ("cleared", to_datetime(at(3, 9)), "r1"),
        ("opened", to_datetime(at(4, 9)), "r1"),
        ("cleared", to_datetime(at(5, 9)), "r1"),
    ]
    assert found[0].evidence["price_gap_share"].value == 0.25


# --- late ---------------------------------------------------------------------------------------------------------


def late_story(late: list[Fact]) -> tuple[Told, Told]:
    """The same weeks without and with facts about Monday that come on Tuesday at noon."""
    facts = [*even_days(range(MONDAY_4)), counted(at(MONDAY_4 - 2, 7), 500), *even_days(range(MONDAY_4, MONDAY_4 + 1))]
    logs = []
    for more in ([], late):
        log = make_log(sorted(facts, key=lambda fact: fact.at_ms), at(MONDAY_4 + 1, 12))
        log.put(*more)
        log.tick(at(MONDAY_4 + 1, 13))
        logs.append(play(log, SHOP))
    return logs[0], logs[1]


def on_hand(story: Told) -> int | None:
    """Thousandths on the shelf."""
    return SeriesTable.load(story.state).by_name["s1|milk"].on_hand


def monday_units(story: Told) -> int:
    """Thousandths sold on Monday."""
    return units_by_period(story)["s1|milk", 719163 + at(MONDAY_4) // 86_400_000][0]


def test_a_late_sale_corrects_its_day_and_the_shelf_but_not_the_model() -> None:
    without, with_it = late_story([sale(at(MONDAY_4, 14.1), 5)])
    assert (monday_units(without), monday_units(with_it)) == (24_000, 29_000)
    # 500 less three days of 24 (Saturday, Sunday, Monday), less the late 5.
    assert (on_hand(without), on_hand(with_it)) == (428_000, 423_000)
    assert with_it.histories()["s1|milk"].model == without.histories()["s1|milk"].model
    assert b'"late":1' in with_it.state["clock"]


def test_a_void_after_the_close_takes_its_sale_back() -> None:
    without, with_it = late_story([sale(at(MONDAY_4, 14.1), 1, "voided")])
    assert (monday_units(without), monday_units(with_it)) == (24_000, 23_000)
    assert (on_hand(without), on_hand(with_it)) == (428_000, 429_000)
    assert with_it.histories()["s1|milk"].model == without.histories()["s1|milk"].model
