"""Results as people read them: a few tables, the same figures as the JSON.

The one rule: every row says how many forecasts, series or events stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from demand_monitor.printing import print_rows

if TYPE_CHECKING:
    from demand_monitor.evaluation.bench import Speed
    from demand_monitor.printing import Cell
    from streams.evaluation.accuracy import Accuracy, Duel
    from streams.evaluation.censor_trial import CensorResult
    from streams.evaluation.drift_trial import DriftResult
    from streams.evaluation.intervals import Interval
    from streams.evaluation.shock_trial import ShockResult
    from streams.evaluation.stock_trial import AlertScore, StockResult


def print_accuracy(found: Accuracy) -> None:
    """Print the scorecard of forecasts."""
    rows: list[dict[str, Cell]] = []
    for plan in found.plans:
        rows.append({"plan": plan.plan, "who": "ours", **_scores(plan.ours), "WAPE ratio": None, "RMSSE ratio": None})
        rows.extend(duel_row(plan.plan, duel) for duel in plan.duels)
    if found.far_leads is not None:
        rows.append(duel_row("leads 8-30", found.far_leads))
    print_rows(
        rows, False, f"{found.name}: {found.series} series, last {found.tail} {found.period}s, ratios are ours / theirs"
    )
    coverage: list[dict[str, Cell]] = [
        {"plan": plan.plan, **{f"upper 90 {name}": number(value) for name, value in plan.upper_90.items()}}
        for plan in found.plans
    ]
    print_rows(coverage, False, f"{found.name}: randomised upper 90 % coverage, by volume")
    print(f"Mean pinball, ours / Normal head: {interval(found.normal_head)}")
    for periods, (share, count) in found.sums.items():
        print(f"Upper 90 % coverage of the sum over {periods} trading periods: {number(share)} of {count:,} sums")


def print_file(found: Mapping[str, object]) -> None:
    """Print the score of a file of forecasts."""
    from streams.evaluation.accuracy import Duel

    rows = [
        duel_row(name, duel)
        for name, duel in (("ours / file", found["duel"]), ("file / naive", found["theirs_against_naive"]))
        if isinstance(duel, Duel)
    ]
    print_rows(rows, False, f"{found['file']}: {found['rows']} rows, {found['misplaced']} of them without a place")


def print_shock(name: str, found: ShockResult) -> None:
    """Print the shock trial."""
    row: dict[str, Cell] = {"series doubled": found.changed, "before": number(found.before)}
    row |= {f"periods {stretch}": f"{number(share)} of {count}" for stretch, (share, count) in found.after.items()}
    print_rows([row], False, f"{name}: upper 90 % coverage after demand has doubled")


def print_drift(name: str, found: Mapping[str, DriftResult]) -> None:
    """Print the drift trial."""
    rows: list[dict[str, Cell]] = []
    for group, result in found.items():
        for change, one in result.changes.items():
            recall = {f"found in {within}": number(share) for within, share in one.recall.items()}
            rows.append(
                {
                    "signal-to-noise": group, "series": result.series, "change": change, "planted": one.planted,
                    "alarms/yr": number(result.alarms_a_year), "shuffled": number(result.shuffled_alarms_a_year),
                    **recall, "delay": number(one.delay_periods), "MTFA": number(one.mtfa),
                    "MDR": number(one.mdr), "MTR": number(one.mtr),
                }
            )  # fmt: skip
    print_rows(rows, False, f"{name}: planted changes")


def print_censoring(name: str, found: Mapping[str, CensorResult]) -> None:
    """Print the censoring trial."""
    rows: list[dict[str, Cell]] = [
        {
            "cut": kind, "cuts": one.cuts, "units lost": number(one.lost_share),
            **{f"bias {who}": number(value) for who, value in one.bias.items()},
            "bias gap": number(one.bias_gap), "recovered": number(one.recovered),
            "WAPE of cut days": number(one.recovered_wape),
        }
        for kind, one in found.items()
    ]  # fmt: skip
    print_rows(rows, False, f"{name}: shelves emptied on purpose")


def print_stock(name: str, found: StockResult) -> None:
    """Print the stock-out trial."""
    rows: list[dict[str, Cell]] = []
    for rule, one in found.rules.items():
        head: dict[str, Cell] = {"rule": rule, "AUC": number(one.auc), "AP": number(one.average_precision)}
        head |= {"Brier skill": number(one.brier_skill), "ECE": number(one.ece)}
        for which, alerts in (("default", one.default), ("tuned", one.tuned), ("ceiling", one.ceiling)):
            rows.append({**head, "threshold of": which, **_alert_row(alerts)})
    title = (
        f"{name}: {found.series} stocks, {found.mornings:,} mornings, {found.onsets_a_year:.1f} stock-outs a year each"
    )
    print_rows(rows, False, title)


def print_speed(name: str, found: Speed) -> None:
    """Print what a close costs."""
    row: dict[str, Cell] = {
        "series": found.series, "closes": found.closes, "µs a close": number(found.close_microseconds),
        "refits": found.refits, "µs a refit": number(found.refit_microseconds), "ours / AutoETS": number(found.ratio),
    }  # fmt: skip
    print_rows([row], False, f"{name}: processor time")


def _alert_row(alerts: AlertScore) -> dict[str, Cell]:
    return {
        "threshold": alerts.threshold, "alerts": alerts.alerts, "onsets": alerts.onsets,
        "precision": number(alerts.precision), "recall": number(alerts.recall), "late": number(alerts.late_share),
        "warning days": number(alerts.warning_days), "alerts/yr": number(alerts.alerts_a_year),
        "net": number(alerts.net),
    }  # fmt: skip


def _scores(table: Mapping[str, float | None]) -> dict[str, Cell]:
    shown = ("wape", "mase", "rmsse", "rmse", "mae", "mape", "bias", "pinball")
    count = table.get("n")
    return {"n": None if count is None else int(count), **{name: number(table.get(name)) for name in shown}}


def duel_row(plan: str, duel: Duel) -> dict[str, Cell]:
    """One rival beside us."""
    ratios = {"WAPE ratio": interval(duel.wape), "RMSSE ratio": interval(duel.rmsse)}
    return {"plan": plan, "who": duel.rival, **_scores(duel.theirs), **ratios}


def number(value: float | None) -> str:
    """A number as people read it; a dash where there is none."""
    return "–" if value is None else f"{value:.4g}"


def interval(found: Interval) -> str:
    """A number with its interval."""
    if found.value is None:
        return "–"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
