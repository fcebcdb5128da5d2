"""Stock-out risk: one number per series to compare at every sale, and what to say when it is crossed.

::

              on-hand <= threshold                      on-hand > clear_at
    calm ──────────────────────────► stockout_risk ──────────────────────────► calm
      │                                    │
      └── on-hand <= 0 ──► stockout ◄──────┘      cleared by a delivery or a count above zero,
                                                                   after a void at the next close

Raised by a single sale between closes it is `early`; the next hour close confirms or withdraws it.

When it opens is said in `online_models/alert_worth.py`, by the risk as it is *stated*: calibrated by what became of
such risks before. Far above that, the threshold is only the on-hand from which it is worth a look. A new order takes
the lead time and the lateness of its supplier; an open one comes as late as those of its orders that had not come by
then.

The one rule: all arithmetic of the risk is done when a period closes or an order changes; a sale compares two integers.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from online_models.alert_worth import AlertTerms, alert_threshold_units, watch_threshold_units
from online_models.lead_times import lead_time_pmf, still_possible
from online_models.stockout import LeadTimeDemand, RandomArrival
from schemas.quantities import DAY_MS, HOUR_MS, THOUSANDTHS
from schemas.signals import Contribution, Measure
from streams.engine.causes import Causes
from streams.engine.emitter import measures
from streams.engine.excess import Excess
from streams.engine.facts import Facts
from streams.engine.ledger import on_hand_at
from streams.engine.ordering import Ordering
from streams.engine.outcomes import Outcomes
from streams.engine.today import Today

if TYPE_CHECKING:
    from online_models.stack import SeriesStack
    from schemas.signals import Phase
    from streams.engine.core import Core
    from streams.engine.series import Order, Series

#: An order that is later than this after a promised moment does not come at that moment any more.
_OVERDUE_MS: Final = 2 * HOUR_MS
_CRITICAL_RISK: Final = 0.8
#: Days seen beyond the lead time where a sentence is made: the shelf may outlast it.
_DAYS_BEYOND: Final = 7


class Coming(NamedTuple):
    """What is on order, by window of one trading day from now.

    Parameters
    ----------
    certain
        Units by window, of the orders behind the first.
    first
        The first, by its odds; None where nothing is on order.
    """

    certain: list[float]
    first: RandomArrival | None


class Risk:
    """Stock-out risk of the series of one task."""

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts
        self._today = Today(core, facts)
        settings = core.settings
        self._terms = AlertTerms(settings.risk_target, settings.alert_cost_days, round(settings.action_days))
        self._ordering = Ordering(core, facts)
        self._excess = Excess(core, facts, self._ordering)
        self.outcomes = Outcomes(core)
        self._causes = Causes(core, facts)

    # --- at every movement ------------------------------------------------------------------------------------

    def may_speak(self, series: Series) -> bool:
        """Return whether :meth:`moved` could say anything; at most sales it could not."""
        on_hand = series.on_hand
        return on_hand is not None and (
            on_hand <= 0
            or series.risk_since is not None
            or series.stockout_since is not None
            or (series.threshold is not None and on_hand <= series.threshold)
        )

    def moved(self, series: Series, at_ms: int, *, early: bool, at_till: bool = False) -> None:
        """Judge a series after its on-hand changed: at the till, or by the stock system.

        A till fills no shelf: whether a void has is judged at the next close, or a void recorded before its sale of the
        same moment would end a stock-out and begin another.
        """
        on_hand = series.on_hand
        if on_hand is None:
            return
        if on_hand <= 0:
            if series.stockout_since is None:
                self._say_stockout(series, at_ms, "opened")
        elif series.stockout_since is not None and not at_till:
            self._say_stockout(series, at_ms, "cleared")
        if series.risk_since is None:
            if series.threshold is not None and on_hand <= series.threshold:
                # The threshold is as old as the last plan; what was sold since, and what has come nearer, may lower it.
                self.replan(series, at_ms)
                if on_hand <= series.threshold:
                    self._say_risk(series, at_ms, on_hand, "opened", early=early)
        elif not early and series.clear_at is not None and on_hand > series.clear_at:
            self._say_risk(series, at_ms, on_hand, "cleared", early=False)

    def confirm(self, series: Series, cut_ms: int) -> None:
        """Judge a series at a close, on what was on the shelf then."""
        on_hand = on_hand_at(series, cut_ms)
        if on_hand is None:
            return
        if series.stockout_since is not None and on_hand > 0 and (series.on_hand or 0) > 0:
            self._say_stockout(series, cut_ms, "cleared")
        if series.threshold is None:
            return
        overdue = any(_is_overdue(order, cut_ms) for order in series.orders)
        if overdue or series.risk_since is not None or on_hand <= series.threshold:
            self.replan(series, cut_ms)
        self._judge(series, cut_ms, on_hand)
        if series.on_hand is not None and series.on_hand != on_hand:
            self._catch_up(series, cut_ms + self._core.settings.slack_ms, series.on_hand)

    def _judge(self, series: Series, cut_ms: int, on_hand: int) -> None:
        """Open, confirm, withdraw or clear, by what was on the shelf at the cut."""
        if series.threshold is None:
            return
        clear_at = series.threshold if series.clear_at is None else series.clear_at
        if series.risk_since is None:
            refilled = series.on_hand is not None and series.on_hand > clear_at
            if on_hand <= series.threshold and not refilled:
                self._say_risk(series, cut_ms, on_hand, "opened", early=False)
        elif series.risk_early and series.risk_since > cut_ms:
            return  # raised by what came after the cut: the next close judges it
        elif on_hand > (series.threshold if series.risk_early else clear_at):
            if series.risk_early:
                self._core.emitter.count("early_withdrawn")
            self._say_risk(series, cut_ms, on_hand, "cleared", early=bool(series.risk_early))
        elif series.risk_early:
            self._core.emitter.count("early_confirmed")
            self._say_risk(series, cut_ms, on_hand, "updated", early=False)

    def _catch_up(self, series: Series, now_ms: int, on_hand: int) -> None:
        """Go on from the judgement at the cut to what has happened since, as if it happened now."""
        if series.threshold is None:
            return
        if series.risk_since is None:
            if on_hand <= series.threshold:
                self._say_risk(series, now_ms, on_hand, "opened", early=True)
        elif not series.risk_early and series.clear_at is not None and on_hand > series.clear_at:
            self._say_risk(series, now_ms, on_hand, "cleared", early=False)

    # --- when demand or orders changed ------------------------------------------------------------------------

    def replan(self, series: Series, now_ms: int, model: SeriesStack | None = None) -> LeadTimeDemand | None:
        """Work out the thresholds of a series anew; None where stock or demand is unknown."""
        if series.on_hand is None:
            return None
        ahead = self._ahead(series, now_ms, model)
        if ahead is None:
            return None
        watch = watch_threshold_units(ahead, self._terms, self._core.risk_scale)
        series.threshold, series.clear_at = round(watch * THOUSANDTHS), None
        near = min(series.on_hand, on_hand_at(series, now_ms) or 0) <= series.threshold
        if near or series.risk_since is not None:
            self._refine(series, ahead)
        self._core.table.touch(series)
        return ahead

    def _refine(self, series: Series, ahead: LeadTimeDemand) -> None:
        """Work out at which on-hand a risk opens, and above which it is over, of a series that is near."""
        scale, share = self._core.risk_scale, self._core.settings.clear_share
        series.threshold = round(alert_threshold_units(ahead, self._terms, scale) * THOUSANDTHS)
        clear_at = round(alert_threshold_units(ahead, self._terms, scale, share) * THOUSANDTHS)
        series.clear_at = max(series.threshold, clear_at)

    def close_period(self, series: Series, end_ms: int, model: SeriesStack) -> None:
        """Plan a series anew when a period is over, and judge what is there for long."""
        ahead = self.replan(series, end_ms, model)
        on_hand = on_hand_at(series, end_ms)
        if ahead is None or on_hand is None:
            return
        units = on_hand / THOUSANDTHS
        until_ms = end_ms + round(ahead.lead_days) * DAY_MS
        self.outcomes.note(series, ahead, units, end_ms, until_ms)
        self._excess.judge(series, ahead, units, end_ms)

    def _ahead(
        self, series: Series, now_ms: int, model: SeriesStack | None, beyond: int | None = None
    ) -> LeadTimeDemand | None:
        """Return demand until an order placed now arrives, and `beyond` days more (a review period)."""
        core = self._core
        history = core.archive.of(series)
        if model is None:
            model = core.model(history)
        pmf = lead_time_pmf(self._facts.lead_time_days(series, now_ms), self._shares(series, now_ms))
        if beyond is None:
            beyond = math.ceil(core.settings.review_days)
        means = self._daily_means(series, model, self._facts.past(history), len(pmf) + beyond, now_ms)
        if means is None:
            return None
        coming = self._coming(series, now_ms, len(means))
        return LeadTimeDemand(
            means,
            model.dispersion,
            pmf,
            coming.certain,
            first=coming.first,
            grain=model.grain,
            level_share=model.level_share,
        )

    def _shares(self, series: Series, at_ms: int) -> tuple[float, ...]:
        """Return how late the orders of a series come."""
        return self._core.suppliers.shares(self._facts.supplier(series, at_ms))

    def _daily_means(
        self, series: Series, model: SeriesStack, past: tuple[float, ...], days: int, now_ms: int
    ) -> list[float] | None:
        """Return expected units of each of the coming windows of one trading day, the first beginning now."""
        periods = self._core.periods
        first = periods.of(now_ms)
        lengths: list[int] = []
        while sum(lengths) < days + 1:
            lengths.append(periods.days(first + len(lengths)))
        origin = periods.start_ms(first)
        xs = [self._facts.features(series, past, first + at, origin) for at in range(len(lengths))]
        category = self._facts.category(series, now_ms)
        means = model.horizon_means(xs, self._core.pool.category(category))
        if means is None:
            return None
        factors = self._facts.factors(series, range(first, first + len(lengths)), origin, category)
        if factors is not None:
            means = [mean * factor for mean, factor in zip(means, factors, strict=True)]
        daily = [mean / length for mean, length in zip(means, lengths, strict=True) for _ in range(length)]
        if series.surge_since is not None or series.slump_since is not None:
            # On other days a pace is mostly luck: to follow it each hour raised one false risk in eight more.
            nowcast = self._today.nowcast(series, now_ms)
            daily[0] *= 1.0 if nowcast is None else nowcast.pace
        rest = self._facts.rest_of_day(series, now_ms)
        return [rest * today + (1 - rest) * tomorrow for today, tomorrow in pairwise(daily)][:days]

    def _coming(self, series: Series, now_ms: int, days: int) -> Coming:
        """Return units on order by window of one trading day from now, each at the edge it comes nearest to."""
        certain: list[float] = []
        first: RandomArrival | None = None
        for units, odds in self._odds(series, now_ms):
            inside = tuple([(window, share) for window, share in odds if window < days])
            if first is None:
                first = RandomArrival(units, inside)
                continue
            window = _median(odds)
            if window < days:
                certain = certain or [0.0] * days
                certain[window] += units
        return Coming(certain, first)

    def _odds(self, series: Series, now_ms: int) -> list[tuple[float, list[tuple[int, float]]]]:
        """Return units and odds by window of each delivery to come; those of one day are one delivery."""
        if not series.orders:
            return []
        shares = self._shares(series, now_ms)
        rest, periods = self._facts.rest_of_day(series, now_ms), self._core.periods
        today = periods.day_number(now_ms)
        units_by_day: dict[int, int] = {}
        due_by_day: dict[int, int] = {}
        for order in series.orders:
            if order.due_ms is not None:
                day = periods.day_number(order.due_ms)
                units_by_day[day] = units_by_day.get(day, 0) + order.units
                due_by_day[day] = max(due_by_day.get(day, order.due_ms), order.due_ms)
        found = []
        for day in sorted(units_by_day):
            due_ms = due_by_day[day]
            least = -((due_ms + _OVERDUE_MS - now_ms) // DAY_MS)
            ahead = day - today + rest - self._facts.rest_of_day(series, due_ms)
            odds: dict[int, float] = {}
            for days_late, share in still_possible(shares, least):
                window = max(0, round(ahead + days_late))
                odds[window] = odds.get(window, 0.0) + share
            if odds:
                found.append((units_by_day[day] / THOUSANDTHS, list(odds.items())))
        return found

    # --- saying so --------------------------------------------------------------------------------------------

    def _say_stockout(self, series: Series, at_ms: int, phase: Phase) -> None:
        started = at_ms if series.stockout_since is None else series.stockout_since
        series.stockout_since = None if phase == "cleared" else at_ms
        if phase == "opened":
            self.outcomes.emptied(series, at_ms)
        self._core.table.touch(series)
        ahead = self._ahead(series, at_ms, None) if phase == "opened" else None
        lost = None if ahead is None else ahead.expected_lost_units(0.0)
        on_hand = (series.on_hand or 0) / THOUSANDTHS
        self._core.emitter.finding(
            "stockout",
            phase,
            "critical",
            started,
            at_ms,
            series,
            evidence=measures("units", on_hand_units=on_hand, on_order_units=_on_order(series), lost_units=lost),
            money=None if lost is None else self._facts.money(series, lost, at_ms),
        )

    def _say_risk(self, series: Series, at_ms: int, on_hand: int, phase: Phase, *, early: bool) -> None:
        started = at_ms if series.risk_since is None else series.risk_since
        series.risk_since = None if phase == "cleared" else started
        series.risk_early = int(early and phase != "cleared")
        self._core.table.touch(series)
        review = math.ceil(self._core.settings.review_days)
        ahead = self._ahead(series, at_ms, None, review + _DAYS_BEYOND)
        units = max(0, on_hand) / THOUSANDTHS
        if phase == "cleared" or ahead is None:
            evidence = measures("units", on_hand_units=units, on_order_units=_on_order(series))
            self._core.emitter.finding(
                "stockout_risk", phase, "warning", started, at_ms, series, early=early, evidence=evidence
            )
            return
        lead_days = self._facts.lead_time_days(series, at_ms)
        if series.clear_at is None:
            self._refine(series, ahead)
        risk = self._stated(ahead, units)
        lost = ahead.expected_lost_units(units)
        self._core.emitter.finding(
            "stockout_risk",
            phase,
            "critical" if risk >= _CRITICAL_RISK else "warning",
            started,
            at_ms,
            series,
            early=early,
            evidence=self._evidence(series, ahead, units, lead_days, at_ms),
            times=self._times(series, ahead, units, at_ms, lead_days),
            reasons=[
                *self._reasons(ahead, series, units, lead_days, at_ms),
                *self._drivers(series, lead_days, at_ms),
            ],
            money=self._facts.money(series, lost, at_ms),
            model=self._facts.model_ref(series),
        )

    def _drivers(self, series: Series, lead_days: float, at_ms: int) -> tuple[Contribution, ...]:
        """What moves the demand that an order placed now must wait out away from what is usual on those days."""
        core = self._core
        history, first = core.archive.of(series), core.periods.of(at_ms)
        periods = max(1, round(lead_days / core.periods.days(first)))
        return self._causes.drivers(series, history, core.model(history), first, periods)

    def _times(
        self, series: Series, ahead: LeadTimeDemand, units: float, at_ms: int, lead_days: float
    ) -> dict[str, int]:
        quantiles = ahead.stockout_time_quantiles(units)
        names = ("runs_out_p10", "runs_out_p50", "runs_out_p90")
        times = {
            name: self._facts.after_trading(series, at_ms, days)
            for name, days in zip(names, quantiles, strict=True)
            if days is not None
        }
        if "runs_out_p50" in times:
            times["order_by"] = max(at_ms, times["runs_out_p50"] - round(lead_days * DAY_MS))
        return times

    def _evidence(
        self, series: Series, ahead: LeadTimeDemand, units: float, lead_days: float, at_ms: int
    ) -> dict[str, Measure]:
        on_order = _on_order(series)
        level = self._ordering.level(series, ahead, at_ms)
        demand = sum(ahead.means[:7]) / min(7, len(ahead.means))
        clears_at = None if series.clear_at is None else series.clear_at / THOUSANDTHS
        return {
            **measures("share", risk_share=self._stated(ahead, units), service_share=level.service_share),
            **measures("units", on_hand_units=units, on_order_units=on_order),
            **measures("units", overdue_units=_overdue_units(series, at_ms) or None),
            **measures("units", lost_units=ahead.expected_lost_units(units)),
            **measures("units/day", demand_per_day_units=demand),
            **measures("days", lead_time_days=lead_days, days_of_cover=units / demand if demand > 0 else None),
            **measures("units", order_up_to_units=level.order_up_to_units, safety_units=level.safety_units),
            **measures("units", order_units=max(0.0, level.order_up_to_units - units - on_order)),
            **measures("units", clears_at_units=clears_at),
        }

    def _stated(self, ahead: LeadTimeDemand, units: float) -> float:
        return self._core.risk_scale.stated(ahead.demand_class(), ahead.stockout_risk(units))

    def _reasons(
        self, ahead: LeadTimeDemand, series: Series, units: float, lead_days: float, at_ms: int
    ) -> list[Contribution]:
        window = max(1, round(lead_days))
        overdue = _overdue_units(series, at_ms)
        in_time = max(0.0, sum(ahead.arrivals[:window]) - overdue)
        reasons = [
            Contribution(driver="demand until an order placed now arrives", units=round(sum(ahead.means[:window]), 3)),
            Contribution(driver="on hand", units=round(-units, 3)),
        ]
        if in_time:
            reasons.append(Contribution(driver="on order and due in time", units=round(-in_time, 3)))
        if overdue:
            reasons.append(Contribution(driver="overdue order, not sure to come", units=round(overdue, 3)))
        return reasons


def _on_order(series: Series) -> float:
    return series.on_order() / THOUSANDTHS


def _is_overdue(order: Order, at_ms: int) -> bool:
    return order.due_ms is not None and order.due_ms + _OVERDUE_MS < at_ms


def _overdue_units(series: Series, at_ms: int) -> float:
    return sum(order.units for order in series.orders if _is_overdue(order, at_ms)) / THOUSANDTHS


def _median(odds: list[tuple[int, float]]) -> int:
    """Return the window by which an order has more likely come than not."""
    total = 0.0
    for window, share in odds:
        total += share
        if total >= 0.5:
            return window
    return odds[-1][0]
