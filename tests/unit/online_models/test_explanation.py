"""A forecast taken apart, held to differences of the forecast itself and to cases worked out by hand."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from online_models.columns import Column, Features
from online_models.explanation import (
    LEVEL_PART,
    OWN_PRICE,
    PROMOTION,
    REST,
    SEASON_PART,
    Explanation,
    driver_of,
    lifted,
    neutral,
    usual_features,
)
from online_models.pool import Category, Pool
from online_models.stack import SeriesStack

COLUMNS = (
    Column("lag_1_demand", in_units=True), Column("promotion"), Column("own_price_ratio", neutral=1.0),
    Column("search_interest"),
)  # fmt: skip
PLAIN = (math.nan, 0.0, 1.0, 0.0)


def taught(season: int = 7, days: int = 200, seed: int = 3) -> tuple[SeriesStack, Category]:
    """A stack that has lived through promotions (twice as much), price changes and a weekend peak."""
    dice = Random(seed)
    stack = SeriesStack(season, COLUMNS)
    category = Pool(stack.layout).category("dairy")
    for day in range(days):
        promotion, price = float(day % 23 < 5), 1.0 if day % 40 < 30 else 0.9
        x = Features(day % season, (math.nan, promotion, price, dice.random()))
        mean = 20.0 * (1.5 if day % 7 > 4 else 1.0) * (2.0 if promotion else 1.0) * price**-1.5
        stack.issue(x, category)
        stack.close(max(0.0, dice.gauss(mean, 3.0)), x, category, day)
    return stack, category


def explained(stack: SeriesStack, x: Features, category: Category) -> Explanation:
    found = stack.explain(x, category)
    assert found is not None
    return found


@pytest.mark.parametrize("season", [7, 52, 12])
def test_the_parts_sum_to_the_mean_that_is_issued(season: int) -> None:
    stack, category = taught(season)
    for slot in range(7):
        for row in (PLAIN, (math.nan, 1.0, 0.9, 0.4), ()):
            x = Features(slot, row)
            found = explained(stack, x, category)
            assert sum(found.parts.values()) == pytest.approx(found.mean_units, rel=1e-12)
            issued = stack.issue(x, category)
            assert issued is not None
            # The mean that was issued is kept in four bytes.
            assert found.mean_units == pytest.approx(issued.mean_units, rel=1e-6)


def test_a_drivers_part_moves_as_the_forecast_does() -> None:
    """Where nothing is clipped, one column moves the mean by exactly what its driver's part moves."""
    stack, category = taught()
    for slot in range(7):
        base = explained(stack, Features(slot, PLAIN), category)
        for place, driver in ((1, PROMOTION), (2, OWN_PRICE), (3, "search interest")):
            row = list(PLAIN)
            row[place] += 0.2
            moved = explained(stack, Features(slot, tuple(row)), category)
            assert moved.parts[driver] - base.parts[driver] == pytest.approx(
                moved.mean_units - base.mean_units, abs=1e-9
            )
            assert abs(moved.parts[REST]) < 1e-9


def test_a_promotion_is_told_from_season_and_level() -> None:
    stack, category = taught()
    weekday, weekend = (explained(stack, Features(slot, PLAIN), category) for slot in (1, 6))
    # Twenty a weekday, half as much again at weekends: a flat week sells between the two.
    assert 18.0 < weekday.parts[LEVEL_PART] < 32.0
    assert weekend.parts[SEASON_PART] > 3.0 > weekday.parts[SEASON_PART]
    offered = explained(stack, Features(1, (math.nan, 1.0, 1.0, 0.0)), category)
    # A promotion doubles: about twenty more than a day without one, whatever the usual share of promotions.
    assert offered.parts[PROMOTION] - weekday.parts[PROMOTION] == pytest.approx(20.0, abs=5.0)


def test_the_level_is_near_what_a_usual_week_sells() -> None:
    stack, category = taught()
    x = Features(5, (math.nan, 1.0, 0.9, 0.7))
    parts = explained(stack, x, category).parts
    usual = [usual_features(stack.layout, stack._state, Features(slot, PLAIN)) for slot in range(7)]
    flat = np.mean([explained(stack, each, category).mean_units for each in usual])
    # The mean over the week with everything usual is the level and the mean season: the level lies near it.
    assert parts[LEVEL_PART] == pytest.approx(flat, rel=0.15)


def test_changes_are_told_against_the_weekday() -> None:
    stack, category = taught()
    usual = stack.changes(usual_features(stack.layout, stack._state, Features(2, PLAIN)), category)
    assert usual is not None
    assert all(abs(units) < 1e-9 for driver, units in usual.parts.items() if driver not in (LEVEL_PART, REST))
    offered = stack.changes(Features(2, (math.nan, 1.0, 1.0, 0.0)), category)
    assert offered is not None
    assert offered.largest(1)[0][0] == PROMOTION
    assert sum(offered.parts.values()) == pytest.approx(offered.mean_units, rel=1e-12)


def test_a_series_that_never_sold_has_nothing_to_explain() -> None:
    stack = SeriesStack(7, COLUMNS)
    category = Pool(stack.layout).category("dairy")
    assert stack.explain(Features(0, PLAIN), category) is None
    assert stack.changes(Features(0, PLAIN), category) is None
    stack.close(0.0, Features(0, PLAIN), category, 0)
    found = explained(stack, Features(1, PLAIN), category)
    assert sum(found.parts.values()) == found.mean_units


def test_whose_part_a_column_is() -> None:
    assert [driver_of(name) for name in ("price_promo_interaction", "holiday", "rain_mm", "web_visits")] == [
        "promotion", "calendar", "weather", "web visits",
    ]  # fmt: skip
    assert neutral(COLUMNS, Features(1, (3.0, 1.0, 0.8, 0.5)), ["promotion", "own price"]).row == (3.0, 0.0, 1.0, 0.5)


def test_signals_that_multiply_the_mean_have_their_parts() -> None:
    found = Explanation(10.0, {"level": 8.0, "promotion": 2.0, "rest": 0.0})
    raised = lifted(found, {"promotion_dip": -0.3, "rain_mm": 0.1}, 0.8)
    assert raised.mean_units == 8.0
    assert raised.parts == {"level": 8.0, "promotion": -1.0, "rest": pytest.approx(0.0), "weather": 1.0}
    # Held at half of the mean: what the bound keeps is the rest.
    held = lifted(found, {"rain_mm": -0.9}, 0.5)
    assert held.parts["rest"] == pytest.approx(4.0)
    assert sum(held.parts.values()) == pytest.approx(held.mean_units)
