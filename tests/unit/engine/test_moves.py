"""Drivers that moved, on weeks written out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from streams.engine.causes import judge
from streams.engine.driver_days import DriverDay
from streams.engine.moves import Change, Move, find_moves, measure_change

DAY_MS = 86_400_000
WEEK = (20.0, 18.0, 19.0, 21.0, 24.0, 32.0, 28.0)


def weeks(first: int, count: int, factor: float = 1.0, noise: bool = True) -> list[DriverDay]:
    """So many days of an ordinary week, a little up and down in turn."""
    return [
        DriverDay(
            period=day, slot=day % 7, start_ms=day * DAY_MS,
            units=(units := round(WEEK[day % 7] * factor + (1 if day % 2 else -1) * noise)), sold=round(units * 1000),
            own_price=10.0, currency="EUR", rival_prices={"north": 11.0, "south": 12.0},
        )
        for day in range(first, first + count)
    ]  # fmt: skip


def moved(days: Sequence[DriverDay], change: Callable[[DriverDay], DriverDay]) -> list[DriverDay]:
    return [change(day) for day in days]


def find(before: list[DriverDay], after: list[DriverDay]) -> dict[str, Move]:
    return {move.label: move for move in find_moves(before, after, measure_change(before[-28:], after))}


def test_a_change_is_measured_weekday_against_weekday() -> None:
    before = weeks(0, 28, noise=False)
    # Three quiet days of a new week, sold at half: 10, 9 and 10 (19 / 2 rounds to even) instead of 20, 18 and 19.
    found = measure_change(before, weeks(28, 3, 0.5, noise=False))
    assert found.level_units == pytest.approx(sum(WEEK) / 7)
    assert found.units == pytest.approx(-(10 + 9 + 9) / 3)
    assert measure_change(before, []).units is None


def test_ordinary_weeks_move_nothing() -> None:
    assert find(weeks(0, 56), weeks(56, 14)) == {}


def test_a_promotion_that_begins_and_one_that_has_ended() -> None:
    before, after = weeks(0, 56), moved(weeks(56, 5, 2.0), lambda day: replace(day, promotion=0.3))
    begun = find(before, after)["promotion"]
    assert begun.since_ms == 56 * DAY_MS
    # Thirty per cent off usually sells 1 / 0.49 times as much.
    assert begun.units == pytest.approx((1 / 0.49 - 1) * measure_change(before[-28:], after).level_units)
    running = moved(weeks(0, 56, 2.0), lambda day: replace(day, promotion=0.3 if day.period >= 42 else 0.0))
    ended = find(running, weeks(56, 5))["promotion"]
    assert (ended.detail, ended.since_ms) == ("ended", 56 * DAY_MS)
    assert ended.units < 0
    # One that runs every weekend is nothing new.
    usual = [replace(day, promotion=0.3 if day.slot > 4 else 0.0) for day in weeks(0, 63)]
    assert "promotion" not in find(usual[:56], usual[56:])


def test_prices_of_ours_and_of_a_rival() -> None:
    before = weeks(0, 56)
    dearer = moved(weeks(56, 6, 0.7), lambda day: replace(day, own_price=12.0))
    own = find(before, dearer)["own_price"]
    assert own.evidence["price_change_share"].value == 0.2
    assert own.units < 0
    assert own.since_ms == 56 * DAY_MS
    cut = moved(weeks(56, 6, 0.8), lambda day: replace(day, rival_prices={"north": 8.25, "south": 12.0}))
    rival = find(before, cut)["rival_price"]
    assert (rival.detail, rival.evidence["price_after"].value) == ("north", 8.25)
    assert rival.units < 0
    gone = moved(weeks(56, 6, 1.3), lambda day: replace(day, rival_prices={"north": 11.0, "south": None}))
    assert find(before, gone)["rival_price"].detail == "south"
    # Two per cent is no move; nor is one that is a month old.
    assert find(before, moved(weeks(56, 6), lambda day: replace(day, own_price=10.2))) == {}
    old = [replace(day, own_price=12.0 if day.period > 26 else 10.0) for day in weeks(0, 63)]
    assert find(old[:56], old[56:]) == {}


def test_a_price_cut_that_is_the_promotion_is_told_once() -> None:
    after = moved(weeks(56, 5, 2.0), lambda day: replace(day, promotion=0.3, own_price=7.0))
    assert set(find(weeks(0, 56), after)) == {"promotion"}
    deeper = moved(weeks(56, 5, 2.0), lambda day: replace(day, promotion=0.1, own_price=7.0))
    assert set(find(weeks(0, 56), deeper)) == {"promotion", "own_price"}


def test_an_empty_shelf_and_a_till_that_was_not_heard() -> None:
    before = weeks(0, 56)
    empty = [replace(day, is_empty=day.period in (57, 59), units=None) if day.period in (57, 59) else day
             for day in weeks(56, 7, 0.6)]  # fmt: skip
    assert find(before, empty)["supply"].units < 0
    dark = [replace(day, is_dark=day.period == 57) for day in weeks(56, 5, 0.6)]
    assert find(before, dark)["data_fault"].units < 0
    # A shelf that has always been empty on one day in seven is nothing new.
    usual = [replace(day, is_empty=day.slot == 6) for day in weeks(0, 70)]
    assert find(usual[:56], usual[56:]) == {}


def test_packs_counted_as_pieces() -> None:
    before = weeks(0, 56)
    after = [replace(day, units=day.units * 6, sold=day.sold * 6) for day in weeks(56, 6) if day.units is not None]
    fault = find(before, after)["data_fault"]
    assert fault.is_certain
    assert [fault.evidence[name].value for name in ("step_before_units", "step_after_units")] == [1.0, 6.0]
    assert "data_fault" not in find(before, weeks(56, 6, 6.0))


def test_another_week() -> None:
    shifted = [replace(day, units=WEEK[(day.slot + 3) % 7], sold=round(WEEK[(day.slot + 3) % 7] * 1000))
               for day in weeks(56, 14)]  # fmt: skip
    assert "season" in find(weeks(0, 56), shifted)


def test_the_likeliest_comes_first_and_the_implausible_is_not_named() -> None:
    change = Change(level_units=20.0, units=10.0)
    moves = [Move("promotion", 9.0, 0, {}), Move("rival_price", 4.0, 0, {}), Move("own_price", -5.0, 0, {}),
             Move("supply", 1.0, 0, {})]  # fmt: skip
    assert [each.move.label for each in judge(moves, {}, change)] == ["promotion", "rival_price"]
    # The model has learnt that this series does not answer to promotions: a third of that counts.
    assert [each.move.label for each in judge(moves, {"promotion": -12.0}, change)] == ["rival_price", "promotion"]
    assert judge([], {}, change) == []
