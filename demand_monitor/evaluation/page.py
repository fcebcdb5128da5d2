"""The figures of `docs/evaluation.md`, from the JSON reports of `evaluate --report`.

::

    python -m demand_monitor.evaluation.page docs/evaluation.md report.json …    # between the marks of the page

The one rule: a figure on the page was in a report; nobody types one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from demand_monitor.evaluation import page_parts
from demand_monitor.evaluation.goals import scorecard_rows
from demand_monitor.evaluation.page_parts import as_interval as _interval
from demand_monitor.evaluation.page_parts import as_number as _number
from demand_monitor.evaluation.page_parts import as_share as _share

BEGIN: Final = "<!-- figures -->"
END: Final = "<!-- /figures -->"
CARD_BEGIN: Final = "<!-- scorecard -->"
CARD_END: Final = "<!-- /scorecard -->"
_LEAD: Final = {"block": "block", "day_ahead": "day-ahead"}
Report = Mapping[str, Any]


def make_tables(reports: Mapping[str, Report]) -> str:
    """Return Markdown tables of the parts that the reports hold.

    Parameters
    ----------
    reports
        Set to its report; parts of one set may come from several runs.
    """
    parts = (
        ("Forecasts, ours / theirs", "accuracy", _accuracy_rows),
        ("Calibration", "accuracy", _calibration_rows),
        ("Upper 90 % coverage after demand has doubled", "shock", _shock_rows),
        ("Planted changes", "drift", _drift_rows),
        ("Emptied shelves", "censoring", _censoring_rows),
        ("Stock-out alerts, scored on the second half", "stockout", _stock_rows),
        ("Empty shelves told from silence, stock status hidden", "suspect", _suspect_rows),
        ("Processor time", "speed", _speed_rows),
        ("Planted causes", "causes", _cause_rows),
        ("Synthetic spend, incremental units", "spend", _spend_rows),
        ("Eight tasks beside one, block plan", "partitions", page_parts.pooling_rows),
        ("Roll-ups, one period ahead", "hierarchy", page_parts.hierarchy_rows),
        ("River's own models, ours / theirs", "river", page_parts.river_rows),
        ("The open day", "intraday", page_parts.intraday_rows),
        ("Where the errors of the block forecasts are", "errors", page_parts.error_rows),
        ("The costliest series", "errors", page_parts.costliest_rows),
        ("Error with a column shuffled in blocks of time / without", "importance", page_parts.importance_rows),
    )
    blocks = []
    for title, part, make in parts:
        rows = [row for name, report in reports.items() if report.get(part) for row in make(name, report)]
        if rows:
            blocks.append(f"**{title}**\n\n{_table(rows)}")
    return "\n\n".join(blocks)


def fill(page: str, tables: str, begin: str = BEGIN, end: str = END) -> str:
    """Return a page with the tables between its marks; one without the marks stays as it is.

    >>> fill(f"a {BEGIN} old {END} b", "new").split()
    ['a', '<!--', 'figures', '-->', 'new', '<!--', '/figures', '-->', 'b']
    """
    before, mark, rest = page.partition(begin)
    after = rest.partition(end)[2]
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}" if mark else page


def join(found: Iterable[Mapping[str, Report]]) -> dict[str, dict[str, Any]]:
    """Return reports joined by set: a later run's part takes an earlier one's place."""
    joined: dict[str, dict[str, Any]] = {}
    for reports in found:
        for name, report in reports.items():
            kept = joined.setdefault(name, {})
            # Each part keeps the number of series of its own run.
            sizes = {
                part: report["protocol"].get("series") for part in report if part != "protocol" and "protocol" in report
            }
            kept.update(report)
            kept["sizes"] = {**kept.get("sizes", {}), **sizes}
    return joined


def make_scorecard(reports: Mapping[str, Report]) -> str:
    """Return the table of goals with what the reports say of each."""
    return _table(scorecard_rows(reports))


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    heads = list(rows[0])
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(row[head] for head in heads) + " |" for row in rows]
    return "\n".join(lines)


def _accuracy_rows(name: str, report: Report) -> list[dict[str, str]]:
    accuracy = report["accuracy"]
    duels = [(plan["plan"], duel) for plan in accuracy["plans"] for duel in plan["duels"] if plan["plan"] in _LEAD]
    if accuracy["far_leads"]:
        duels.append(("leads 8–30", accuracy["far_leads"]))
    return [
        {
            "set (series)": f"{name} ({accuracy['series']:,})", "plan": _LEAD.get(plan, plan), "rival": duel["rival"],
            "forecasts": f"{duel['forecasts']:,}",
            "WAPE ours / theirs": f"{_number(duel['ours']['wape'])} / {_number(duel['theirs']['wape'])}",
            "bias": f"{_share(duel['ours']['bias'])} / {_share(duel['theirs']['bias'])}",
            "ratio of WAPE": _interval(duel["wape"]), "ratio of RMSSE": _interval(duel["rmsse"]),
        }
        for plan, duel in duels
    ]  # fmt: skip


def _calibration_rows(name: str, report: Report) -> list[dict[str, str]]:
    accuracy = report["accuracy"]
    ahead = next(plan for plan in accuracy["plans"] if plan["plan"] == "day_ahead")
    upper = ahead["upper_90"]
    sums = accuracy["sums"]
    return [
        {
            "set (series)": f"{name} ({accuracy['series']:,})", "upper 90 %": _number(upper["all"]),
            "low / mid / high volume": " / ".join(_number(upper[size]) for size in ("low", "mid", "high")),
            "mean pinball / Normal head": _interval(accuracy["normal_head"]),
            "upper 90 % of 7-day sums": _sum(sums.get("7")), "of 14-day sums": _sum(sums.get("14")),
        }
    ]  # fmt: skip


def _shock_rows(name: str, report: Report) -> list[dict[str, str]]:
    shock = report["shock"]
    after = {f"periods {stretch}": f"{_number(one[0])} of {one[1]:,}" for stretch, one in shock["after"].items()}
    return [{"set (series doubled)": f"{name} ({shock['changed']})", "before": _number(shock["before"]), **after}]


def _drift_rows(name: str, report: Report) -> list[dict[str, str]]:
    rows = []
    for group, one in report["drift"].items():
        rates = f"{_number(one['alarms_a_year'])} ({_number(one['shuffled_alarms_a_year'])})"
        for change, found in one["changes"].items():
            # Days and weeks have other windows; a table has one heading for both.
            recall = " / ".join(_number(share) for share in found["recall"].values())
            rows.append(
                {
                    "set": name, "signal-to-noise (series)": f"{group} ({one['series']})",
                    "change (planted)": f"{change} ({found['planted']})",
                    "alarms a year (shuffled)": rates,
                    "found in 7 / 14 / 28 d (2 / 4 / 8 w)": recall, "delay": _number(found["delay_periods"]),
                    "MTFA": _number(found["mtfa"]), "MDR": _number(found["mdr"]), "MTR": _number(found["mtr"]),
                }
            )  # fmt: skip
    return rows


def _censoring_rows(name: str, report: Report) -> list[dict[str, str]]:
    return [
        {
            "set (series)": f"{name} ({report['sizes'].get('censoring', '–')})",
            "cut (days)": f"{kind} ({one['cuts']:,})",
            "units lost": _share(one["lost_share"]),
            "bias ours / taught truth / ignored": " / ".join(_share(one["bias"][who]) for who in one["bias"]),
            "bias gap": _share(one["bias_gap"]), "recovered": _number(one["recovered"]),
        }
        for kind, one in report["censoring"].items()
    ]  # fmt: skip


def _stock_rows(name: str, report: Report) -> list[dict[str, str]]:
    stock = report["stockout"]
    rows = []
    for rule, one in stock["rules"].items():
        for which in ("default", "tuned", "ceiling"):
            alerts = one[which]
            rows.append(
                {
                    "set (stocks, mornings)": f"{name} ({stock['series']}, {stock['mornings']:,})", "rule": rule,
                    "AUC": _number(one["auc"]), "ECE": _number(one["ece"]),
                    "threshold": f"{which} {alerts['threshold']:g}",
                    "alerts / stock-outs": f"{alerts['alerts']:,} / {alerts['onsets']:,}",
                    "precision": _number(alerts["precision"]), "recall": _number(alerts["recall"]),
                    "late": _number(alerts["late_share"]), "warning days": _number(alerts["warning_days"]),
                    "alerts a series-year": _number(alerts["alerts_a_year"]), "net loss avoided": _share(alerts["net"]),
                }
            )  # fmt: skip
    return rows


def _suspect_rows(name: str, report: Report) -> list[dict[str, str]]:
    suspect = report["suspect"]
    ratio = {"value": suspect["ratio"], "low": suspect["ratio_low"], "high": suspect["ratio_high"]}
    return [
        {
            "set (series)": f"{name} ({suspect['series']})", "hours": f"{suspect['hours']:,}",
            "empty": _number(suspect["empty_share"]), "precision at recall 0.20": _number(suspect["ours"]),
            "best of no sale for k hours": _number(suspect["plain"]), "ratio": _interval(ratio),
        }
    ]  # fmt: skip


def _speed_rows(name: str, report: Report) -> list[dict[str, str]]:
    speed = report["speed"]
    return [
        {
            "set (series)": f"{name} ({speed['series']})", "closes": f"{speed['closes']:,}",
            "µs a close": _number(speed["close_microseconds"]), "refits": f"{speed['refits']:,}",
            "µs a refit": _number(speed["refit_microseconds"]), "ours / AutoETS a period": _number(speed["ratio"]),
        }
    ]  # fmt: skip


def _cause_rows(_: str, report: Report) -> list[dict[str, str]]:
    rows = []
    which_ones = (("every", "all"), ("by_alarm", "told by an alarm"), ("at_once", "before the second look"))
    for which, name in which_ones:
        one = report["causes"][which]
        count, both, single = one["pairs"]
        scores = {label.replace("_", " "): _number(each["f1"]) for label, each in one["labels"].items()}
        rows.append(
            {
                "cases": f"{name} ({one['cases']:,})", "macro F1": _number(one["macro_f1"]),
                "planted driver first": _number(one["first"]), **{f"F1 {label}": f1 for label, f1 in scores.items()},
                "pairs: both / one named": f"{both} / {single} of {count}",
            }
        )  # fmt: skip
    return rows


def _spend_rows(_: str, report: Report) -> list[dict[str, str]]:
    spend = report["spend"]
    return [
        {
            "seeds (measured)": f"{spend['seeds']} ({spend['measured']})",
            "median error": _number(spend["median_error"]), "within 20 %": _number(spend["within_20"]),
            "90 % interval holds": _number(spend["covered_90"]), "error of the sum": _share(spend["total_error"]),
        }
    ]  # fmt: skip


def _sum(found: Sequence[Any] | None) -> str:
    return "–" if not found or found[0] is None else f"{found[0]:.3f} of {found[1]:,}"


def main() -> None:
    """Fill the page named first with the figures of the reports named after it."""
    page, *paths = (Path(argument) for argument in sys.argv[1:])
    reports = join(json.loads(path.read_text(encoding="utf-8")) for path in paths)
    text = fill(page.read_text(encoding="utf-8"), make_scorecard(reports), CARD_BEGIN, CARD_END)
    page.write_text(fill(text, make_tables(reports)), encoding="utf-8")


if __name__ == "__main__":
    main()
