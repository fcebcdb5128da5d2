"""The ledger: deliveries, sales and counts within the slack give the same shelf in any order of arrival."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.engine import ledger
from streams.engine.series import Series

SLACK = 300_000
STEP_MS = ledger.STEP_MS
Step = tuple[int, str, int]


def book(series: Series, steps: list[Step], within_ms: int = 0) -> None:
    """Book (step, what, thousandths) in this order, each so long after its step's begin."""
    for step, what, units in steps:
        at_ms = step * STEP_MS + within_ms
        if what == "count":
            ledger.count(series, at_ms, units, -1)
        else:
            ledger.move(series, at_ms, units, -1)


def counted_series(units: int = 0, at_ms: int = 0) -> Series:
    series = Series("s", "a", 0)
    ledger.count(series, at_ms, units, -1)
    return series


def after(series: Series, step: int) -> int | None:
    """The on-hand when a step is just over."""
    return ledger.on_hand_at(series, (step + 1) * STEP_MS - 1)


def test_a_series_never_counted_is_unknown_not_zero() -> None:
    series = Series("s", "a", 0)
    ledger.move(series, 5, -1000, 0)
    assert series.on_hand is None
    assert ledger.on_hand_at(series, 5) is None


def test_a_count_replaces_what_was_believed_and_later_sales_count_on() -> None:
    series = counted_series(10_000)
    book(series, [(10, "sale", -1000), (20, "count", 7000), (30, "sale", -2000), (40, "delivery", 12_000)])
    assert series.on_hand == 17_000
    # As of each moment: 10 - 1 = 9, then the count, then 7 - 2, then + 12.
    assert [after(series, step) for step in (5, 15, 25, 35, 45)] == [10_000, 9000, 7000, 5000, 17_000]


def test_at_equal_times_the_count_has_seen_the_delivery_and_the_sale() -> None:
    for steps in (
        [(10, "delivery", 5000), (10, "sale", -1000), (10, "count", 3000)],
        [(10, "count", 3000), (10, "sale", -1000), (10, "delivery", 5000)],
        [(10, "sale", -1000), (10, "count", 3000), (10, "delivery", 5000)],
    ):
        series = counted_series(9000)
        book(series, steps)
        assert series.on_hand == 3000
        assert after(series, 9) == 9000


@given(st.integers(0, 2**32))
def test_the_order_of_arrival_changes_neither_the_shelf_nor_its_past(seed: int) -> None:
    dice = Random(seed)
    steps = [(dice.randint(1, 40), "sale", -1000 * dice.randint(1, 3)) for _ in range(dice.randint(0, 60))]
    steps += [(dice.randint(1, 40), "delivery", 24_000) for _ in range(dice.randint(0, 2))]
    # Two counts of one shelf within one slack have an order of their own; one at a time has none.
    steps += [(dice.randint(1, 40), "count", 1000 * dice.randint(0, 20))]
    in_order = sorted(steps, key=lambda step: (step[0], step[1] == "count"))
    expected, believed = {}, 50_000
    for moment in range(42):
        for _, what, units in (step for step in in_order if step[0] == moment):
            believed = units if what == "count" else believed + units
        expected[moment] = believed
    dice.shuffle(steps)
    series = counted_series(50_000)
    book(series, steps)
    assert series.on_hand == expected[41]
    assert {moment: after(series, moment) for moment in expected} == expected


def test_a_count_older_than_the_movements_kept_is_called_approximate() -> None:
    series = counted_series(5000, at_ms=1)
    assert ledger.count(series, SLACK, 4000, SLACK)
    assert not ledger.count(series, SLACK - 1, 4000, SLACK)
    assert series.on_hand == 4000


def test_old_movements_are_let_go_and_the_recent_past_stays_exact() -> None:
    series = counted_series(10_000_000, at_ms=-1)
    for second in range(1, 5001):
        ledger.move(series, second * 1000, -1000, second * 1000 - SLACK)
    assert series.on_hand == 5_000_000
    # At 5,000 s the last five minutes, 30 steps, must be there; it is swept once it holds 96.
    assert 30 <= len(series.recent) <= 96
    # Up to 4,710 s: the 291 sales from 4,710 on, to 5,000, had not happened.
    assert ledger.on_hand_at(series, 4_710_000 - 1) == 5_000_000 + 291 * 1000


def test_a_moment_inside_a_step_is_judged_by_the_step_before() -> None:
    series = counted_series(5000)
    book(series, [(3, "sale", -1000)])
    assert ledger.on_hand_at(series, 3 * STEP_MS + STEP_MS - 2) == 5000
    assert ledger.on_hand_at(series, 3 * STEP_MS + STEP_MS - 1) == 4000


def test_a_sale_in_the_step_of_a_count_was_counted_whichever_came_first() -> None:
    for within_ms in (0, STEP_MS - 1):
        series = counted_series(9000)
        book(series, [(5, "count", 4000)], within_ms=STEP_MS // 2)
        book(series, [(5, "sale", -1000)], within_ms=within_ms)
        assert series.on_hand == 4000


def test_a_delivery_closes_the_order_that_it_names_or_the_earliest_due() -> None:
    series = counted_series()
    ledger.place_order(series, "later", 10_000, 200)
    ledger.place_order(series, "sooner", 6000, 100)
    ledger.place_order(series, "sooner", 8000, 100)  # said again, with another quantity
    assert series.on_order() == 18_000
    ledger.receive(series, 5000, None)
    assert [(order.order_id, order.units) for order in series.orders] == [("sooner", 3000), ("later", 10_000)]
    ledger.receive(series, 4000, None)  # 3 close the sooner, 1 goes on to the later
    assert [(order.order_id, order.units) for order in series.orders] == [("later", 9000)]
    ledger.receive(series, 1000, "later")  # short, but it is what came of that order
    assert series.orders == []
    ledger.place_order(series, "x", 1000, None)
    ledger.receive(series, 1000, "unknown")
    ledger.cancel_order(series, "y")
    assert series.on_order() == 1000
    ledger.cancel_order(series, "x")
    assert series.on_order() == 0
