"""Laws of explanations: the parts sum to the mean, and no cause is named whose driver stood still."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from online_models.columns import COLUMNS, Features
from online_models.pool import Pool
from online_models.stack import SeriesStack
from streams.engine.causes import judge
from streams.engine.driver_days import DriverDay
from streams.engine.moves import find_moves, measure_change

rows = st.tuples(
    st.just(math.nan), st.just(math.nan), st.just(math.nan), st.just(math.nan), st.just(math.nan), st.just(math.nan),
    st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.floats(0.0, 0.6),
    st.floats(0.5, 1.5), st.floats(-0.5, 0.8), st.floats(-0.5, 0.8),
)  # fmt: skip
#: A row of an ordinary day.
USUAL = (math.nan,) * 6 + (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
demands = st.one_of(st.just(0.0), st.floats(0.0, 60.0), st.floats(0.0, 5000.0))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([7, 12, 52]), st.lists(st.tuples(demands, rows), min_size=1, max_size=60), rows)
@example(7, [(1.0, USUAL), (2.2250738585072014e-308, USUAL)], USUAL)  # less than four bytes can tell from nothing
def test_the_parts_sum_to_the_mean(
    season: int, past: list[tuple[float, tuple[float, ...]]], ahead: tuple[float, ...]
) -> None:
    stack = SeriesStack(season)
    assert len(ahead) == len(COLUMNS)
    category = Pool(stack.layout).category("any")
    for day, (demand, row) in enumerate(past):
        x = Features(day % season, row)
        stack.issue(x, category)
        stack.close(demand, x, category, day)
    for slot in (0, season - 1):
        x = Features(slot, ahead)
        for found in (stack.explain(x, category), stack.changes(x, category)):
            assert found is not None
            size = 1.0 + sum(abs(units) for units in found.parts.values())
            assert sum(found.parts.values()) == pytest.approx(found.mean_units, abs=1e-12 * size)


days = st.builds(
    lambda units, promotion, price, rival, empty, dark: (units, promotion, price, rival, empty, dark),
    st.integers(0, 60), st.sampled_from([0.0, 0.0, 0.0, 0.3]), st.sampled_from([10.0, 10.0, 8.0, 12.5]),
    st.sampled_from([10.0, 10.0, 7.5, None]), st.booleans(), st.booleans(),
)  # fmt: skip


def driver_days(
    drawn: list[tuple[int, float, float, float | None, bool, bool]], still: frozenset[str]
) -> list[DriverDay]:
    """Days as drawn, but with some drivers held still."""
    return [
        DriverDay(
            period=at, slot=at % 7, start_ms=at * 86_400_000,
            units=None if (dark and "data" not in still) or (empty and "supply" not in still) else float(units),
            sold=units * 1000,
            promotion=0.0 if "promotion" in still else promotion,
            own_price=10.0 if "own_price" in still else price,
            rival_prices={"r": 10.0 if "rival_price" in still else rival},
            is_empty="supply" not in still and empty,
            is_dark="data" not in still and dark,
        )
        for at, (units, promotion, price, rival, empty, dark) in enumerate(drawn)
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(days, min_size=20, max_size=60),
    st.integers(1, 15),
    st.frozensets(st.sampled_from(["promotion", "own_price", "rival_price", "supply", "data"])),
)
def test_no_cause_is_named_whose_driver_did_not_move(
    drawn: list[tuple[int, float, float, float | None, bool, bool]], since: int, still: frozenset[str]
) -> None:
    record = driver_days(drawn, still)
    before, after = record[:-since], record[-since:]
    change = measure_change(before, after)
    moves = find_moves(before, after, change)
    named = {each.move.label for each in judge(moves, {}, change)}
    # A till that counts in other steps is a fault of the data that has nothing to do with its silence.
    steps = {"data_fault"} if any("step_after_units" in move.evidence for move in moves) else set()
    labels = {"promotion", "own_price", "rival_price", "supply"} & still | (
        {"data_fault"} - steps if "data" in still else set()
    )
    assert not named & labels
    for move in moves:
        assert move.evidence, move.label


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=20, max_size=60), st.integers(1, 15))
def test_where_every_driver_stands_still_only_the_weeks_pattern_or_the_step_can_be_named(
    units: list[int], since: int
) -> None:
    everything = frozenset({"promotion", "own_price", "rival_price", "supply", "data"})
    record = driver_days([(one, 0.0, 10.0, 10.0, False, False) for one in units], everything)
    moves = find_moves(record[:-since], record[-since:], measure_change(record[:-since], record[-since:]))
    assert {move.label for move in moves} <= {"season", "data_fault"}
