"""When an alert is due: by hand, and its threshold against the urgency itself."""

import pytest

from online_models.alert_worth import AlertTerms, alert_threshold_units, alert_urgency, watch_threshold_units
from online_models.risk_calibration import RiskCalibration
from online_models.stockout import LeadTimeDemand, RandomArrival

WEEK = [0.0] * 6 + [1.0]
TERMS = AlertTerms(risk_target=0.4, cost_days=0.35, act_days=2)
PLAIN = RiskCalibration()


def test_without_a_faster_way_the_risk_decides() -> None:
    # A lead time of two days and an action of two: nothing is faster than an order.
    ahead = LeadTimeDemand([10.0] * 3, 0.3, [0.0, 1.0])
    for units in (5.0, 20.0, 40.0):
        assert alert_urgency(ahead, units, TERMS, PLAIN) == pytest.approx(ahead.stockout_risk(units) / 0.4)
    assert alert_threshold_units(ahead, TERMS, PLAIN) == ahead.risk_threshold_units(0.4)


def test_what_waiting_costs_is_what_is_lost_on_the_next_two_days() -> None:
    # Ten a day for certain (nearly): an empty shelf loses ten on each of days three and four, one of 25 only on both
    # halves that are left: 5 of the third day and 10 of the fourth.
    ahead = LeadTimeDemand([10_000.0] * 7, 0.0, WEEK)
    assert ahead.waiting_loss_days(0.0, 2) == pytest.approx(2.0)
    assert ahead.waiting_loss_days(25_000.0, 2) == pytest.approx(1.5, abs=0.02)
    assert ahead.waiting_loss_days(50_000.0, 2) == pytest.approx(0.0, abs=0.02)
    # A shelf that runs out on the fifth day, for certain, loses nothing by waiting: a risk of 1 over one of 0.6.
    assert alert_urgency(ahead, 45_000.0, TERMS, PLAIN) == pytest.approx(1.0 / 0.6, abs=1e-3)


def test_a_delivery_before_the_shelf_is_empty_takes_the_urgency_away() -> None:
    alone = LeadTimeDemand([10.0] * 7, 0.3, WEEK)
    helped = LeadTimeDemand([10.0] * 7, 0.3, WEEK, first=RandomArrival(100.0, ((1, 0.95), (3, 0.05))))
    assert alert_urgency(alone, 25.0, TERMS, PLAIN) > 1.0 > alert_urgency(helped, 25.0, TERMS, PLAIN)


@pytest.mark.parametrize("mean", [0.4, 6.0, 80.0])
@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("first", [None, RandomArrival(90.0, ((1, 0.5), (4, 0.4)))])
def test_the_threshold_is_the_largest_stock_that_is_urgent(
    mean: float, share: float, first: RandomArrival | None
) -> None:
    ahead = LeadTimeDemand([mean] * 9, 0.4, [0.0] * 5 + [0.7, 0.2, 0.1], first=first)
    found = alert_threshold_units(ahead, TERMS, PLAIN, share)
    if found < 0.0:
        assert alert_urgency(ahead, 0.0, TERMS, PLAIN) < share
        return
    assert alert_urgency(ahead, found, TERMS, PLAIN) >= share
    assert alert_urgency(ahead, found + max(1.0, 0.02 * found), TERMS, PLAIN) < share
    assert found <= watch_threshold_units(ahead, TERMS, PLAIN)


def test_no_demand_is_never_urgent() -> None:
    ahead = LeadTimeDemand([0.0] * 7, 0.4, WEEK)
    assert alert_urgency(ahead, 0.0, TERMS, PLAIN) == 0.0
    assert alert_threshold_units(ahead, TERMS, PLAIN) < 0.0
