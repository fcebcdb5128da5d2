"""Rows of the page's tables for the parts that look closer, and how the page writes numbers.

The one rule: a row says how many forecasts, series or days stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]
Rows = list[dict[str, str]]


def as_number(value: float | None) -> str:
    """A number with three digits; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def as_share(value: float | None) -> str:
    """A share in percent, with its sign."""
    return "–" if value is None else f"{100 * value:+.1f} %"


def as_interval(found: Mapping[str, float | None]) -> str:
    """A number with its interval."""
    if found["value"] is None:
        return "–"
    return f"**{found['value']:.3f}** [{found['low']:.3f}, {found['high']:.3f}]"


def _named(name: str, report: Report, part: str) -> str:
    size = report.get("sizes", {}).get(part)
    return name if size is None else f"{name} ({size:,})"


def pooling_rows(name: str, report: Report) -> Rows:
    """Eight tasks beside one."""
    one = report["partitions"]
    duel = one["duel"]
    return [
        {
            "set (series)": _named(name, report, "partitions"), "forecasts": f"{duel['forecasts']:,}",
            "WAPE many / one": f"{as_number(duel['ours']['wape'])} / {as_number(duel['theirs']['wape'])}",
            "ratio of WAPE": as_interval(duel["wape"]), "ratio of RMSSE": as_interval(duel["rmsse"]),
        }
    ]  # fmt: skip


def hierarchy_rows(name: str, report: Report) -> Rows:
    """Roll-ups."""
    found = report["hierarchy"]
    return [
        {
            "set (series)": _named(name, report, "hierarchy"), "level": level.replace("_", " × "),
            "nodes (forecasts)": f"{one['nodes']:,} ({one['forecasts']:,})",
            "WAPE ours / naive": f"{as_number(one['wape'])} / {as_number(one['naive_wape'])}",
            "bias": as_share(one["bias"]),
            "upper 90 % (if independent)": f"{as_number(one['upper_90'])} ({as_number(one['independent_90'])})",
            "error of shares": as_number(found["mix_error"]) if level == "category_store" else "–",
        }
        for level, one in found["levels"].items()
    ]  # fmt: skip


def river_rows(name: str, report: Report) -> Rows:
    """River's models."""
    found = report["river"]
    return [
        {
            "set (series)": f"{name} ({found['series']})", "model": model, "plan": plan.replace("_", "-"),
            "forecasts": f"{duel['forecasts']:,}",
            "WAPE ours / theirs": f"{as_number(duel['ours']['wape'])} / {as_number(duel['theirs']['wape'])}",
            "ratio of WAPE": as_interval(duel["wape"]), "ratio of RMSSE": as_interval(duel["rmsse"]),
            "µs ours / theirs": f"{as_number(found['ours_microseconds'])} / {as_number(one['microseconds'])}",
        }
        for model, one in found["models"].items()
        for plan, duel in one["duels"].items()
    ]  # fmt: skip


def intraday_rows(name: str, report: Report) -> Rows:
    """The open day."""
    found = report["intraday"]
    nowcast, alarms = found.get("nowcast"), found.get("alarms")
    return [
        {
            "set": name,
            "series (days)": "–" if nowcast is None else f"{nowcast['series']:,} ({nowcast['days']:,})",
            "rest of day": "–" if nowcast is None else as_interval(nowcast["rest_of_day"]),
            "after × 2": "–" if nowcast is None else as_interval(nowcast["after_jump"]),
            "one who knew": "–" if nowcast is None else as_interval(nowcast["known"]),
            "series (days) of the alarms": "–" if alarms is None else f"{alarms['series']:,} ({alarms['days']:,})",
            "surge / slump": "–"
            if alarms is None
            else f"{alarms['alarms']['demand_surge']} / {alarms['alarms']['demand_slump']}",
            "a store-day of 500": "–" if alarms is None else as_number(alarms["a_store_day"]),
        }
    ]


def error_rows(name: str, report: Report) -> Rows:
    """Errors by group."""
    return [
        _error_row(_named(name, report, "errors"), split, row)
        for split, rows in report["errors"]["splits"].items()
        for row in rows
    ]


def costliest_rows(name: str, report: Report) -> Rows:
    """The ten costliest series."""
    return [_error_row(_named(name, report, "errors"), "series", row) for row in report["errors"]["costliest"]]


def _error_row(name: str, split: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "set (series)": name, "split": split, "group": row["group"].replace("|", "\\|"),
        "forecasts": f"{row['forecasts']:,}",
        "WAPE ours / naive": f"{as_number(row['wape'])} / {as_number(row['naive_wape'])}",
        "bias": as_share(row["bias"]), "upper 90 %": as_number(row["upper_90"]),
        "share of all error": as_share(row["share"]).lstrip("+"),
    }  # fmt: skip


def importance_rows(name: str, report: Report) -> Rows:
    """What each column is worth."""
    return [
        {
            "set (series)": _named(name, report, "importance"), "column": one["column"],
            "WAPE": as_interval(one["wape"]), "RMSSE": as_interval(one["rmsse"]),
        }
        for one in report["importance"]
    ]  # fmt: skip
