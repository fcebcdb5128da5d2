"""Tails and excesses are SciPy's, to 1e-6 in probability."""

import numpy as np
import pytest
from scipy import stats

from online_models.demand_tail import DemandTail


def law(mean: float, dispersion: float) -> stats.rv_discrete:
    """SciPy's negative binomial of a mean and a dispersion."""
    if not dispersion:
        return stats.poisson(mean)
    return stats.nbinom(1.0 / dispersion, 1.0 / (1.0 + dispersion * mean))


@pytest.mark.parametrize("mean", [0.01, 0.7, 5.0, 60.0, 4000.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.02, 0.5, 6.0])
def test_tails_are_scipys(mean: float, dispersion: float) -> None:
    tail, truth = DemandTail(mean, dispersion), law(mean, dispersion)
    for stock in sorted({0, 1, 3, *(int(truth.ppf(p)) for p in (0.05, 0.5, 0.9, 0.999))}):
        assert tail.above(stock) == pytest.approx(float(truth.sf(stock)), abs=1e-6)
        assert tail.above(stock + 0.4) == tail.above(stock)


@pytest.mark.parametrize("mean", [0.3, 5.0, 60.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.5, 2.0])
def test_the_excess_is_summed_up(mean: float, dispersion: float) -> None:
    tail, truth = DemandTail(mean, dispersion), law(mean, dispersion)
    k = np.arange(0, int(truth.ppf(1 - 1e-10)) + 2)
    for stock in (0.0, 0.5, 1.0, 7.3, 40.0):
        wanted = float((truth.pmf(k) * np.maximum(k - stock, 0.0)).sum())
        assert tail.excess(stock) == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_no_demand_exceeds_nothing() -> None:
    assert DemandTail(0.0, 0.0).above(0.0) == DemandTail(0.0, 0.0).excess(0.0) == DemandTail(0.0, 0.5).above(0) == 0.0
    assert DemandTail(3.0, 0.2).above(-1.0) == 1.0


@pytest.mark.parametrize("mean", [3.0, 40.0, 900.0])
def test_the_normal_scores_lead_near_the_quantile(mean: float) -> None:
    tail, truth = DemandTail(mean, 0.3), law(mean, 0.3)
    for score in (-1.0, 0.0, 1.3):
        assert tail.root(score) == pytest.approx(float(truth.ppf(stats.norm.cdf(score))), abs=0.03 * truth.std() + 1.0)
