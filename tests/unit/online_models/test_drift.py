"""The likelihood CUSUM: finds what is planted, is mostly silent where nothing is."""

import math

import numpy as np
import pytest
from scipy import stats

from online_models.drift import REST_PERIODS, DriftFinding, LikelihoodCusum, log_ratio

SEEDS = range(100)


def run(units: list[float], mean: float, dispersion: float = 0.0) -> list[tuple[int, DriftFinding]]:
    detector = LikelihoodCusum()
    found = [(i, detector.update(y, mean, dispersion)) for i, y in enumerate(units)]
    return [(i, finding) for i, finding in found if finding is not None]


def poisson(seed: int, mean: float, periods: int) -> list[float]:
    return [float(units) for units in np.random.default_rng(seed).poisson(mean, periods)]


@pytest.mark.parametrize("factor", [1.6, 0.6])
@pytest.mark.parametrize("dispersion", [0.0, 0.3])
def test_the_step_is_scipys_log_likelihood_ratio(factor: float, dispersion: float) -> None:
    def log_pmf(y: float, mean: float) -> float:
        if not dispersion:
            return float(stats.poisson(mean).logpmf(y))
        return float(stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean)).logpmf(y))

    for y in (0, 2, 4, 7):
        expected = max(-3.0, min(3.0, log_pmf(y, factor * 5.0) - log_pmf(y, 5.0)))
        assert log_ratio(y, 5.0, dispersion, factor) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("factor", "direction"), [(0.5, "down"), (2.0, "up")])
def test_a_jump_is_found_within_ten_periods(factor: float, direction: str) -> None:
    # Poisson(10) against a forecast of 20: the expected step is 20 * 0.4 - 10 * ln(5 / 3) = 2.9 a period, so two or
    # three periods pass the threshold of 5, ten never fail to.
    for seed in SEEDS:
        found = run(poisson(seed, 20.0 * factor, 10), mean=20.0)
        assert found
        assert found[0][1].direction == direction
        assert found[0][1].level_before == 20.0
        assert (found[0][1].level_after < 20.0) == (direction == "down")


def test_stationary_demand_raises_few_alarms() -> None:
    # Wald: a run passes h with chance below exp(-h); each of 2 x 60 periods starts at most one: 120 exp(-5) = 0.81 is
    # too coarse to bound with, so the goal of the product is: at most one series in five alarmed within 60 days.
    alarmed = sum(bool(run(poisson(seed, 20.0, 60), mean=20.0)) for seed in SEEDS)
    assert alarmed <= stats.binom.ppf(0.999, len(SEEDS), 0.2)


def test_after_a_finding_it_rests() -> None:
    found = run([0.0] * 40, mean=20.0)
    # Steps are clipped to 3: 3 + 3 > 5 in the second period; then 14 periods of rest.
    assert [i for i, _ in found] == [1, 1 + REST_PERIODS + 2, 1 + 2 * (REST_PERIODS + 2)]


def test_a_finding_says_since_when_and_how_far() -> None:
    (_, finding), *_ = run([20.0, 21.0, 8.0, 9.0, 10.0], mean=20.0)
    # 8 * ln 0.6 + 8 = 3.9, clipped to 3; 9 * ln 0.6 + 8 = 3.4, clipped to 3: 6 > 5 at the second low period.
    assert finding.score == pytest.approx(6.0)
    assert finding == DriftFinding("down", finding.score, 5.0, 2, 20.0, 8.5)


def test_the_codec_keeps_every_number() -> None:
    detector, twin = LikelihoodCusum(), LikelihoodCusum()
    for units in (25.0, 30.0, 10.0):
        detector.update(units, 20.0, 0.1)
    twin.restore(detector.encode())
    for units in (14.0, 12.0, 3.0, 2.0, 9.0):
        assert twin.update(units, 20.0, 0.1) == detector.update(units, 20.0, 0.1)
        assert twin.encode() == detector.encode()


def test_no_forecast_of_any_sale_does_not_break_it() -> None:
    assert math.isfinite(log_ratio(3.0, 0.0, 0.5, 1.6))
