"""Hours and periods against pandas, on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import BadSetup
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime, to_ms
from streams.periods import Periods
from streams.settings import Period

# Lima has no summer time; London changes at 01:00 UTC; in São Paulo (until 2019) and Havana midnight itself is skipped
# or comes twice; Kathmandu is 5:45 ahead, Lord Howe moves by half an hour.
ZONES = [
    "UTC",
    "America/Lima",
    "Europe/London",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
]
PERIODS: tuple[Period, ...] = ("day", "week", "month")
moments = st.integers(to_ms(datetime(1996, 1, 1, tzinfo=UTC)), to_ms(datetime(2035, 1, 1, tzinfo=UTC)))


@given(moments, st.sampled_from(ZONES))
def test_a_day_is_the_local_date(ms: int, zone: str) -> None:
    periods = Periods(zone)
    local = pd.Timestamp(ms, unit="ms", tz="UTC").tz_convert(ZoneInfo(zone))
    assert periods.of(ms) == local.date().toordinal()
    assert periods.first_day(periods.of(ms)) == local.date()
    assert periods.slot(periods.of(ms)) == local.dayofweek
    assert periods.local_hour(ms) == local.hour
    assert periods.day_number(ms) == local.date().toordinal()


@given(moments, st.sampled_from(ZONES))
def test_weeks_and_months_are_those_of_the_calendar(ms: int, zone: str) -> None:
    local = pd.Timestamp(ms, unit="ms", tz="UTC").tz_convert(ZoneInfo(zone))
    weeks, months = Periods(zone, "week"), Periods(zone, "month")
    assert weeks.first_day(weeks.of(ms)) == local.date() - timedelta(days=local.dayofweek)
    assert months.first_day(months.of(ms)) == local.date().replace(day=1)
    assert months.slot(months.of(ms)) == local.month - 1
    assert months.days(months.of(ms)) == local.days_in_month
    assert weeks.days(weeks.of(ms)) == 7
    assert weeks.of(ms + 7 * DAY_MS + HOUR_MS) - weeks.of(ms) in (1, 2)


@given(moments, st.sampled_from(ZONES), st.sampled_from(PERIODS))
def test_a_moment_lies_between_its_periods_edges(ms: int, zone: str, period: Period) -> None:
    periods = Periods(zone, period)
    ordinal = periods.of(ms)
    assert periods.start_ms(ordinal) <= ms < periods.end_ms(ordinal)
    assert periods.of(periods.start_ms(ordinal)) == ordinal
    assert periods.of(periods.start_ms(ordinal) - 1) == ordinal - 1
    assert periods.end_ms(ordinal) == periods.start_ms(ordinal + 1)


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24)])
def test_london_has_days_of_23_and_25_hours(day: date, hours: int) -> None:
    london = Periods("Europe/London")
    ordinal = day.toordinal()
    assert london.end_ms(ordinal) - london.start_ms(ordinal) == hours * HOUR_MS
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/London"))
    assert to_datetime(london.start_ms(ordinal)) == midnight
    assert london.midnight_ms(london.start_ms(ordinal) + 5 * HOUR_MS) == london.start_ms(ordinal)


def test_lima_is_five_hours_behind_all_year() -> None:
    lima = Periods("America/Lima")
    for day in (date(2024, 1, 15), date(2024, 7, 15)):
        assert to_datetime(lima.start_ms(day.toordinal())) == datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


def test_a_year_has_no_gap_between_its_last_and_its_first_period() -> None:
    for period in ("day", "week", "month"):
        periods = Periods("UTC", period)
        before, after = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 1, 7, tzinfo=UTC)
        step = periods.of(to_ms(after)) - periods.of(to_ms(before))
        assert step == {"day": 7, "week": 1, "month": 1}[period]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadSetup, match="zone"):
        Periods(zone)
