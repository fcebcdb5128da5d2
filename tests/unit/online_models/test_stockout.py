"""Stockout risk against SciPy, to 1e-6 in probability, and against simulation where it approximates."""

import numpy as np
import pytest
from scipy import stats

from online_models.distribution import DemandDistribution
from online_models.stockout import NEVER_AT_RISK, LeadTimeDemand, RandomArrival

THREE_DAYS = (0.0, 0.0, 1.0)


def total_law(means: list[float], dispersion: float) -> stats.rv_discrete:
    """The sum's negative binomial by its own formula: var = sum(m + a m^2) + c (M^2 - sum m^2)."""
    total, squares = sum(means), sum(m * m for m in means)
    common = (len(means) / total + dispersion) / 30.0
    variance = total + dispersion * squares + common * (total**2 - squares)
    return stats.nbinom(total**2 / (variance - total), total / variance)


@pytest.mark.parametrize("mean", [0.05, 0.4, 2.0, 3.9])
@pytest.mark.parametrize("on_hand", [0.0, 1.0, 4.0, 9.0])
def test_small_means_are_scipys(mean: float, on_hand: float) -> None:
    risk = LeadTimeDemand([mean] * 3, 0.6, THREE_DAYS).stockout_risk(on_hand)
    assert risk == pytest.approx(total_law([mean] * 3, 0.6).sf(on_hand), abs=1e-6)


@pytest.mark.parametrize("mean", [4.5, 20.0, 900.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.3, 1.0])
def test_larger_means_are_near_scipys(mean: float, dispersion: float) -> None:
    law = total_law([mean] * 3, dispersion)
    ahead = LeadTimeDemand([mean] * 3, dispersion, THREE_DAYS)
    for level in (0.05, 0.3, 0.5, 0.9, 0.98):
        assert ahead.stockout_risk(law.ppf(level)) == pytest.approx(law.sf(law.ppf(level)), abs=1e-6)


def test_a_random_lead_time_mixes_the_risks() -> None:
    means = [3.0, 1.0, 2.0]
    certain = [LeadTimeDemand(means, 0.2, [0.0] * d + [1.0]).stockout_risk(4.0) for d in range(3)]
    mixed = LeadTimeDemand(means, 0.2, [0.5, 0.2, 0.3]).stockout_risk(4.0)
    assert mixed == pytest.approx(0.5 * certain[0] + 0.2 * certain[1] + 0.3 * certain[2])


def test_a_delivery_in_time_helps_and_one_too_late_does_not() -> None:
    def risk(arrivals: list[float]) -> float:
        return LeadTimeDemand([2.0] * 5, 0.2, THREE_DAYS, arrivals).stockout_risk(5.0)

    assert risk([0.0, 10.0]) < risk([]) == risk([0.0, 0.0, 0.0, 10.0])


def test_a_shelf_that_empties_before_the_delivery_is_at_risk() -> None:
    # 2 units for 4 days at 2 a day; 100 units come on the last day. The risk is that of days 1..3 alone.
    ahead = LeadTimeDemand([2.0] * 4, 0.0, [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 100.0])
    assert ahead.stockout_risk(2.0) == LeadTimeDemand([2.0] * 3, 0.0, THREE_DAYS).stockout_risk(2.0)


@pytest.mark.parametrize("mean", [0.1, 1.0, 6.0, 80.0])
@pytest.mark.parametrize("target", [0.05, 0.3, 0.7])
def test_the_threshold_is_where_the_risk_reaches_its_target(mean: float, target: float) -> None:
    ahead = LeadTimeDemand([mean] * 10, 0.4, [0.1] * 10)
    threshold = ahead.risk_threshold_units(target)
    if threshold == NEVER_AT_RISK:
        assert ahead.stockout_risk(0.0) < target
    else:
        assert ahead.stockout_risk(threshold) >= target > ahead.stockout_risk(threshold + max(1.0, 0.002 * threshold))


def test_no_demand_is_no_risk() -> None:
    ahead = LeadTimeDemand([0.0] * 3, 0.4, THREE_DAYS)
    assert (ahead.stockout_risk(0.0), ahead.risk_threshold_units(0.3)) == (0.0, NEVER_AT_RISK)
    assert ahead.stockout_time_quantiles(0.0) == (None, None, None)
    assert ahead.expected_lost_units(0.0) == 0.0


def test_stock_below_zero_is_certain_to_be_out() -> None:
    assert LeadTimeDemand([1.0] * 3, 0.4, THREE_DAYS).stockout_risk(-1.0) == 1.0


@pytest.mark.parametrize("mean", [0.8, 3.0, 40.0])
def test_order_up_to_reaches_the_service_level_and_no_more(mean: float) -> None:
    ahead = LeadTimeDemand([mean] * 3, 0.3, THREE_DAYS, arrivals=[5.0])
    units = ahead.order_up_to_units(0.95)
    law = total_law([mean] * 3, 0.3)
    assert units == pytest.approx(law.ppf(0.95), abs=max(0.0, 0.01 * law.std()))


@pytest.mark.parametrize("mean", [0.8, 3.0, 40.0])
def test_lost_units_are_the_expected_excess(mean: float) -> None:
    law = total_law([mean] * 3, 0.3)
    stock = float(law.ppf(0.6))
    k = np.arange(0, int(law.ppf(1 - 1e-9)) + 1)
    excess = float((law.pmf(k) * np.maximum(k - stock, 0)).sum())
    assert LeadTimeDemand([mean] * 3, 0.3, THREE_DAYS).expected_lost_units(stock) == pytest.approx(
        excess, rel=0.02, abs=0.002
    )


def test_the_shelf_empties_when_a_simulation_says() -> None:
    # Poisson demand of 4 a day times one common gamma error of variance (1/4) / 30: the model behind the formula.
    rng = np.random.default_rng(11)
    level = rng.gamma(120.0, 1 / 120.0, 20_000)
    paths = rng.poisson(4.0 * level[:, None], (20_000, 20)).cumsum(axis=1)
    first = np.argmax(paths > 30, axis=1) + 1
    times = LeadTimeDemand([4.0] * 20, 0.0, THREE_DAYS).stockout_time_quantiles(30.0)
    for found, level_wanted in zip(times, (0.1, 0.5, 0.9), strict=True):
        assert found is not None
        # The formula is linear within a day, the simulation knows whole days only.
        assert np.quantile(first, level_wanted) - 1 <= found <= np.quantile(first, level_wanted)


def test_beyond_the_horizon_the_time_is_unknown() -> None:
    times = LeadTimeDemand([1.0] * 5, 0.1, THREE_DAYS).stockout_time_quantiles(100.0)
    assert times == (None, None, None)


@pytest.mark.parametrize("pmf", [(), (0.0, 0.0), (0.0,) * 5 + (1.0,)])
def test_a_lead_time_must_fit_the_means(pmf: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="lead time"):
        LeadTimeDemand([1.0] * 5, 0.1, pmf)


def test_one_period_alone_keeps_its_distribution() -> None:
    day = DemandDistribution(4.0, 0.7)
    assert day.sum_over([4.0]) == day


# --- an order that comes at a random time -------------------------------------------------------------------------


def simulated(on_hand: float, units: float, shares: dict[int, float], days: int) -> np.ndarray:
    """Days after which each of 40,000 shelves was empty; `days` + 1 where it never was. Poisson, 4 a day."""
    rng = np.random.default_rng(23)
    count = 40_000
    level = rng.gamma(120.0, 1 / 120.0, count)
    demand = rng.poisson(4.0 * level[:, None], (count, days))
    # A day is followed by the delivery of the next: a share that is missing never comes.
    come = rng.choice([*shares, days + 1], size=count, p=[*shares.values(), 1.0 - sum(shares.values())])
    stock = np.full(count, on_hand)
    empty = np.full(count, days + 1)
    for day in range(days):
        stock = stock + np.where(come == day, units, 0.0)
        stock = stock - demand[:, day]
        empty = np.where((stock < 0) & (empty > days), day + 1, empty)
    return empty


@pytest.mark.parametrize("on_hand", [6.0, 10.0, 14.0, 24.0])
def test_an_order_at_a_random_time_is_as_good_as_a_simulation_says(on_hand: float) -> None:
    shares = {1: 0.6, 2: 0.25, 4: 0.1}
    empty = simulated(on_hand, 12.0, shares, 6)
    ahead = LeadTimeDemand([4.0] * 6, 0.0, [0.0] * 5 + [1.0], first=RandomArrival(12.0, tuple(shares.items())))
    truth = float((empty <= 6).mean())
    # The largest of the chances at each moment is a lower bound of the chance at any of them.
    assert truth - 0.05 <= ahead.stockout_risk(on_hand) <= truth + 0.01


def test_the_shelf_empties_when_a_simulation_with_a_late_order_says() -> None:
    shares = {1: 0.6, 2: 0.25, 4: 0.1}
    empty = simulated(9.0, 12.0, shares, 12)
    first = RandomArrival(12.0, tuple(shares.items()))
    times = LeadTimeDemand([4.0] * 12, 0.0, THREE_DAYS, first=first).stockout_time_quantiles(9.0)
    for found, level in zip(times, (0.1, 0.5, 0.9), strict=True):
        assert found is not None
        # The simulation knows whole days, the formula is linear within one, and its lower bound comes a little late.
        assert np.quantile(empty, level) - 1 <= found <= np.quantile(empty, level) + 0.5


def test_orders_behind_the_first_are_counted_on() -> None:
    first = RandomArrival(5.0, ((1, 1.0),))
    risks = [
        LeadTimeDemand([4.0] * 5, 0.0, [0.0] * 4 + [1.0], come, first=first).stockout_risk(6.0)
        for come in ((), (0.0, 0.0, 20.0))
    ]
    assert risks[1] < risks[0]


def test_demand_in_tenths_scatters_by_tenths() -> None:
    # Two a day in steps of a tenth is twenty a day in steps of one.
    tenths = LeadTimeDemand([2.0] * 3, 0.1, THREE_DAYS, grain=0.1)
    steps = LeadTimeDemand([20.0] * 3, 0.1, THREE_DAYS)
    for units in (0.0, 4.0, 6.1, 9.95):
        assert tenths.stockout_risk(units) == pytest.approx(steps.stockout_risk(10 * units), abs=1e-9)
        assert tenths.expected_lost_units(units) == pytest.approx(steps.expected_lost_units(10 * units) / 10, abs=1e-9)
    assert tenths.risk_threshold_units(0.3) == pytest.approx(steps.risk_threshold_units(0.3) / 10)
    assert tenths.order_up_to_units(0.9) == pytest.approx(steps.order_up_to_units(0.9) / 10)


@pytest.mark.parametrize("level_share", [0.0, 0.2, 0.6])
def test_the_lead_time_shares_the_level_error_of_the_forecast(level_share: float) -> None:
    """Against SciPy: seven days of variance 10 + 0.1 x 10^2 = 20, and any two share that much of it."""
    ahead = LeadTimeDemand([10.0] * 7, 0.1, [0.0] * 6 + [1.0], level_share=level_share)
    variance = 7 * 20.0 + 7 * 6 * level_share * 20.0
    shape = 70.0**2 / (variance - 70.0)
    wanted = stats.nbinom.sf(90, shape, shape / (shape + 70.0))
    assert ahead.stockout_risk(90.0) == pytest.approx(wanted, abs=0.005)
    day = DemandDistribution(10.0, 0.1, level_share=level_share)
    assert day.sum_over([10.0] * 7).variance == pytest.approx(variance)
