"""Categories and classes of a task: sums by period, limits by round, and the same after a restart."""

from streams.engine.mix import KEPT, MixTable

FIRST = 738_000


def fill(mix: MixTable, days: int, first: int = FIRST) -> None:
    for day in range(first, first + days):
        mix.add("lima-01", "dairy", day, 1.0 + day % 7)
        mix.add("lima-01", "dairy", day, 0.5)
        mix.add("lima-01", "bread", day, 2.0)


def test_a_category_is_the_sum_of_its_closes() -> None:
    mix = MixTable()
    fill(mix, 60)
    day = FIRST + 60
    totals = mix.totals("lima-01", "dairy", day)
    assert totals == [1.5 + each % 7 for each in range(day - KEPT, day)]
    # Of the newest period other series may still be open: who closes it reads up to the one before.
    assert mix.totals("lima-01", "dairy", day - 1) == totals[:-1]
    assert mix.totals("lima-02", "dairy", day) == mix.totals("lima-01", "meat", day) == []


def test_periods_in_which_nothing_closed_are_zero_and_late_ones_too_old_are_dropped() -> None:
    mix = MixTable()
    mix.add("s", "c", FIRST, 7.0)
    mix.add("s", "c", FIRST + 3, 5.0)
    mix.add("s", "c", FIRST + 1, 2.0)
    assert mix.totals("s", "c", FIRST + 4)[-4:] == [7.0, 2.0, 0.0, 5.0]
    mix.add("s", "c", FIRST + KEPT + 3, 1.0)
    mix.add("s", "c", FIRST + 3, 9.0)
    assert mix.totals("s", "c", FIRST + KEPT + 4) == [0.0] * (KEPT - 1) + [1.0]


def test_a_restart_changes_nothing() -> None:
    mix = MixTable()
    fill(mix, 30)
    for turn in range(20):
        mix.note("PEN", 1.5**turn, FIRST)
    mix.note("PEN", 1.0, FIRST + 7)
    state = mix.writes()
    assert set(state) == {"x:lima-01", "abc"}
    assert mix.writes() == {}
    again = MixTable.load({name: value for name, value in state.items() if value is not None})
    for one in (mix, again):
        fill(one, 5, FIRST + 30)
        one.note("PEN", 2.0, FIRST + 8)
    assert again.writes() == mix.writes()
    assert again.abc("PEN", 2_000.0) == mix.abc("PEN", 2_000.0) == "A"
    assert again.abc("PEN", 1.0) == "C"
    assert again.abc("USD", 1.0) is None


def test_every_series_has_one_turn_in_seven_periods() -> None:
    mix = MixTable()
    for turn in (0, 5, 123_456_789):
        assert sum(mix.is_turn(FIRST + day, turn) for day in range(7)) == 1
