"""The hidden part of a period: against an integral over the rate, and over many emptied shelves."""

import numpy as np
import pytest
from scipy import integrate, stats

from online_models.lost_sales import LEAST_SHAPE, hidden_units


@pytest.mark.parametrize(
    ("seen", "exposure", "mean", "shape"), [(3, 0.2, 6.0, 16.0), (0, 0.7, 2.0, 20.0), (40, 0.5, 50.0, 18.0)]
)
def test_the_hidden_part_is_its_mean_over_all_rates_that_what_was_seen_leaves_open(
    seen: int, exposure: float, mean: float, shape: float
) -> None:
    prior = stats.gamma(shape, scale=mean / shape)

    def weight(rate: float) -> float:
        return float(prior.pdf(rate) * stats.poisson.pmf(seen, rate * exposure))

    def hidden(rate: float) -> float:
        return weight(rate) * rate * (1.0 - exposure)

    top = 12.0 * mean
    wanted = integrate.quad(hidden, 0.0, top, limit=200)[0] / integrate.quad(weight, 0.0, top, limit=200)[0]
    assert hidden_units(seen, exposure, mean, 1.0 / shape) == pytest.approx(wanted, rel=1e-6)


def test_what_is_weighed_counts_in_its_steps() -> None:
    assert hidden_units(0.3, 0.5, 1.0, 0.1, grain=0.1) == pytest.approx(0.1 * hidden_units(3.0, 0.5, 10.0, 0.1))


def test_a_period_in_full_sight_hides_nothing_and_one_out_of_sight_the_whole_forecast() -> None:
    assert hidden_units(7.0, 1.0, 10.0, 0.2) == 0.0
    assert hidden_units(0.0, 0.0, 10.0, 0.2) == 10.0


def test_a_bulk_order_does_not_make_the_whole_period_one() -> None:
    # A scatter of 50 would take 100 units in half a period for its rate; a shape of 16 expects (16 + 100) / (16 + 0.5).
    assert hidden_units(100.0, 0.5, 1.0, 50.0) == pytest.approx(0.5 * (LEAST_SHAPE + 100.0) / (LEAST_SHAPE + 0.5))


def test_shelves_emptied_by_demand_itself_bias_nothing() -> None:
    """Days of gamma rates, a shelf of fifteen: the plain forecast of the hidden part misses the busy days' excess."""
    random = np.random.default_rng(4)
    mean, shape, stock = 20.0, 16.0, 15
    demand = random.poisson(random.gamma(shape, mean / shape, 60_000))
    cut = demand > stock
    last = random.beta(stock, np.maximum(demand - stock + 1, 1))
    estimates = [
        stock + hidden_units(stock, float(exposure), mean, 1.0 / shape) if emptied else float(units)
        for units, exposure, emptied in zip(demand.tolist(), last, cut, strict=True)
    ]
    plain = np.where(cut, stock + (1.0 - last) * mean, demand)
    assert np.mean(estimates) == pytest.approx(demand.mean(), rel=0.005)
    assert plain.mean() < 0.98 * demand.mean()
