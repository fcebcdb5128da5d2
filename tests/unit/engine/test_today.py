"""The open day of a series: its hours on days of 23, 24 and 25, and what may be known at a close."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from online_models.day_curve import DayCurve
from schemas.quantities import HOUR_MS
from streams.engine.core import Core
from streams.engine.facts import Facts
from streams.engine.series import Series
from streams.engine.table import SeriesTable
from streams.engine.today import Today
from streams.periods import Periods
from streams.reference import Reference
from streams.settings import ShopSettings
from tests.stories.test_engine_day import even_days, told
from tests.unit.engine.bench import at

LONDON = ShopSettings(zone="Europe/London", trading_hours=(0, 24))
SPRING, AUTUMN, PLAIN = (date(2024, 3, 31).toordinal(), date(2024, 10, 27).toordinal(), date(2024, 5, 5).toordinal())


def today(shop: ShopSettings = LONDON) -> Today:
    """Look-ups of an empty task."""
    core = Core(0, 1, shop, Reference())
    return Today(core, Facts(core))


@pytest.mark.parametrize(("period", "hours"), [(SPRING, 23), (AUTUMN, 25), (PLAIN, 24)])
def test_a_day_has_the_hours_that_begin_in_it(period: int, hours: int) -> None:
    day = today().hours(period)
    assert len(day.names) == hours
    assert day.names[0] == 0
    assert day.names[-1] == 23
    assert day.first * HOUR_MS == Periods("Europe/London").start_ms(period)


@pytest.mark.parametrize("period", [SPRING, AUTUMN, PLAIN])
def test_shares_of_a_whole_day_sum_to_one_whatever_the_clock_does(period: int) -> None:
    curve, look = DayCurve.of([float(hour + 1) for hour in range(24)]), today()
    day = look.hours(period)
    shares = look.shares(curve, period, day.first + len(day.names))
    assert sum(shares) == pytest.approx(1.0)
    assert len(shares) == len(day.names)
    names = dict.fromkeys(day.names, 0.0)
    for name, share in zip(day.names, shares, strict=True):
        names[name] += share
    # 0, then the skipped hour's share goes to the next: (2 + 3) / 300.
    assert names[2] == pytest.approx(5 / 300 if period == SPRING else 3 / 300)


def test_an_hour_off_by_half_begins_before_midnight_and_belongs_to_the_day_before() -> None:
    kolkata = Periods("Asia/Kolkata")
    midnight = kolkata.start_ms(PLAIN)
    assert kolkata.day_hours(midnight + HOUR_MS // 4) == 0.0
    assert kolkata.day_hours(midnight + HOUR_MS // 2) == 0.0
    assert kolkata.day_hours(midnight + HOUR_MS) == 0.5
    day = today(replace(LONDON, zone="Asia/Kolkata")).hours(PLAIN)
    assert (day.first * HOUR_MS, len(day.names)) == (midnight + HOUR_MS // 2, 24)


def test_a_gap_is_known_from_when_it_was_told() -> None:
    look, milk = today(), Series("s1", "milk", PLAIN)
    first = look.hours(PLAIN).first * HOUR_MS
    # From 9:30 to 11:00, told at 11:00; from 10 to 11 once more, by the ledger.
    milk.gaps = [
        (first + 11 * HOUR_MS, first + 19 * HOUR_MS // 2, first + 11 * HOUR_MS),
        (first + 11 * HOUR_MS, first + 10 * HOUR_MS, first + 11 * HOUR_MS),
    ]
    shares = [0.1] * 12
    assert look.exposed(milk, PLAIN, shares, first + 11 * HOUR_MS - 1) == shares
    left = look.exposed(milk, PLAIN, shares, first + 11 * HOUR_MS)
    assert left == pytest.approx([*[0.1] * 9, 0.05, 0.0, 0.1])


def test_hours_of_a_closed_day_are_let_go_and_what_they_taught_is_kept() -> None:
    story = told(even_days(range(3)), at(2, 15))
    (series,) = [one for one in SeriesTable.load(story.state) if one.sku == "milk"]
    # Of the third day, eight until two are closed: two units an hour.
    assert [series.closed[hour] for hour in sorted(series.closed)] == [2000] * 6
    assert min(series.closed) == at(2, 8) // HOUR_MS
    assert {name for name in story.state if name.startswith("c:")} == {"c:", "c:s1", "c:s1|"}


def test_without_models_no_hours_are_kept() -> None:
    story = told(even_days(range(3)), at(2, 15), ShopSettings(zone="UTC", models="none"))
    assert all(not series.closed and not series.gaps for series in SeriesTable.load(story.state))
    assert not any(name.startswith("c:") for name in story.state)
