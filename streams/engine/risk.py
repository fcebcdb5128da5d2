"""Stock-out risk: one number per series to compare at every sale, and what to say when it is crossed.

::

              on-hand <= threshold                      on-hand > clear_at
    calm ──────────────────────────► stockout_risk ──────────────────────────► calm
      │                                    │
      └── on-hand <= 0 ──► stockout ◄──────┘      cleared by a delivery or a count above zero

Raised by a single sale between closes it is `early`; the next hour close confirms or withdraws it.

The one rule: all arithmetic of the risk is done when a period closes or an order changes; a sale compares two integers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from online_models.stockout import LeadTimeDemand
from schemas.quantities import DAY_MS, HOUR_MS, THOUSANDTHS
from schemas.signals import Contribution, Measure
from streams.engine.emitter import measures
from streams.engine.facts import Facts
from streams.engine.ledger import on_hand_at
from streams.engine.today import Today

if TYPE_CHECKING:
    from online_models.stack import SeriesStack
    from schemas.signals import Phase
    from streams.engine.core import Core
    from streams.engine.series import Order, Series

#: How an order placed now arrives: on the stated day, or one or two days late.
LEAD_TIME_SHARES = (0.8, 0.15, 0.05)
#: An order overdue for longer than this is not counted on: nobody knows when it comes.
_OVERDUE_MS = 2 * HOUR_MS
_CRITICAL_RISK = 0.8


def lead_time_pmf(lead_time_days: float) -> list[float]:
    """Return P(an order placed now arrives after i + 1 days).

    >>> lead_time_pmf(2.0)
    [0.0, 0.8, 0.15, 0.05]
    """
    return [0.0] * (max(1, round(lead_time_days)) - 1) + list(LEAD_TIME_SHARES)


class Risk:
    """Stock-out risk of the series of one task."""

    def __init__(self, core: Core, facts: Facts) -> None:
        self._core = core
        self._facts = facts
        self._today = Today(core, facts)

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

    def moved(self, series: Series, at_ms: int, *, early: bool) -> None:
        """Judge a series after its on-hand changed."""
        on_hand = series.on_hand
        if on_hand is None:
            return
        if on_hand <= 0:
            if series.stockout_since is None:
                self._say_stockout(series, at_ms, "opened")
        elif series.stockout_since is not None:
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
        if on_hand is None or series.threshold is None or series.clear_at is None:
            return
        overdue = any(_is_overdue(order, cut_ms) for order in series.orders)
        if overdue or series.risk_since is not None or on_hand <= series.threshold:
            self.replan(series, cut_ms)
        self._judge(series, cut_ms, on_hand)
        if series.on_hand is not None and series.on_hand != on_hand:
            self._catch_up(series, cut_ms + self._core.settings.slack_ms, series.on_hand)

    def _judge(self, series: Series, cut_ms: int, on_hand: int) -> None:
        """Open, confirm, withdraw or clear, by what was on the shelf at the cut."""
        if series.threshold is None or series.clear_at is None:
            return
        if series.risk_since is None:
            refilled = series.on_hand is not None and series.on_hand > series.clear_at
            if on_hand <= series.threshold and not refilled:
                self._say_risk(series, cut_ms, on_hand, "opened", early=False)
        elif series.risk_early and series.risk_since > cut_ms:
            return  # raised by what came after the cut: the next close judges it
        elif on_hand > (series.threshold if series.risk_early else series.clear_at):
            if series.risk_early:
                self._core.emitter.count("early_withdrawn")
            self._say_risk(series, cut_ms, on_hand, "cleared", early=bool(series.risk_early))
        elif series.risk_early:
            self._core.emitter.count("early_confirmed")
            self._say_risk(series, cut_ms, on_hand, "updated", early=False)

    def _catch_up(self, series: Series, now_ms: int, on_hand: int) -> None:
        """Go on from the judgement at the cut to what has happened since, as if it happened now."""
        if series.threshold is None or series.clear_at is None:
            return
        if series.risk_since is None:
            if on_hand <= series.threshold:
                self._say_risk(series, now_ms, on_hand, "opened", early=True)
        elif not series.risk_early and on_hand > series.clear_at:
            self._say_risk(series, now_ms, on_hand, "cleared", early=False)

    # --- when demand or orders changed ------------------------------------------------------------------------

    def replan(self, series: Series, now_ms: int, model: SeriesStack | None = None) -> LeadTimeDemand | None:
        """Work out the thresholds of a series anew; None where stock or demand is unknown."""
        if series.on_hand is None:
            return None
        ahead = self._ahead(series, now_ms, model)
        if ahead is None:
            return None
        target = self._core.settings.risk_target
        series.threshold = round(ahead.risk_threshold_units(target) * THOUSANDTHS)
        clear = ahead.risk_threshold_units(target * self._core.settings.clear_share)
        series.clear_at = max(series.threshold, round(clear * THOUSANDTHS))
        self._core.table.touch(series)
        return ahead

    def _ahead(self, series: Series, now_ms: int, model: SeriesStack | None) -> LeadTimeDemand | None:
        core = self._core
        history = core.archive.of(series)
        if model is None:
            model = core.model(history)
        lead_days = self._facts.lead_time_days(series, now_ms)
        pmf = lead_time_pmf(lead_days)
        days = len(pmf) + max(1, round(core.settings.review_days)) + 7
        means = self._daily_means(series, model, self._facts.past(history), days, now_ms)
        if means is None:
            return None
        return LeadTimeDemand(means, model.dispersion, pmf, self._arrivals(series, now_ms, len(means)))

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

    def _arrivals(self, series: Series, now_ms: int, days: int) -> list[float]:
        """Return units on order by window of one trading day from now, each at the edge it comes nearest to."""
        arrivals = [0.0] * days
        rest = self._facts.rest_of_day(series, now_ms)
        today = self._core.periods.day_number(now_ms)
        for order in series.orders:
            if order.due_ms is None or _is_overdue(order, now_ms):
                continue
            due_ms = max(order.due_ms, now_ms)
            ahead = self._core.periods.day_number(due_ms) - today + rest - self._facts.rest_of_day(series, due_ms)
            window = round(ahead)
            if window < days:
                arrivals[window] += order.units / THOUSANDTHS
        return arrivals

    # --- saying so --------------------------------------------------------------------------------------------

    def _say_stockout(self, series: Series, at_ms: int, phase: Phase) -> None:
        started = at_ms if series.stockout_since is None else series.stockout_since
        series.stockout_since = None if phase == "cleared" else at_ms
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
        ahead = self._ahead(series, at_ms, None)
        units = max(0, on_hand) / THOUSANDTHS
        if phase == "cleared" or ahead is None:
            evidence = measures("units", on_hand_units=units, on_order_units=_on_order(series))
            self._core.emitter.finding(
                "stockout_risk", phase, "warning", started, at_ms, series, early=early, evidence=evidence
            )
            return
        lead_days = self._facts.lead_time_days(series, at_ms)
        risk = ahead.stockout_risk(units)
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
            reasons=_reasons(ahead, series, units, lead_days, at_ms),
            money=self._facts.money(series, lost, at_ms),
            model=self._facts.model_ref(series),
        )

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
        settings = self._core.settings
        on_order = _on_order(series)
        wanted = LeadTimeDemand(
            ahead.means, ahead.dispersion, lead_time_pmf(lead_days + settings.review_days)
        ).order_up_to_units(settings.service_level)
        demand = sum(ahead.means[:7]) / min(7, len(ahead.means))
        clears_at = None if series.clear_at is None else series.clear_at / THOUSANDTHS
        return {
            **measures("share", risk_share=ahead.stockout_risk(units)),
            **measures("units", on_hand_units=units, on_order_units=on_order),
            **measures("units", overdue_units=_overdue_units(series, at_ms) or None),
            **measures("units", lost_units=ahead.expected_lost_units(units)),
            **measures("units/day", demand_per_day_units=demand),
            **measures("days", lead_time_days=lead_days, days_of_cover=units / demand if demand > 0 else None),
            **measures("units", order_units=max(0.0, wanted - units - on_order), clears_at_units=clears_at),
        }


def _on_order(series: Series) -> float:
    return series.on_order() / THOUSANDTHS


def _is_overdue(order: Order, at_ms: int) -> bool:
    return order.due_ms is not None and order.due_ms + _OVERDUE_MS < at_ms


def _overdue_units(series: Series, at_ms: int) -> float:
    return sum(order.units for order in series.orders if _is_overdue(order, at_ms)) / THOUSANDTHS


def _reasons(ahead: LeadTimeDemand, series: Series, units: float, lead_days: float, at_ms: int) -> list[Contribution]:
    wanted = sum(ahead.means[: max(1, round(lead_days))])
    in_time = sum(ahead.arrivals[: max(1, round(lead_days))])
    overdue = _overdue_units(series, at_ms)
    reasons = [
        Contribution(driver="demand until an order placed now arrives", units=round(wanted, 3)),
        Contribution(driver="on hand", units=round(-units, 3)),
    ]
    if in_time:
        reasons.append(Contribution(driver="on order and due in time", units=round(-in_time, 3)))
    if overdue:
        reasons.append(Contribution(driver="overdue order, not counted on", units=round(overdue, 3)))
    return reasons
