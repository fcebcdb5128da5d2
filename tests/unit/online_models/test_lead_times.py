"""Lead times by hand: histograms, what is left of them when an order is overdue, and a supplier that has changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.lead_times import (
    BINS,
    EARLIEST,
    LATEST,
    MEMORY_DELIVERIES,
    PRIOR_DELIVERIES,
    PRIOR_SHARES,
    Lateness,
    lead_time_pmf,
    still_possible,
)
from online_models.punctuality import Punctuality
from schemas.errors import StateCorrupt


def test_the_prior_is_a_distribution() -> None:
    assert len(PRIOR_SHARES) == BINS
    assert sum(PRIOR_SHARES) == pytest.approx(1.0)


def test_shares_are_drawn_to_what_is_wider() -> None:
    lateness = Lateness()
    for days in (0, 0, 0, 2):
        lateness.learn(days)
    wider = [0.0] * BINS
    wider[0 - EARLIEST], wider[1 - EARLIEST] = 0.5, 0.5
    shares = lateness.shares(wider)
    total = 4 + PRIOR_DELIVERIES
    assert shares[0 - EARLIEST] == pytest.approx((3 + 0.5 * PRIOR_DELIVERIES) / total)
    assert shares[1 - EARLIEST] == pytest.approx(0.5 * PRIOR_DELIVERIES / total)
    assert shares[2 - EARLIEST] == pytest.approx(1 / total)


def test_what_lies_outside_counts_as_the_outermost() -> None:
    lateness = Lateness()
    lateness.learn(-40)
    lateness.learn(99)
    shares = lateness.shares([0.0] * BINS)
    assert shares[0] == shares[-1] > 0.0


def test_old_deliveries_are_forgotten() -> None:
    lateness = Lateness()
    for _ in range(2000):
        lateness.learn(5)
    for _ in range(2000):
        lateness.learn(0)
    assert lateness.deliveries == pytest.approx(MEMORY_DELIVERIES + 1.0, abs=1.0)
    # Two thousand draws of a memory of four hundred leave exp(-5) of what was before.
    assert lateness.shares([0.0] * BINS)[5 - EARLIEST] < 0.01


def test_an_overdue_order_comes_as_late_as_those_that_were_overdue() -> None:
    shares = [0.0] * BINS
    shares[0 - EARLIEST], shares[1 - EARLIEST], shares[3 - EARLIEST] = 0.9, 0.06, 0.04
    for least, wanted in ((-10, {0: 0.9, 1: 0.06, 3: 0.04}), (1, {1: 0.6, 3: 0.4}), (2, {3: 1.0}), (4, {})):
        assert dict(still_possible(shares, least)) == pytest.approx(wanted)


@given(st.floats(0.0, 40.0), st.lists(st.integers(EARLIEST, LATEST), max_size=60))
def test_a_lead_time_is_a_distribution_around_the_promise(promised: float, days: list[int]) -> None:
    lateness = Lateness()
    for late in days:
        lateness.learn(late)
    pmf = lead_time_pmf(promised, lateness.shares(PRIOR_SHARES))
    assert sum(pmf) == pytest.approx(1.0)
    assert min(pmf) >= 0.0
    assert pmf[-1] > 0.0
    assert len(pmf) <= max(1, round(promised)) + LATEST


@given(st.lists(st.integers(-5, 20), max_size=80))
def test_a_histogram_comes_back_as_it_was(days: list[int]) -> None:
    lateness = Lateness()
    for late in days:
        lateness.learn(late)
    again = Lateness.decode(lateness.encode())
    assert again.encode() == lateness.encode()
    assert again.shares(PRIOR_SHARES) == lateness.shares(PRIOR_SHARES)


def test_a_foreign_histogram_is_refused() -> None:
    with pytest.raises(StateCorrupt):
        Lateness.decode(Lateness().encode()[:-1])


def deliveries(found: Punctuality, days: range, late: float, each: int = 3) -> Punctuality:
    """Some deliveries a day, all as late."""
    for day in days:
        for _ in range(each):
            found = found.learn(day, late)
    return found


def test_a_supplier_that_is_late_for_days_deviates_and_comes_back() -> None:
    usual = deliveries(Punctuality(), range(40), 0.0)
    assert not usual.deviates
    # One day late in a year of punctuality: three standard deviations at most, the recent mean moves by a quarter.
    assert not deliveries(usual, range(40, 42), 1.0).deviates
    late = deliveries(usual, range(40, 46), 2.0)
    assert late.deviates
    assert late.recent_days > 1.0 > late.usual_days
    assert not deliveries(late, range(46, 66), 0.0).deviates


def test_a_truck_counts_once_however_many_products_it_carries() -> None:
    one, many = (deliveries(Punctuality(), range(30), 1.0, each) for each in (1, 50))
    assert one._replace(deliveries=0, late_days=0) == many._replace(deliveries=0, late_days=0)


def test_a_supplier_that_was_always_late_does_not_deviate() -> None:
    assert not deliveries(Punctuality(), range(60), 3.0).deviates


def test_an_earlier_day_counts_to_the_newest() -> None:
    found = Punctuality().learn(10, 0).learn(9, 2)
    assert (found.day, found.deliveries, found.late_days) == (10, 2.0, 2.0)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-3, 14)), max_size=60))
def test_punctuality_comes_back_as_it_was(facts: list[tuple[int, int]]) -> None:
    found = Punctuality()
    for day, late in facts:
        found = found.learn(day, late).rounded()
    assert Punctuality.decode(found.encode()) == found
