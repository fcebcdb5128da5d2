"""Dispersion from errors, by hand."""

import pytest

from online_models.dispersion import LARGEST, PRIOR, SKIPPED_ERRORS, Dispersion


def test_the_first_five_errors_do_not_count() -> None:
    spread = Dispersion()
    for _ in range(SKIPPED_ERRORS):
        spread.learn(residual=1000.0, mean=1.0)
    assert spread.value == PRIOR


def test_two_errors_by_hand() -> None:
    spread = Dispersion()
    for _ in range(SKIPPED_ERRORS):
        spread.learn(0.0, 10.0)
    keep = 0.5 ** (1 / 28)
    spread.learn(20.0, 10.0)
    # The prior weighs as one observation: excess 0.5 * 100 -> keep * 50 + (400 - 10); squares keep * 100 + 100.
    assert spread.value == pytest.approx((keep * 50 + 390) / (keep * 100 + 100))


def test_a_bulk_order_counts_at_most_25_variances() -> None:
    def after(residual: float) -> float:
        spread = Dispersion()
        for _ in range(20):
            spread.learn(3.0, 10.0)
        spread.learn(residual, 10.0)
        return spread.value

    assert after(1e6) == after(1e4) > after(10.0)


def test_less_scatter_than_poisson_is_zero_not_negative() -> None:
    spread = Dispersion()
    for _ in range(300):
        spread.learn(0.0, 10.0)
    assert spread.value == 0.0


def test_a_sale_after_a_year_of_none_stays_finite() -> None:
    spread = Dispersion()
    for _ in range(10):
        spread.learn(-1e-200, 1e-200)
    spread.learn(1.0, 1e-120)
    spread.learn(1.0, 1e-120)
    assert 0.0 <= spread.value <= LARGEST
