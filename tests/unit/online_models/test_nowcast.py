"""The nowcast against SciPy: the posterior by brute force over a grid of paces."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from online_models import nowcast as module
from online_models.day_curve import DayCurve
from online_models.nowcast import (
    CHANGE_SHARE,
    CHANGED_VARIANCE,
    Clump,
    DayAhead,
    chance_at_least,
    chance_at_most,
    nowcast,
)

PACES = np.linspace(0.0005, 8.0, 16_000)


def likelihood(sold: list[float], expected: list[float]) -> np.ndarray:
    """Of each pace, hour by hour."""
    hours = [stats.poisson.pmf(n, PACES * e) for n, e in zip(sold, expected, strict=True)]
    return np.asarray(np.prod(hours, axis=0))


def brute_force(day: DayAhead, shares: list[float], sold: list[float], rest_share: float) -> tuple[float, float]:
    """Mean and variance of the rest: every hour tried as the begin of a new pace, every pace tried on a grid."""
    expected = [share * day.mean_units for share in shares]
    step = PACES[1] - PACES[0]

    def prior(variance: float) -> np.ndarray:
        return np.asarray(stats.gamma.pdf(PACES, 1 / variance, scale=variance) * step)

    usual, changed = prior(max(day.pace_variance, 0.05)), prior(CHANGED_VARIANCE)
    posterior = (1 - CHANGE_SHARE) * likelihood(sold, expected) * usual
    for hour, share in enumerate(shares):
        before = float((likelihood(sold[:hour], expected[:hour]) * usual).sum())
        weight = CHANGE_SHARE * share / sum(shares)
        posterior = posterior + weight * before * likelihood(sold[hour:], expected[hour:]) * changed
    posterior /= posterior.sum()
    rest = rest_share * day.mean_units
    pace = float((posterior * PACES).sum())
    return rest * pace, rest * pace + rest**2 * (float((posterior * PACES**2).sum()) - pace**2)


@pytest.mark.parametrize(
    ("mean", "dispersion", "sold"),
    [(40.0, 0.1, [5, 4, 6, 5]), (40.0, 0.1, [5, 4, 12, 11]), (40.0, 0.3, [0, 0, 0, 0]), (6.0, 0.0, [0, 3, 1, 0])],
)
def test_the_rest_of_the_day_is_the_posterior_by_brute_force(mean: float, dispersion: float, sold: list[float]) -> None:
    day, shares = DayAhead(mean, dispersion), [0.1, 0.15, 0.1, 0.15]
    found = nowcast(day, shares, sold, 0.5)
    wanted_mean, wanted_variance = brute_force(day, shares, sold, 0.5)
    assert found.rest.mean_units == pytest.approx(wanted_mean, rel=1e-3)
    assert found.rest.variance == pytest.approx(wanted_variance, rel=5e-3)
    assert found.rest.mean_units == pytest.approx(0.5 * mean * found.pace)


def test_an_hour_in_which_the_shelf_could_not_sell_is_no_evidence() -> None:
    day = DayAhead(60.0, 0.1)
    seen = nowcast(day, [0.1, 0.1], [6.0, 6.0], 0.7)
    blind = nowcast(day, [0.1, 0.1, 0.0], [6.0, 6.0, 0.0], 0.7)
    empty = nowcast(day, [0.1, 0.1, 0.1], [6.0, 6.0, 0.0], 0.7)
    assert blind == seen
    assert empty.rest.mean_units < 0.95 * seen.rest.mean_units


def test_a_change_at_eleven_is_believed_though_the_morning_speaks_against_it() -> None:
    day, shares = DayAhead(100.0, 0.05), [0.1] * 6
    found = nowcast(day, shares, [10.0, 10.0, 10.0, 20.0, 20.0, 20.0], 0.4)
    # One pace for the whole day: shape 20, (20 + 90) / (20 + 60) = 1.375. The afternoon is at 2.
    assert 1.6 < found.pace < 2.0


def test_units_that_come_in_dozens_are_less_evidence() -> None:
    single, dozens = (nowcast(DayAhead(60.0, 0.2, clump), [0.25], [30.0], 0.75).pace for clump in (1.0, 12.0))
    assert 1.0 < dozens < single < 2.0


def test_nothing_is_expected_of_what_never_sells() -> None:
    found = nowcast(DayAhead(0.0, 0.5), [0.5], [0.0], 0.5)
    assert found.rest.mean_units == 0.0


@pytest.mark.parametrize(("units", "expected", "dispersion"), [(5, 2.0, 0.0), (14, 6.0, 0.2), (3, 30.0, 0.1)])
def test_chances_are_those_of_the_negative_binomial(units: int, expected: float, dispersion: float) -> None:
    day = DayAhead(40.0, dispersion)
    law = stats.poisson(expected) if not dispersion else stats.nbinom(1 / dispersion, 1 / (1 + dispersion * expected))
    assert chance_at_least(day, units, expected) == pytest.approx(law.sf(units - 1), rel=1e-6)
    assert chance_at_most(day, units, expected) == pytest.approx(law.cdf(units), rel=1e-6)


def test_dozens_are_counted_by_the_dozen() -> None:
    # var = 40 + 0.5 * 40^2 = 840 a day; of these, dozens alone explain 12 * 40 = 480: (840 - 480) / 40^2 is the pace's.
    day = DayAhead.of(40.0, 0.5, 12.0)
    assert day.pace_variance == pytest.approx(0.225)
    law = stats.nbinom(1 / 0.225, 1 / (1 + 0.225 * 2.0))
    assert chance_at_least(day, 60.0, 24.0) == pytest.approx(law.sf(4), rel=1e-6)
    assert chance_at_most(day, 25.0, 24.0) == pytest.approx(law.cdf(2), rel=1e-6)


def test_what_was_sold_is_known_when_the_next_hour_is_judged() -> None:
    # A gamma of shape 1 / 0.2 = 5 and mean 1; 30 for 20 expected: (5 + 30) / (5 + 20) = 1.4, shape 35.
    known = DayAhead(100.0, 0.2).given(30.0, 20.0)
    assert known.mean_units == pytest.approx(140.0)
    assert known.pace_variance == pytest.approx(1 / 35)
    sure = DayAhead(100.0, 0.0)
    assert sure.given(30.0, 20.0) == sure


def test_the_clump_is_that_of_a_simulated_shop() -> None:
    curve = DayCurve.of([0.0] * 8 + [1.0, 2.0, 3.0, 3.0, 2.0, 1.0] + [0.0] * 10)
    shares = np.array([curve.share(hour) for hour in range(24)])
    dice, clump = np.random.default_rng(7), Clump()
    found = []
    for _ in range(2000):
        boxes = dice.poisson(10 * shares)
        clump = clump.learn({hour: 6.0 * int(n) for hour, n in enumerate(boxes) if n}, curve)
        found.append(clump.value)
    # Boxes of six: the scatter given the day's total is six times that of single units.
    assert np.mean(found[200:]) == pytest.approx(6.0, rel=0.05)
    assert clump.learn({}, curve) == clump
    assert module.Clump(1e12, 1e-3).value == 10_000.0
