"""Is an alert due? When acting now saves more than looking again in two days, weighed against its being needless.

::

    an order is the only way      due when the risk until it would come reaches the target
    there is a faster way         due when  loss by waiting / (1 - risk) >= cost of an alert, all in days of demand,
                                  or from a risk of 0.6 on

    wait   saves (1 - risk) x cost, for perhaps no stock-out comes at all
           loses what is lost on the two days that only acting now still saves

Why: a risk alone says nothing of what a stock-out costs, nor of how soon it is; an alert that comes long before it is
needed is false half of the time. The one rule: the risk that counts is the one as stated, and the loss is scaled by the
same calibration.

References
----------
Chow, Robbins and Siegmund (1971), *Great Expectations: The Theory of Optimal Stopping* (the one-step look-ahead rule).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from online_models.risk_calibration import RiskCalibration
from online_models.stockout import NEVER_AT_RISK, LeadTimeDemand

#: Of a risk below this nothing is worth an alert: two days of demand are the most that one saves.
WATCH_RISK: Final = 0.05
#: From here on an alert is due however soon the next look is.
URGENT_RISK: Final = 0.6
_SURE: Final = 0.98
_PRECISION: Final = 0.01


class AlertTerms(NamedTuple):
    """When people want to be alerted.

    Parameters
    ----------
    risk_target
        Risk at which an alert is due where nothing is faster than an order.
    cost_days
        What looking into an alert costs, in days of demand.
    act_days
        Days until the fastest action takes effect.
    """

    risk_target: float
    cost_days: float
    act_days: int

    def is_faster(self, ahead: LeadTimeDemand) -> bool:
        """Return whether acting takes less time than an order."""
        return self.act_days < round(ahead.lead_days)


def alert_urgency(ahead: LeadTimeDemand, on_hand_units: float, terms: AlertTerms, scale: RiskCalibration) -> float:
    """How urgent an alert is: from 1 on it is due.

    Parameters
    ----------
    ahead
        Demand until an order placed now arrives, and what is on order.
    on_hand_units
        Units there now.
    terms
        When it is due.
    scale
        How risks are stated.

    Examples
    --------
    >>> ahead = LeadTimeDemand([10.0] * 7, 0.5, [0.0] * 6 + [1.0])
    >>> terms = AlertTerms(risk_target=0.4, cost_days=0.35, act_days=2)
    >>> urgent = [alert_urgency(ahead, units, terms, RiskCalibration()) for units in (10.0, 50.0, 120.0)]
    >>> urgent[0] > urgent[1] > 1.0 > urgent[2]
    True
    """
    risk = ahead.stockout_risk(on_hand_units)
    if risk <= 0.0:
        return 0.0
    stated = scale.stated(ahead.demand_class(), risk)
    if not terms.is_faster(ahead):
        return stated / terms.risk_target
    worth_days = stated / risk * ahead.waiting_loss_days(on_hand_units, terms.act_days)
    return max(
        worth_days / terms.cost_days / (1.0 - min(stated, _SURE)),
        stated / URGENT_RISK,
    )


def watch_threshold_units(ahead: LeadTimeDemand, terms: AlertTerms, scale: RiskCalibration) -> float:
    """On-hand above which no alert is due, found fast: the very one where nothing is faster than an order.

    Parameters
    ----------
    ahead, terms, scale
        As for :func:`alert_urgency`.

    Returns
    -------
    float
        Units; -1 where no on-hand is small enough.
    """
    stated = min(WATCH_RISK, terms.risk_target) if terms.is_faster(ahead) else terms.risk_target
    return ahead.risk_threshold_units(scale.worked_out(ahead.demand_class(), stated))


def alert_threshold_units(
    ahead: LeadTimeDemand, terms: AlertTerms, scale: RiskCalibration, share: float = 1.0
) -> float:
    """Largest on-hand at which an alert is due, within 1 %.

    Parameters
    ----------
    ahead, terms, scale
        As for :func:`alert_urgency`.
    share
        Of the urgency from which it is due.

    Returns
    -------
    float
        Units; -1 where no on-hand is small enough.
    """
    milder = terms._replace(risk_target=share * terms.risk_target, cost_days=share * terms.cost_days)
    highest = watch_threshold_units(ahead, milder, scale)
    if not terms.is_faster(ahead) or highest < 0.0:
        return highest
    if alert_urgency(ahead, 0.0, terms, scale) < share:
        return NEVER_AT_RISK
    low, high = 0, round(highest / ahead.grain) + 1
    while high - low > max(1.0, _PRECISION * high):
        middle = (low + high) // 2
        if alert_urgency(ahead, middle * ahead.grain, terms, scale) >= share:
            low = middle
        else:
            high = middle
    return low * ahead.grain
