"""Stock-out alerts judged on a simulated stock over real demand.

::

    morning of t ─► every rule scores ─► score >= threshold, no alert living ─► alert, lives 7 days
                                         a stock-out begins within them ─► true (nearer than 2 days: late)

    saved = units lost in that stock-out from 2 days after the alert on      cost = half a day of mean demand per alert
    net   = (saved - cost) / units lost in all

Without the seven days' life a rule that is always on would look best. The one rule: thresholds are tuned on the first
half of the tail and scored on the second; the best threshold of the second half itself is shown as the ceiling only.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from online_models.alert_worth import AlertTerms, alert_urgency
from online_models.distribution import LEVEL_SHARE
from online_models.risk_calibration import DemandClass, RiskCalibration
from streams.evaluation.forecaster import FleetMaker
from streams.evaluation.forecasts import Forecasts, Plan
from streams.evaluation.panel import PERIODS_A_YEAR, Bools, Floats, Panel
from streams.evaluation.prequential import run_fleet
from streams.evaluation.ranking import (
    area_under_curve,
    average_precision,
    brier,
    brier_skill,
    calibration_error,
    reliability,
)
from streams.evaluation.stock_market import StockHistory, simulate
from streams.evaluation.stock_rules import (
    HORIZON_DAYS,
    CoverRule,
    LeadTimes,
    Morning,
    NormalFormula,
    OwnRisk,
    StockRule,
    recent_demand,
)
from streams.settings import ShopSettings

ACT_DAYS: Final = 2
#: The shop's own, with an action as fast as the trial's.
_TERMS: Final = AlertTerms(ShopSettings().risk_target, ShopSettings().alert_cost_days, ACT_DAYS)
#: Mornings before the scored ones in which risks are stated and their outcomes learnt.
WARM_UP_DAYS: Final = 28
_COST_DAYS: Final = 0.5
#: Few series see few stock-outs, and a threshold tuned on them is chance: each is then played with several stocks.
_ENOUGH_SERIES, _MOST_STOCKS = 400, 8
RULES: Final[dict[str, StockRule]] = {"risk": OwnRisk(), "cover": CoverRule(), "normal": NormalFormula()}
DEFAULTS: Final = {"risk": 1.0, "cover": 1.0, "normal": 0.3}
#: Thresholds that tuning tries, from about a third of the default on. Of ours: urgency, which says whether to act upon
#: a risk by what a stock-out would lose, and how soon (`online_models/alert_worth.py`).
GRIDS: Final[dict[str, tuple[float, ...]]] = {
    "risk": (0.35, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.5),
    "cover": (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 1.8, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0),
    "normal": tuple(round(0.05 * k, 2) for k in range(1, 20)),
}
URGENCY: Final = "urgency"
#: Rules whose scores are probabilities.
PROBABILITIES: Final = ("risk", "normal")


class AlertScore(NamedTuple):
    """What a rule's alerts were worth at one threshold.

    Parameters
    ----------
    threshold
        From which it alerts.
    alerts, onsets
        Numbers.
    precision, recall
        Share of alerts that came true; of stock-outs that had one living.
    late_share
        Of true alerts, those nearer than two days.
    warning_days
        Median days from the alert to the stock-out, of true ones.
    alerts_a_year
        Per series-year.
    net
        Loss avoided less cost, over all loss.
    """

    threshold: float
    alerts: int
    onsets: int
    precision: float | None
    recall: float | None
    late_share: float | None
    warning_days: float | None
    alerts_a_year: float
    net: float | None


class RuleResult(NamedTuple):
    """How good a rule is.

    Parameters
    ----------
    auc, average_precision, brier, brier_skill, ece
        Of its scores; the last three of probabilities only.
    reliability
        Stated, seen, cases by bin.
    default, tuned, ceiling
        Its alerts on the second half: at its default, at the first half's best threshold, and at the second's own.
    """

    auc: float | None
    average_precision: float | None
    brier: float | None
    brier_skill: float | None
    ece: float | None
    reliability: list[tuple[float, float, int]]
    default: AlertScore
    tuned: AlertScore
    ceiling: AlertScore


class StockResult(NamedTuple):
    """Of a data set.

    Parameters
    ----------
    series, mornings
        Numbers of stocks played (several of a series where there are few), and of mornings scored: those with stock.
    onsets_a_year
        Stock-outs per series-year.
    rules
        Rule to result.
    """

    series: int
    mornings: int
    onsets_a_year: float
    rules: dict[str, RuleResult]


def run_stock_trial(panel: Panel, make: FleetMaker, tail: int, seed: int, partitions: int = 1) -> StockResult:
    """Simulate a stock and judge all rules on it.

    Parameters
    ----------
    panel
        Daily demand in whole units.
    make
        Maker of the fleet whose forecasts our risk reads.
    tail
        Length of the scored end.
    seed
        Of the stock.
    partitions
        Number of tasks.
    """
    start = panel.n_periods - tail
    warm_up = min(WARM_UP_DAYS, max(0, start - 2 * panel.season))
    # Nothing may be said of days whose seven days ahead are not over.
    plan = Plan("stock", tuple(range(start - warm_up, panel.n_periods - HORIZON_DAYS)), HORIZON_DAYS)
    forecasts = run_fleet(panel, make, (plan,), partitions).forecasts[0]
    played = np.tile(np.arange(panel.n_series), min(_MOST_STOCKS, -(-_ENOUGH_SERIES // panel.n_series)))
    many, said = panel.take(played), forecasts.take(played)
    stock = simulate(many.demand, start, seed)
    scored = score_mornings(many, said, stock)
    tail_plan = Plan("stock", plan.origins[warm_up:], HORIZON_DAYS)
    return judge_rules({name: values[:, warm_up:] for name, values in scored.items()}, stock, tail_plan, many)


def score_mornings(panel: Panel, forecasts: Forecasts, stock: StockHistory) -> dict[str, Floats]:
    """Every rule's score of every morning: series x origin; NaN where there is no stock or no forecast.

    Parameters
    ----------
    panel, forecasts, stock
        Demand, what was forecast of it, and the stock over it.
    """
    plan = forecasts.plan
    found = {name: np.full((panel.n_series, len(plan.origins)), np.nan) for name in (*RULES, URGENCY)}
    arrivals = sorted((order.arrives, order.arrives - order.placed) for orders in stock.orders for order in orders)
    leads, come = LeadTimes(), 0
    closed = ~np.isfinite(panel.demand)
    lessons = Lessons(stock, plan)
    for k, origin in enumerate(plan.origins):
        while come < len(arrivals) and arrivals[come][0] < origin:
            leads.learn(arrivals[come][1])
            come += 1
        lessons.learn(k)
        for i in range(panel.n_series):
            if stock.on_hand[i, origin] <= 0.0 or not np.isfinite(forecasts.means[i, k]).all():
                continue
            # A day on which the shop is closed sells nothing, and that is known beforehand.
            means = np.where(closed[i, origin : origin + HORIZON_DAYS], 0.0, forecasts.means[i, k])
            orders = tuple(
                (origin - order.placed, order.units)
                for order in stock.orders[i]
                if order.placed < origin <= order.arrives
            )
            dispersion = 0.0 if forecasts.dispersion is None else float(np.nan_to_num(forecasts.dispersion[i, k]))
            shared = LEVEL_SHARE if forecasts.level_share is None else float(forecasts.level_share[i, k])
            morning = Morning(
                float(stock.on_hand[i, origin]), orders, means.tolist(), dispersion,
                recent_demand(panel.demand[i], origin), leads, shared if shared == shared else LEVEL_SHARE,
            )  # fmt: skip
            for name, rule in RULES.items():
                if name != "risk":
                    found[name][i, k] = rule.score(morning)
            found["risk"][i, k], found[URGENCY][i, k] = lessons.state(i, k, morning)
    return found


class Lessons:
    """What became of the risks of earlier mornings, learnt as the product does: by demand class, when it is known.

    Parameters
    ----------
    stock, plan
        What happened, and the mornings.
    """

    def __init__(self, stock: StockHistory, plan: Plan) -> None:
        self._scale = RiskCalibration()
        self._onsets, self._origins = stock.onsets(), plan.origins
        self._open: list[tuple[int, int, DemandClass, float]] = []

    def state(self, series: int, place: int, morning: Morning) -> tuple[float, float]:
        """Remember the risk of a morning as worked out; return it as stated, and how urgent an alert is."""
        ahead = OwnRisk().ahead(morning)
        risk, kind = ahead.stockout_risk(morning.on_hand), ahead.demand_class()
        self._open.append((place, series, kind, risk))
        return self._scale.stated(kind, risk), alert_urgency(ahead, morning.on_hand, _TERMS, self._scale)

    def learn(self, place: int) -> None:
        """Learn the outcomes that are known at a morning."""
        over = [one for one in self._open if one[0] + HORIZON_DAYS <= place]
        self._open = self._open[len(over) :]
        for stated_at, series, kind, risk in over:
            origin = self._origins[stated_at]
            self._scale.learn(kind, risk, bool(self._onsets[series, origin : origin + HORIZON_DAYS].any()))


def judge_rules(scored: dict[str, Floats], stock: StockHistory, plan: Plan, panel: Panel) -> StockResult:
    """Judge scores against what happened.

    Parameters
    ----------
    scored
        Rule to its scores, series x origin.
    stock, plan, panel
        What happened, and when was scored.
    """
    first, count = plan.origins[0], len(plan.origins)
    onsets = stock.onsets()
    windows = [onsets[:, first + day : first + day + count] for day in range(HORIZON_DAYS)]
    ahead: Bools = np.logical_or.reduce(windows)
    cases = np.isfinite(scored["risk"])
    half = count // 2
    rules = {}
    for name in RULES:
        values = scored[name]
        due = scored[URGENCY] if name == "risk" else values
        risks, happened = values[cases], ahead[cases]
        stated = name in PROBABILITIES
        judge = [AlertJudge(due[:, part], stock, first + offset, panel) for part, offset in (
            (slice(0, half), 0), (slice(half, count), half)
        )]  # fmt: skip
        best = judge[0].best(GRIDS[name])
        rules[name] = RuleResult(
            area_under_curve(risks, happened), average_precision(risks, happened),
            brier(risks, happened) if stated else None, brier_skill(risks, happened) if stated else None,
            calibration_error(risks, happened) if stated else None, reliability(risks, happened) if stated else [],
            judge[1].score(DEFAULTS[name]), judge[1].score(best.threshold), judge[1].best(GRIDS[name]),
        )  # fmt: skip
    years = panel.n_series * count / PERIODS_A_YEAR[panel.period]
    return StockResult(panel.n_series, int(cases.sum()), float(onsets[:, first : first + count].sum() / years), rules)


class AlertJudge:
    """Judges the alerts that scores raise at a threshold.

    Parameters
    ----------
    scores
        Series x morning.
    stock
        What happened.
    first
        Period of the first morning.
    panel
        For rates.
    """

    def __init__(self, scores: Floats, stock: StockHistory, first: int, panel: Panel) -> None:
        self._scores = np.nan_to_num(scores, nan=-1.0)
        end = first + scores.shape[1] + HORIZON_DAYS
        self._onsets: Bools = stock.onsets()[:, first:end]
        self._out, self._lost = stock.out[:, first:end], stock.lost[:, first:end]
        self._cost = _COST_DAYS * stock.mean
        self._years = scores.size / PERIODS_A_YEAR[panel.period]

    def best(self, grid: tuple[float, ...]) -> AlertScore:
        """The score at the threshold with the largest net."""
        return max((self.score(threshold) for threshold in grid), key=lambda each: each.net or -np.inf)

    def score(self, threshold: float) -> AlertScore:
        """What the alerts from this threshold on were worth."""
        alerts = true = late = caught = 0
        saved = cost = 0.0
        warnings: list[int] = []
        mornings = self._scores.shape[1]
        n_onsets = int(self._onsets[:, :mornings].sum())
        total = float(self._lost[:, :mornings].sum())
        for i in np.flatnonzero((self._scores >= threshold).any(axis=1)).tolist():
            due = self._scores[i] >= threshold
            day = 0
            while day < mornings:
                if not due[day]:
                    day += 1
                    continue
                alerts += 1
                cost += self._cost[i]
                begins = np.flatnonzero(self._onsets[i, day : day + HORIZON_DAYS])
                if len(begins):
                    ahead = int(begins[0])
                    true += 1
                    late += ahead < ACT_DAYS
                    caught += day + ahead < mornings
                    warnings.append(ahead)
                    saved += self._saved(i, day, day + ahead)
                    # The stock-out has begun: the alert has done its work, the next one may come after it.
                day += HORIZON_DAYS
        return AlertScore(
            threshold, alerts, n_onsets, true / alerts if alerts else None, caught / n_onsets if n_onsets else None,
            late / true if true else None, float(np.median(warnings)) if warnings else None, alerts / self._years,
            float(saved - cost) / total if total > 0.0 else None,
        )  # fmt: skip

    def _saved(self, series: int, raised: int, onset: int) -> float:
        """Units lost in the stock-out that began at `onset`, from two days after the alert on."""
        out = self._out[series]
        over = np.flatnonzero(~out[onset:])
        end = onset + int(over[0]) if len(over) else len(out)
        return float(self._lost[series, max(onset, raised + ACT_DAYS) : end].sum())
