"""The simulated stock keeps its books; alerts, arrivals and rules by hand."""

import numpy as np
import pytest
from scipy import stats

from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.stock_market import StockHistory, simulate
from streams.evaluation.stock_rules import CoverRule, LeadTimes, Morning, NormalFormula, OwnRisk
from streams.evaluation.stock_trial import AlertJudge, run_stock_trial
from tests.unit.evaluation.panels import draw_demand, make_panel


def test_no_unit_is_made_or_lost() -> None:
    demand = draw_demand((6, 300), 4)
    stock = simulate(demand, until=200, seed=7)
    for i in range(6):
        for t in range(299):
            arrived = sum(order.units for order in stock.orders[i] if order.arrives == t)
            sold = demand[i, t] - stock.lost[i, t]
            assert stock.on_hand[i, t + 1] == pytest.approx(stock.on_hand[i, t] + arrived - sold)
    assert (stock.on_hand >= 0.0).all()
    assert ((stock.lost > 0.0) <= stock.out).all()
    assert stock.out.any()


def test_lead_times_are_as_stated() -> None:
    stock = simulate(draw_demand((200, 300), 4), until=200, seed=7)
    days = [order.arrives - order.placed for orders in stock.orders for order in orders]
    # gamma of mean 6.3, 6 % late by 8.5 on average: 6.3 + 0.06 x 8.5 = 6.81
    assert np.mean(days) == pytest.approx(6.81, abs=0.1)


def test_the_stock_does_not_see_the_future() -> None:
    demand = draw_demand((3, 100), 4)
    later = demand.copy()
    later[:, 80:] = 500.0
    a, b = simulate(demand, 60, 7), simulate(later, 60, 7)
    assert (a.on_hand[:, :81] == b.on_hand[:, :81]).all()


def test_arrivals_of_an_open_order_by_hand() -> None:
    leads = LeadTimes()
    for days in [5] * 10 + [7] * 10:
        leads.learn(days)
    assert leads.mean_days == 6.0
    # Left 5 evenings ago: half took 5 days and would come today, half took 7 and come the day after tomorrow.
    assert leads.arrival(5) == [0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]
    # Left 6 ago and not there: it is one of those of 7 days.
    assert leads.arrival(6) == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert leads.arrival(8) == [0.0] * 7


def morning(on_hand: float, orders: tuple[tuple[int, float], ...] = (), leads: LeadTimes | None = None) -> Morning:
    recent = np.array([4.0, 6.0] * 14)
    return Morning(on_hand, orders, [5.0] * 7, 0.0, recent, leads or LeadTimes())


def test_rules_by_hand() -> None:
    # 20 units at 5 a day last 4 days; an order takes a week: 7 / 4.
    assert CoverRule().score(morning(20.0)) == pytest.approx(1.75)
    spread = np.array([4.0, 6.0] * 14).std(ddof=1) * np.sqrt(7)
    assert NormalFormula().score(morning(40.0)) == pytest.approx(stats.norm.sf(40.0, 35.0, spread))


def test_own_risk_weighs_the_days_an_order_may_come() -> None:
    leads = LeadTimes()
    for days in [5] * 10 + [30] * 10:
        leads.learn(days)
    nothing, order = OwnRisk().score(morning(20.0)), OwnRisk().score(morning(20.0, ((4, 100.0),), leads))
    at_once = OwnRisk().score(morning(120.0))
    # Half the orders of that age come tomorrow and save the week, half come too late.
    assert nothing > 0.99
    assert order == pytest.approx(0.5 * nothing + 0.5 * at_once, abs=0.03)


def history(out: list[int], lost: dict[int, float], length: int) -> StockHistory:
    days = np.zeros((1, length), np.bool_)
    days[0, out] = True
    units = np.zeros((1, length))
    for day, count in lost.items():
        units[0, day] = count
    return StockHistory(np.ones((1, length)), units, days, ((),), np.array([2.0]))


def test_alerts_by_hand() -> None:
    # Mornings 0 .. 19. Out of stock on days 5, 6, 7 (10 units lost each) and on day 15 (10 units).
    stock = history([5, 6, 7, 15], {5: 10.0, 6: 10.0, 7: 10.0, 15: 10.0}, 27)
    scores = np.zeros((1, 20))
    scores[0, 4:] = 0.6  # alerts on 4 (stock-out on 5: late), 11 (on 15: in time), 18 (nothing comes)
    found = AlertJudge(scores, stock, 0, make_panel(np.ones((1, 27)))).score(0.5)
    assert (found.alerts, found.onsets, found.precision, found.recall, found.late_share) == (3, 2, 2 / 3, 1.0, 0.5)
    assert found.warning_days == 2.5
    # From two days after the first alert on, days 6 and 7: 20; after the second all of day 15: 10. Cost: 3 x half a day
    # of 2 units. Of 40 units lost.
    assert found.net == pytest.approx((30.0 - 3.0) / 40.0)
    assert found.alerts_a_year == pytest.approx(3 / (20 / 365.25))


def test_an_alert_that_is_always_on_counts_again_each_week() -> None:
    stock = history([10], {10: 5.0}, 27)
    found = AlertJudge(np.ones((1, 20)), stock, 0, make_panel(np.ones((1, 27)))).score(0.5)
    assert (found.alerts, found.precision) == (3, 1 / 3)


def test_our_risk_ranks_better_than_chance_and_says_what_comes() -> None:
    panel = make_panel(draw_demand((15, 260), 8))
    risk = run_stock_trial(panel, OwnFleet, tail=120, seed=7).rules["risk"]
    assert risk.auc is not None
    assert risk.auc > 0.85
    assert risk.ece is not None
    assert risk.ece < 0.06
