"""Holidays of a country and of a shop; nobody's country has none."""

from datetime import date

from streams.holiday_calendar import HolidayCalendar, OwnDay

INDEPENDENCE = date(2024, 7, 28)


def test_public_holidays_of_peru() -> None:
    calendar = HolidayCalendar()
    # Feriados nacionales: New Year, Labour Day, Independence (28 and 29 July), Christmas.
    days = [date(2024, 1, 1), date(2024, 5, 1), INDEPENDENCE, date(2024, 7, 29), date(2024, 12, 25)]
    assert all(calendar.is_holiday("PE", "s1", day) for day in days)
    assert not calendar.is_holiday("PE", "s1", date(2024, 7, 27))


def test_days_until_the_next_one() -> None:
    calendar = HolidayCalendar()
    assert [calendar.days_until("PE", "s1", date(2024, 7, day)) for day in (24, 25, 26, 27, 28, 29, 30)] == [
        None, 3, 2, 1, 0, 0, None,
    ]  # fmt: skip


def test_an_unknown_country_has_no_holidays() -> None:
    calendar = HolidayCalendar()
    assert not calendar.is_holiday("XX", "s1", date(2024, 12, 25))
    assert calendar.days_until("", "s1", date(2024, 12, 25)) is None


def test_own_days_win_and_a_stores_own_win_over_its_countrys() -> None:
    fair = date(2024, 3, 5)
    calendar = HolidayCalendar(
        [
            OwnDay(INDEPENDENCE, "PE", False),
            OwnDay(INDEPENDENCE, "s2", True),
            OwnDay(fair, ""),
            OwnDay(fair, "s2", False),
        ]
    )
    assert [calendar.is_holiday("PE", store, INDEPENDENCE) for store in ("s1", "s2")] == [False, True]
    assert [calendar.is_holiday("PE", store, fair) for store in ("s1", "s2")] == [True, False]
    assert [calendar.days_until("PE", store, fair) for store in ("s1", "s2")] == [0, None]
