"""Roll-ups: sums, shares, weeks and months, told once and whole."""

from datetime import date, timedelta

import pytest

from online_models.columns import Features
from online_models.conformal import CalibratedDistribution
from online_models.stack_forecast import StackForecast, StackLesson
from streams.engine.watch import WatchedClose
from streams.rollup import SharedError, Total, add_by_calendar, spread_distribution
from streams.rollup_book import NodeRow, RollupBook, ShareRow

MONDAY = date(2024, 1, 1)


def close(sku: str, day: date, mean: float, units: float, category: str = "dairy") -> WatchedClose:
    forecast = StackForecast(mean, CalibratedDistribution(mean, 0.0), "level", (mean,), mean + 1.0)
    lesson = StackLesson(forecast, units, units, 0.0, units - mean, 0.0, None, None, None, None)
    return WatchedClose("s1", sku, 0, 1.0, Features(0), lesson, None, day, category, "A", "smooth")


def test_periods_are_told_once_and_whole_then_weeks_and_months() -> None:
    book = RollupBook()
    told: list[NodeRow | ShareRow] = []
    for day in range(40):
        for sku, mean in (("milk", 6.0), ("cheese", 2.0)):
            book.add(close(sku, MONDAY + timedelta(day), mean, mean + (sku == "milk")))
            told += book.over()
    assert {row.target for row in told} == {MONDAY + timedelta(day) for day in range(5)}
    told += book.rest()
    periods = [row for row in told if isinstance(row, NodeRow) and row.span == "period"]
    assert len(periods) == len({(row.level, row.node, row.target) for row in periods}) == 4 * 40
    assert {(row.mean, row.demand, row.seasonal_naive, row.series) for row in periods} == {(8.0, 9.0, 10.0, 2)}
    weeks = [row for row in told if isinstance(row, NodeRow) and row.span == "week" and row.level == "all"]
    assert [row.demand for row in weeks] == [63.0] * 5 + [45.0]
    months = [row for row in told if isinstance(row, NodeRow) and row.span == "month" and row.level == "store"]
    assert [(row.target, row.mean) for row in months] == [(MONDAY, 8.0 * 31), (date(2024, 2, 1), 8.0 * 9)]
    shares = [row for row in told if isinstance(row, ShareRow) and row.sku == "milk"]
    assert len(shares) == 40
    assert shares[0].share_forecast == 0.75
    assert shares[0].share_sold == pytest.approx(7 / 9)
    assert (shares[0].abc, shares[0].demand_class) == ("A", "smooth")


def test_a_sum_of_independent_counts_keeps_their_variance() -> None:
    # What is shared is learnt away where nothing is: 300 sums of two Poissons of mean 50 that are what they should be.
    shared = SharedError()
    for _ in range(300):
        shared.learn(110.0, 100.0, 100.0)
        shared.learn(90.0, 100.0, 100.0)
    assert shared.share == pytest.approx(0.0, abs=0.002)
    whole = shared.distribution(100.0, 100.0)
    assert whole.mean_units == 100.0
    assert whole.variance == pytest.approx(100.0, rel=0.2)


def test_variance_is_kept_whatever_it_is() -> None:
    for mean, variance in ((10.0, 2.0), (10.0, 10.0), (10.0, 90.0), (0.01, 0.5), (5_000.0, 1_000_000.0)):
        assert spread_distribution(mean, variance).variance == pytest.approx(variance)


def test_a_month_is_not_a_week() -> None:
    days = [(date(2024, 1, 31), Total(1.0, 1.0, 0.0, 2.0, 3)), (date(2024, 2, 1), Total(1.0, 1.0, 0.0, 2.0, 4))]
    assert add_by_calendar(days, "week") == {date(2024, 1, 29): Total(2.0, 2.0, 0.0, 4.0, 4)}
    assert list(add_by_calendar(days, "month")) == [date(2024, 1, 1), date(2024, 2, 1)]
