"""What calendar and promotions say of a period, by hand."""

from datetime import date

import pytest

from schemas.quantities import DAY_MS
from streams.driver_values import PromotionSpan, calendar_values, promotion_values

WEEK = PromotionSpan(10 * DAY_MS, 17 * DAY_MS, 0.2)


@pytest.mark.parametrize(
    ("day", "values"),
    [
        (9, {}), (10, {"promotion_start": 1.0}), (11, {"promotion_start": 1.0}), (12, {}), (14, {}),
        (15, {"promotion_end": 1.0}), (16, {"promotion_end": 1.0}),
    ],
)  # fmt: skip
def test_the_days_of_a_promotion(day: int, values: dict[str, float]) -> None:
    assert promotion_values(WEEK if day >= 10 else None, None, day * DAY_MS) == values


def test_the_dip_after_fades_and_ends() -> None:
    dips = [promotion_values(None, WEEK, day * DAY_MS) for day in (17, 19, 21, 31)]
    # Two thirds are left each two days; after 14 days nothing is said.
    assert dips[:3] == [{"promotion_dip": pytest.approx(each)} for each in (1.0, 2 / 3, 4 / 9)]
    assert dips[3] == {}


def test_a_promotion_without_an_end_has_no_last_days() -> None:
    assert promotion_values(PromotionSpan(0, None, None), None, 90 * DAY_MS) == {}


def test_a_running_promotion_has_no_dip_of_the_one_before() -> None:
    assert promotion_values(PromotionSpan(20 * DAY_MS, None, None), WEEK, 25 * DAY_MS) == {}


def test_near_holidays() -> None:
    plain = date(2024, 7, 8)
    assert calendar_values(plain, 0, False, 1) == {}
    assert calendar_values(plain, 1, False, 1) == {"holiday_eve": 1.0}
    assert calendar_values(plain, 3, True, 1) == {"near_holiday": 1.0}
    assert calendar_values(plain, None, True, 1) == {"after_holiday": 1.0}


def test_weeks_and_months_are_told_of_christmas_alone() -> None:
    assert calendar_values(date(2024, 12, 16), 1, True, 7) == {"before_christmas": 16 / 24}
    assert calendar_values(date(2024, 12, 25), None, False, 1) == {}
