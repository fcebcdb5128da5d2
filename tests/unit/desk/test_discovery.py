"""False discovery control, against SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from streams.desk.discovery import discoveries

shares = st.one_of(st.floats(0.0, 1.0), st.floats(0.0, 0.02))


@given(p_values=st.lists(shares, min_size=1, max_size=40), q=st.sampled_from([0.01, 0.05, 0.1, 0.3]))
def test_it_lets_through_what_scipy_does(p_values: list[float], q: float) -> None:
    adjusted = stats.false_discovery_control(p_values, method="bh")
    # A p-value on its very limit may fall either way by rounding.
    sure = {str(at) for at, p in enumerate(adjusted) if p < q * (1 - 1e-12)}
    possible = {str(at) for at, p in enumerate(adjusted) if p <= q * (1 + 1e-12)}
    found = set(discoveries([(str(at), p) for at, p in enumerate(p_values)], len(p_values), q))
    assert sure <= found <= possible


@given(p_values=st.lists(shares, min_size=1, max_size=40))
def test_large_ones_may_be_left_out(p_values: list[float]) -> None:
    named = [(str(at), p) for at, p in enumerate(p_values)]
    small = [one for one in named if one[1] <= 0.1]
    assert discoveries(small, len(named)) == discoveries(named, len(named))


def test_more_p_values_than_tests_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 p-values cannot come of 1 tests"):
        discoveries([("a", 0.1), ("b", 0.2)], tests=1)


def test_luck_alone_is_let_through_in_about_a_tenth_of_the_fleets() -> None:
    # With no true discovery, every one is false: P(any) = q = 0.1. 400 fleets: 40 +- 6.
    from numpy.random import default_rng

    random = default_rng(7)
    fleets = [[(str(at), p) for at, p in enumerate(random.uniform(size=200))] for _ in range(400)]
    lucky = sum(bool(discoveries(fleet, 200)) for fleet in fleets)
    assert stats.binom.ppf(0.001, 400, 0.1) <= lucky <= stats.binom.ppf(0.999, 400, 0.1)
