"""The rest of the day: a doubled morning is followed, a day that goes as ever is left alone."""

from datetime import date, timedelta

import numpy as np

from streams.evaluation.intraday_trial import HourDay, HourSeries, run_intraday_trial


def make(count: int, days: int) -> list[HourSeries]:
    """60 a day from 8 to 20, on days with a pace of their own: half as much or half as much again."""
    random = np.random.default_rng(2)
    curve = np.zeros(24)
    curve[8:20] = 1 / 12

    def day(place: int) -> HourDay:
        pace = random.choice([0.5, 1.0, 1.5])
        return HourDay(date(2024, 1, 1) + timedelta(place), random.poisson(60.0 * pace * curve) * 1.0, True, None)

    return [HourSeries("s", "c", [day(place) for place in range(days)]) for _ in range(count)]


def test_a_jump_is_followed() -> None:
    found = run_intraday_trial(make(4, 50), 7)
    assert found.series == 4
    assert 4 * 20 <= found.days <= 4 * 22
    usual, jumped, known = found.rest_of_day.value, found.after_jump.value, found.known.value
    assert usual is not None
    assert jumped is not None
    assert known is not None
    # By 15:00 the pace has been seen for seven of twelve hours.
    assert usual < 0.8
    assert jumped < 0.8
    assert known < 1.0


def test_what_sells_less_than_one_a_day_is_left_out() -> None:
    days = [HourDay(date(2024, 1, 1) + timedelta(day), np.zeros(24), True, None) for day in range(40)]
    assert run_intraday_trial([HourSeries("s", "c", days)], 7).series == 0
