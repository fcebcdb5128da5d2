"""Money lost by wrong forecasts, by hand and against the definition of the quantile loss."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from online_models.money import MoneySums, UnitCosts
from streams.costs import CategoryCosts, shares_of, unit_costs


def test_what_is_lost_is_the_pinball_loss_of_the_critical_quantile_in_money() -> None:
    random = np.random.default_rng(1)
    demand, stock = random.poisson(20.0, 200).astype(float), random.poisson(22.0, 200).astype(float)
    costs = UnitCosts(under=2.4, over=0.6)
    sums = MoneySums()
    for y, units in zip(demand, stock, strict=True):
        sums.add(costs, float(y), float(units), 0.0)
    assert costs.critical_ratio == pytest.approx(0.8)
    loss = mean_pinball_loss(demand, stock, alpha=0.8) * len(demand)
    assert sums.over + sums.under == pytest.approx(3.0 * loss)
    # Nothing in stock: the margin of all that was wanted.
    assert sums.naive_over == 0.0
    assert sums.naive_under == pytest.approx(2.4 * demand.sum())


def test_sums_merge_and_are_stored_whole() -> None:
    one, other = MoneySums(), MoneySums()
    one.add(UnitCosts(3.0, 1.0), 5.0, 7.0, 4.0)
    other.add(UnitCosts(1.0, 1.0), 5.0, 3.0, 6.0)
    both = MoneySums.from_state(one.state())
    both.merge(other)
    assert both.state() == (2, 2.0, 2.0, 1.0, 3.0, 0.75 + 0.5)
    assert one.n == 1


def test_costs_follow_the_catalog_where_it_speaks() -> None:
    dairy = shares_of("Food/Dairy")
    # A margin of 4 on 10; a year's holding of a quarter; a shelf life of five days throws away a fifth a day.
    told = unit_costs(10.0, 6.0, 5.0, 1.0, dairy)
    assert told.under == 4.0
    assert told.over == pytest.approx(6.0 * (0.25 / 365 + 0.2))
    # Nothing known but the price: 25 % margin, 6 % waste a day of what stays.
    usual = unit_costs(10.0, None, None, 7.0, dairy)
    assert usual.under == pytest.approx(2.5)
    assert usual.over == pytest.approx(7.5 * (0.25 * 7 / 365 + 0.42))
    # Sold below its cost: nothing is lost by not having it.
    assert unit_costs(5.0, 6.0, None, 1.0, dairy).under == 0.0
    assert shares_of("Food/Dairy", (CategoryCosts("food", 0.1), CategoryCosts("dairy", 0.2))).margin_share == 0.1


def test_a_critical_ratio_stays_within_reason() -> None:
    assert UnitCosts(0.0, 0.0).critical_ratio == 0.05
    assert UnitCosts(1.0, 0.0).critical_ratio == 0.995
