"""Levels that are tracked: what they do to quantiles, by hand."""

import pytest

from online_models.conformal import NOMINAL, CalibratedDistribution, kept_shares
from online_models.distribution import DemandDistribution


def test_a_level_inside_the_observed_counts_probability_is_kept_in_part() -> None:
    # The count's probability lies between 0.2 and 0.6; 0.5 is three quarters through it.
    assert kept_shares((0.1, 0.2, 0.5, 0.6, 0.9), 0.2, 0.6) == pytest.approx([0.0, 0.0, 0.75, 1.0, 1.0])


def test_a_count_of_no_probability_was_kept_or_not() -> None:
    assert kept_shares((0.5, 0.9), 0.7, 0.7) == [0.0, 1.0]


def test_at_nominal_levels_nothing_changes() -> None:
    plain, calibrated = DemandDistribution(7.0, 0.3), CalibratedDistribution(7.0, 0.3)
    levels = (0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999)
    assert calibrated.quantiles(levels) == plain.quantiles(levels)
    assert (calibrated.quantile(0.9), calibrated.variance) == (plain.quantile(0.9), plain.variance)


def test_levels_between_the_tracked_ones_are_interpolated() -> None:
    levels = (0.01, 0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
    law = CalibratedDistribution(7.0, 0.3, levels=levels)
    assert [law.level(p) for p in NOMINAL] == list(levels)
    assert law.level(0.8) == pytest.approx(0.7 + (0.8 - 0.75) / (0.9 - 0.75) * (0.8 - 0.7))
    assert law.level(0.99) == pytest.approx(0.95 + (0.99 - 0.975) / (1.0 - 0.975) * (1.0 - 0.95))
    assert law.level(0.0125) == pytest.approx(0.005)


def test_what_is_sold_by_the_tenth_is_counted_in_tenths() -> None:
    tenths, pieces = DemandDistribution(0.7, 0.3, grain=0.1), DemandDistribution(7.0, 0.3)
    assert tenths.quantiles((0.1, 0.5, 0.9)) == pytest.approx([0.1 * q for q in pieces.quantiles((0.1, 0.5, 0.9))])
    assert tenths.cdf(0.3) == pytest.approx(pieces.cdf(3.0))
    assert tenths.cdf(0.1 + 0.2) == tenths.cdf(0.3)  # 0.30000000000000004
    assert tenths.variance == pytest.approx(0.01 * pieces.variance)


def test_a_sum_of_tenths_is_a_tenth_of_the_sum() -> None:
    tenths, pieces = DemandDistribution(0.7, 0.3, grain=0.1), DemandDistribution(7.0, 0.3)
    week, big = tenths.sum_over([0.7] * 7), pieces.sum_over([7.0] * 7)
    assert week.grain == 0.1
    assert week.dispersion == pytest.approx(big.dispersion)
    assert week.mean_units == pytest.approx(0.1 * big.mean_units)
