"""The share-of-day curve: shrinkage by hand, laws of its state, days on which the clock is changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.day_curve import MEMORY_HOURS, PRIOR_HOURS, DayCurve, DayCurves
from schemas.errors import StateCorrupt

STORES, CATEGORIES = ("lima", "cusco"), ("", "dairy", "food|tea")
days = st.tuples(
    st.sampled_from(STORES),
    st.sampled_from(CATEGORIES),
    st.integers(0, 6),
    st.dictionaries(st.integers(0, 23), st.floats(-3, 1e6, width=32), max_size=24),
)


def taught(lessons: list[tuple[str, str, int, dict[int, float]]]) -> DayCurves:
    """Curves that have learnt some days."""
    curves = DayCurves(6, 22, 7)
    for lesson in lessons:
        curves.learn(*lesson)
    return curves


def every(curves: DayCurves) -> list[DayCurve]:
    """All curves that can be asked for."""
    return [curves.curve(store, category, slot) for store in STORES for category in CATEGORIES for slot in range(7)]


def test_before_anything_is_known_demand_is_even_over_the_trading_hours() -> None:
    curve = DayCurves(8, 18, 7).curve("lima", "dairy", 0)
    assert [round(curve.share(hour), 12) for hour in (7, 8, 17, 18)] == [0.0, 0.1, 0.1, 0.0]
    assert curve.elapsed[13] == pytest.approx(0.5)


def test_a_curve_is_drawn_towards_the_wider_one() -> None:
    # 100 days, all in one hour: each weighs 1. Outset 0.1 an hour over ten hours; prior 100 each time.
    assert PRIOR_HOURS == 100.0
    curves = DayCurves(8, 18, 7)
    for _ in range(100):
        curves.learn("lima", "dairy", 0, {9: 40.0})
    # Task (100 + 100 * 0.1) / 200 = 0.55; store (100 + 55) / 200 = 0.775; category 0.8875; weekday 0.94375.
    assert curves.curve("lima", "dairy", 0).share(9) == pytest.approx(0.94375)
    assert curves.curve("lima", "dairy", 1).share(9) == pytest.approx(0.8875)
    assert curves.curve("lima", "tea", 0).share(9) == pytest.approx(0.775)
    assert curves.curve("cusco", "dairy", 0).share(9) == pytest.approx(0.55)


def test_a_bulk_order_weighs_one_hour_however_large() -> None:
    # 1, 1, 1, 1 in four hours weighs 4^2 / 4 = 4; a thousand in one hour weighs 1: so 4 of 5 parts lie in the four.
    curves = DayCurves(8, 18, 7)
    curves.learn("lima", "", 0, {8: 1.0, 9: 1.0, 10: 1.0, 11: 1.0})
    curves.learn("lima", "", 0, {17: 1000.0})
    # Task: (1 + 100 * 0.1) / 105 for each of the five hours; the same weight in all.
    found = curves.curve("cusco", "", 0)
    assert [found.share(hour) for hour in (8, 11, 17)] == pytest.approx([11 / 105] * 3)
    assert found.share(12) == pytest.approx(10 / 105)


def test_new_opening_hours_take_the_place_of_the_old_ones() -> None:
    curves = DayCurves(8, 18, 7)
    early, late = {8: 1.0, 9: 1.0}, {20: 1.0, 21: 1.0}
    for lesson in (early, late):
        for _ in range(int(2 * MEMORY_HOURS / 2)):
            curves.learn("lima", "", 0, lesson)
    # Twice the memory has passed since: e^-2 = 0.135 of what was before is left.
    assert curves.curve("lima", "", 0).elapsed[12] == pytest.approx(0.135, abs=0.01)


def test_the_hour_that_a_clock_change_repeats_has_the_units_of_both() -> None:
    # The caller adds both hours under one name; a day of 23 hours has no such name at all.
    long, short = taught([("lima", "", 6, {1: 2.0, 9: 2.0})]), taught([("lima", "", 6, {3: 2.0, 9: 2.0})])
    assert long.curve("lima", "", 6).share(1) > 0 == long.curve("lima", "", 6).share(2)
    assert short.curve("lima", "", 6).share(3) > 0 == short.curve("lima", "", 6).share(2)


@given(st.lists(days, max_size=12))
def test_shares_sum_to_one_and_never_fall(lessons: list[tuple[str, str, int, dict[int, float]]]) -> None:
    for curve in every(taught(lessons)):
        assert curve.elapsed[0] == 0.0
        assert curve.elapsed[-1] == 1.0
        assert list(curve.elapsed) == sorted(curve.elapsed)


@given(st.lists(days, max_size=8), st.lists(days, max_size=4))
def test_what_is_stored_is_what_is_used(
    lessons: list[tuple[str, str, int, dict[int, float]]], more: list[tuple[str, str, int, dict[int, float]]]
) -> None:
    curves, twin = taught(lessons), DayCurves(6, 22, 7)
    for name, state in curves.writes().items():
        twin.take(name, state)
    assert curves.writes() == {}
    assert every(twin) == every(curves)
    for lesson in more:
        curves.learn(*lesson)
        twin.learn(*lesson)
    assert twin.writes() == curves.writes()
    assert every(twin) == every(curves)


@given(st.lists(days, max_size=6), st.floats(0.0, 1.0))
def test_the_hour_of_a_share_is_the_opposite_of_the_share_of_an_hour(
    lessons: list[tuple[str, str, int, dict[int, float]]], share: float
) -> None:
    curve = taught(lessons).curve("lima", "dairy", 3)
    assert curve.until(curve.at(share)) == pytest.approx(share, abs=1e-9)


def test_only_what_has_changed_is_written() -> None:
    curves = taught([("lima", "dairy", 0, {9: 1.0}), ("cusco", "", 0, {9: 1.0})])
    assert sorted(curves.writes()) == ["", "cusco", "cusco|", "lima", "lima|dairy"]
    curves.learn("lima", "dairy", 0, {9: 1.0})
    assert curves.dirty_bytes() > 0
    assert sorted(curves.writes()) == ["", "lima", "lima|dairy"]
    curves.learn("lima", "dairy", 0, {9: 0.0, 10: -2.0})
    assert curves.writes() == {}


@pytest.mark.parametrize("broken", [b"", b"\x02" + bytes(100), b"\x01" + bytes(99), b"\x01" + bytes(800)])
def test_state_of_another_form_is_refused(broken: bytes) -> None:
    with pytest.raises(StateCorrupt):
        DayCurves(6, 22, 7).take("lima", broken)


def test_a_day_has_24_names() -> None:
    with pytest.raises(ValueError, match="24"):
        DayCurve.of([1.0] * 25)
