"""Results as people read them: a few tables, the same figures as the JSON.

The one rule: every row says how many forecasts, series or events stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from demand_monitor.evaluation.wording import interval as _interval
from demand_monitor.evaluation.wording import number as _number
from demand_monitor.printing import print_rows

if TYPE_CHECKING:
    from demand_monitor.evaluation.bench import Speed
    from demand_monitor.printing import Cell
    from streams.evaluation.accuracy import Accuracy, Duel
    from streams.evaluation.cause_trial import CauseResult, CauseScore
    from streams.evaluation.censor_trial import CensorResult
    from streams.evaluation.drift_trial import DriftResult
    from streams.evaluation.shock_trial import ShockResult
    from streams.evaluation.spend_trial import SpendResult
    from streams.evaluation.stock_trial import AlertScore, StockResult
    from streams.evaluation.suspect_trial import SuspectResult


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
        {"plan": plan.plan, **{f"upper 90 {name}": _number(value) for name, value in plan.upper_90.items()}}
        for plan in found.plans
    ]
    print_rows(coverage, False, f"{found.name}: randomised upper 90 % coverage, by volume")
    print(f"Mean pinball, ours / Normal head: {_interval(found.normal_head)}")
    for periods, (share, count) in found.sums.items():
        print(f"Upper 90 % coverage of the sum over {periods} trading periods: {_number(share)} of {count:,} sums")


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
    row: dict[str, Cell] = {"series doubled": found.changed, "before": _number(found.before)}
    row |= {f"periods {stretch}": f"{_number(share)} of {count}" for stretch, (share, count) in found.after.items()}
    print_rows([row], False, f"{name}: upper 90 % coverage after demand has doubled")


def print_drift(name: str, found: Mapping[str, DriftResult]) -> None:
    """Print the drift trial."""
    rows: list[dict[str, Cell]] = []
    for group, result in found.items():
        for change, one in result.changes.items():
            recall = {f"found in {within}": _number(share) for within, share in one.recall.items()}
            rows.append(
                {
                    "signal-to-noise": group, "series": result.series, "change": change, "planted": one.planted,
                    "alarms/yr": _number(result.alarms_a_year), "shuffled": _number(result.shuffled_alarms_a_year),
                    **recall, "delay": _number(one.delay_periods), "MTFA": _number(one.mtfa),
                    "MDR": _number(one.mdr), "MTR": _number(one.mtr),
                }
            )  # fmt: skip
    print_rows(rows, False, f"{name}: planted changes")


def print_censoring(name: str, found: Mapping[str, CensorResult]) -> None:
    """Print the censoring trial."""
    rows: list[dict[str, Cell]] = [
        {
            "cut": kind, "cuts": one.cuts, "units lost": _number(one.lost_share),
            **{f"bias {who}": _number(value) for who, value in one.bias.items()},
            "bias gap": _number(one.bias_gap), "recovered": _number(one.recovered),
            "WAPE of cut days": _number(one.recovered_wape),
        }
        for kind, one in found.items()
    ]  # fmt: skip
    print_rows(rows, False, f"{name}: shelves emptied on purpose")


def print_stock(name: str, found: StockResult) -> None:
    """Print the stock-out trial."""
    rows: list[dict[str, Cell]] = []
    for rule, one in found.rules.items():
        head: dict[str, Cell] = {"rule": rule, "AUC": _number(one.auc), "AP": _number(one.average_precision)}
        head |= {"Brier skill": _number(one.brier_skill), "ECE": _number(one.ece)}
        for which, alerts in (("default", one.default), ("tuned", one.tuned), ("ceiling", one.ceiling)):
            rows.append({**head, "threshold of": which, **_alert_row(alerts)})
    title = (
        f"{name}: {found.series} stocks, {found.mornings:,} mornings, {found.onsets_a_year:.1f} stock-outs a year each"
    )
    print_rows(rows, False, title)


def print_suspect(name: str, found: SuspectResult) -> None:
    """Print how well empty hours are found without being told."""
    row: dict[str, Cell] = {
        "series": found.series, "hours": found.hours, "empty": _number(found.empty_share),
        "precision": _number(found.ours), "no sale for k hours": _number(found.plain),
        "k": _number(found.hours_without_sale),
        "ratio": f"{found.ratio:.3f} [{found.ratio_low:.3f}, {found.ratio_high:.3f}]",
    }  # fmt: skip
    print_rows([row], False, f"{name}: hours suspected to be empty, a fifth of them found")


def print_causes(found: CauseResult) -> None:
    """Print what became of planted causes."""
    parts = (
        ("all cases", found.every),
        ("cases that an alarm told of", found.by_alarm),
        ("the same, before the second look", found.at_once),
    )
    for name, one in parts:
        _print_cause_score(name, one)


def _print_cause_score(name: str, one: CauseScore) -> None:
    rows: list[dict[str, Cell]] = [
        {
            "label": label, "planted": score.planted, "named": score.named, "precision": _number(score.precision),
            "recall": _number(score.recall), "F1": _number(score.f1),
        }
        for label, score in one.labels.items()
    ]  # fmt: skip
    print_rows(rows, False, f"Planted causes, {name}: {one.cases}")
    heads = list(one.labels)
    matrix: list[dict[str, Cell]] = [
        {"planted \\ first named": label, **{head: row.get(head, 0) for head in heads}}
        for label, row in one.confusion.items()
    ]
    print_rows(matrix, False, "Confusion of single causes")
    count, both, single = one.pairs
    print(f"Two causes planted: {count}; both named {both}, one named {single}.")
    print(f"Macro F1 {_number(one.macro_f1)}; a planted driver is the first reason in {_number(one.first)} of them.")


def print_spend(found: SpendResult) -> None:
    """Print how well the effect of spend is measured."""
    row: dict[str, Cell] = {
        "seeds": found.seeds, "measured": found.measured, "median error": _number(found.median_error),
        "mean error": _number(found.mean_error), "within 20 %": _number(found.within_20),
        "90 % interval holds": _number(found.covered_90), "error of the sum": _number(found.total_error),
    }  # fmt: skip
    print_rows([row], False, "Synthetic spend: incremental units")


def print_speed(name: str, found: Speed) -> None:
    """Print what a close costs."""
    row: dict[str, Cell] = {
        "series": found.series, "closes": found.closes, "µs a close": _number(found.close_microseconds),
        "refits": found.refits, "µs a refit": _number(found.refit_microseconds), "ours / AutoETS": _number(found.ratio),
    }  # fmt: skip
    print_rows([row], False, f"{name}: processor time")


def _alert_row(alerts: AlertScore) -> dict[str, Cell]:
    return {
        "threshold": alerts.threshold, "alerts": alerts.alerts, "onsets": alerts.onsets,
        "precision": _number(alerts.precision), "recall": _number(alerts.recall), "late": _number(alerts.late_share),
        "warning days": _number(alerts.warning_days), "alerts/yr": _number(alerts.alerts_a_year),
        "net": _number(alerts.net),
    }  # fmt: skip


def _scores(table: Mapping[str, float | None]) -> dict[str, Cell]:
    shown = ("wape", "mase", "rmsse", "rmse", "mae", "mape", "bias", "pinball", "money")
    count = table.get("n")
    return {"n": None if count is None else int(count), **{name: _number(table.get(name)) for name in shown}}


def duel_row(plan: str, duel: Duel) -> dict[str, Cell]:
    """One rival beside us."""
    ratios = {"WAPE ratio": _interval(duel.wape), "RMSSE ratio": _interval(duel.rmsse)}
    return {"plan": plan, "who": duel.rival, **_scores(duel.theirs), **ratios}
