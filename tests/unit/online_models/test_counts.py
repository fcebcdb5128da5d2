"""Negative binomial against SciPy: exact below a mean of 100, near above."""

import pytest
from scipy import stats

from online_models import counts

EXACT = [(mean, a) for mean in (0.01, 0.7, 3.0, 25.0, 99.0) for a in (0.0, 0.01, 0.5, 4.0)]
LARGE = [(mean, a) for mean in (101.0, 1000.0, 50000.0) for a in (0.0, 0.01, 0.2)]
LEVELS = (0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975, 0.999)


def reference(mean: float, dispersion: float) -> stats.rv_discrete:
    if dispersion == 0.0:
        return stats.poisson(mean)
    return stats.nbinom(1.0 / dispersion, 1.0 / (1.0 + dispersion * mean))


@pytest.mark.parametrize(("mean", "dispersion"), EXACT)
def test_pmf_and_cdf_are_scipys(mean: float, dispersion: float) -> None:
    law = reference(mean, dispersion)
    for units in (0, 1, 2, 5, 17, 60, 250):
        assert counts.pmf(units, mean, dispersion) == pytest.approx(law.pmf(units), rel=1e-9, abs=1e-15)
        assert counts.cdf(units, mean, dispersion) == pytest.approx(law.cdf(units), rel=1e-9)


@pytest.mark.parametrize(("mean", "dispersion"), EXACT)
def test_quantiles_are_scipys(mean: float, dispersion: float) -> None:
    assert list(counts.quantiles(LEVELS, mean, dispersion)) == [
        float(reference(mean, dispersion).ppf(p)) for p in LEVELS
    ]


@pytest.mark.parametrize(("mean", "dispersion"), LARGE)
def test_large_means_are_near_scipys(mean: float, dispersion: float) -> None:
    law = reference(mean, dispersion)
    for level, units in zip(LEVELS, counts.quantiles(LEVELS, mean, dispersion), strict=True):
        assert abs(units - law.ppf(level)) <= 1.0 + (0.02 if level < 0.99 else 0.05) * law.std()
        assert counts.cdf(units, mean, dispersion) == pytest.approx(law.cdf(units), abs=0.002)


@pytest.mark.parametrize(("mean", "dispersion"), [(150.0, 1.0), (400.0, 0.5), (101.0, 2.0)])
def test_scattered_large_means_are_near_scipys(mean: float, dispersion: float) -> None:
    law = reference(mean, dispersion)
    for level, units in zip(LEVELS, counts.quantiles(LEVELS, mean, dispersion), strict=True):
        assert abs(units - law.ppf(level)) <= 2.0 + 0.02 * law.std()


def test_lower_gamma_is_scipys() -> None:
    from scipy.special import gammainc

    for shape in (0.05, 0.5, 1.0, 3.9):
        for x in (0.0, 0.01, 0.5, 2.0, 10.0, 60.0):
            assert counts.lower_gamma(shape, x) == pytest.approx(gammainc(shape, x), rel=1e-9, abs=1e-12)


def test_nothing_expected_means_nothing_sold() -> None:
    assert counts.quantiles((0.5, 0.99), 0.0, 1.0) == (0.0, 0.0)
    assert (counts.pmf(0, 0.0, 1.0), counts.pmf(1, 0.0, 1.0), counts.cdf(0, 0.0, 1.0)) == (1.0, 0.0, 1.0)


def test_below_zero_there_is_nothing() -> None:
    assert (counts.pmf(-1, 3.0, 0.1), counts.cdf(-0.5, 3.0, 0.1)) == (0.0, 0.0)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5])
def test_levels_lie_between_zero_and_one(level: float) -> None:
    with pytest.raises(ValueError, match="strictly between"):
        counts.quantile(level, 3.0, 0.1)


def test_a_bulk_order_far_out_costs_no_walk() -> None:
    assert counts.cdf(80_995.0, 2.0, 0.5) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.3, 7.0, 99.0, 250.0])
@pytest.mark.parametrize("dispersion", [0.0, 0.4])
def test_around_a_count_is_the_distribution_function_below_and_at_it(mean: float, dispersion: float) -> None:
    for units in (0.0, 1.0, 5.0, 240.0, 900.0):
        below, at_most = counts.cdf_around(units, mean, dispersion)
        assert below == pytest.approx(counts.cdf(units - 1.0, mean, dispersion), abs=1e-12)
        assert at_most == pytest.approx(counts.cdf(units, mean, dispersion), abs=1e-12)
