"""The plain experts against values worked out by hand and against statsforecast."""

import pytest

from online_models.ewma import Ewma
from online_models.regression import Regression
from online_models.seasonal_naive import SeasonalNaive
from online_models.tsb import Tsb

LUMPY = [0, 0, 3, 0, 1, 0, 0, 0, 8, 2, 0, 0, 1, 0, 4, 0, 0]


def test_seasonal_naive_repeats_the_last_season() -> None:
    model = SeasonalNaive(season=3)
    for units in (1, 2, 3, 4, 5):
        model.learn_one(units)
    # The next slots are 2, 0, 1: last seen 3, 4, 5.
    assert model.forecast(4) == [3.0, 4.0, 5.0, 3.0]


def test_seasonal_naive_takes_the_newest_where_the_slot_is_new() -> None:
    model = SeasonalNaive(season=7)
    model.learn(5.0, slot=1)
    model.learn(8.0, slot=2)
    assert model.mean(slot=6) == 8.0
    assert model.last(6) is None


def test_ewma_learns_the_mean_so_far_then_forgets() -> None:
    model = Ewma(season=1)
    for units in (10, 20, 60):
        model.learn_one(units)
    assert model.mean(0) == pytest.approx(30.0)
    for _ in range(300):
        model.learn_one(5)
    assert model.mean(0) == pytest.approx(5.0, abs=0.05)


def test_ewma_finds_the_weekly_pattern() -> None:
    week = [10.0, 10.0, 10.0, 10.0, 10.0, 30.0, 0.0]
    model = Ewma(season=7)
    for units in week * 30:
        model.learn_one(units)
    for slot, units in enumerate(week):
        assert model.mean(slot) == pytest.approx(units, abs=0.5)


def test_tsb_by_hand() -> None:
    model = Tsb(size_gain=0.5, probability_gain=0.5, early_gain=False)
    # p: 0 -> 0.5 -> 0.25 -> 0.625;  z: 4 -> 4 -> 4 + 0.5 * (8 - 4) = 6
    for units in (0, 4, 0, 8):
        model.learn_one(units)
    assert model.mean() == pytest.approx(0.625 * 6.0)


def test_tsb_fades_while_nothing_sells() -> None:
    model = Tsb()
    for units in [5] * 20 + [0] * 30:
        model.learn_one(units)
    # p = 0.9 ** 30 after 30 empty periods
    assert model.mean() == pytest.approx(5.0 * 0.9**30)


def test_seasonal_naive_and_tsb_are_statsforecasts() -> None:
    import numpy as np
    from statsforecast.models import TSB
    from statsforecast.models import SeasonalNaive as Reference

    naive, tsb = SeasonalNaive(season=7), Tsb(early_gain=False)
    for units in LUMPY:
        naive.learn_one(units)
        tsb.learn_one(units)
    y = np.array(LUMPY, dtype=float)
    assert naive.forecast(9) == pytest.approx(list(Reference(season_length=7).forecast(y, h=9)["mean"]))
    assert tsb.forecast(1)[0] == pytest.approx(float(TSB(alpha_d=0.1, alpha_p=0.1).forecast(y, h=1)["mean"][0]))


def test_regression_starts_as_the_naive_level() -> None:
    model = Regression(season=1)
    model.learn_one(10.0)
    assert model.mean(0) == pytest.approx(10.0)


def test_regression_tells_a_price_cut_from_a_weekday() -> None:
    model = Regression(season=7)
    demand = [20.0 + 10.0 * (day % 7 == 5) + 15.0 * (day % 4 == 0) for day in range(400)]
    for day, units in enumerate(demand):
        model.learn_one(units, {"slot": day % 7, "promotion": float(day % 4 == 0)})
    for slot, usual in ((0, 20.0), (5, 30.0)):
        assert model.forecast(1, [{"slot": slot, "promotion": 1.0}])[0] == pytest.approx(usual + 15.0, rel=0.1)
        assert model.forecast(1, [{"slot": slot, "promotion": 0.0}])[0] == pytest.approx(usual, rel=0.1)


def test_a_column_that_is_missing_or_not_a_number_says_nothing() -> None:
    model = Regression(season=1)
    for day in range(50):
        model.learn_one(10.0 + day % 3, {"promotion": float(day % 3 == 0)})
    without = model.forecast(1, [{"price_gap": float("nan"), "lag_1_demand": float("nan")}])
    assert without == model.forecast(1, [{}])
