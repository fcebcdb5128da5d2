"""The tables of the parts that look closer: errors, importance, hierarchy, partitions, River's models, the open day.

The one rule: every row says how many forecasts, series or days stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from demand_monitor.evaluation.tables import duel_row
from demand_monitor.evaluation.wording import interval, number
from demand_monitor.printing import print_rows

if TYPE_CHECKING:
    from demand_monitor.evaluation.false_alarms import FalseAlarms
    from demand_monitor.printing import Cell
    from streams.evaluation.error_table import ErrorRow, ErrorTable
    from streams.evaluation.hierarchy_trial import HierarchyResult
    from streams.evaluation.importance import ColumnImportance
    from streams.evaluation.intraday_trial import IntradayResult
    from streams.evaluation.pooling import PoolingCost
    from streams.evaluation.river_trial import RiverTrial


def print_errors(name: str, found: ErrorTable) -> None:
    """Print where the errors are."""
    rows = [_error_row(split, row) for split, group in found.splits.items() for row in group]
    print_rows(rows, False, f"{name}: errors of the block forecasts")
    print_rows([_error_row("series", row) for row in found.costliest], False, f"{name}: the ten costliest series")


def _error_row(split: str, row: ErrorRow) -> dict[str, Cell]:
    return {
        "split": split, "group": row.group, "n": row.forecasts, "units": f"{row.actual_units:,.0f}",
        "WAPE": number(row.wape), "bias": number(row.bias), "naive WAPE": number(row.naive_wape),
        "upper 90": number(row.upper_90), "share of error": number(row.share),
    }  # fmt: skip


def print_importance(name: str, found: Sequence[ColumnImportance]) -> None:
    """Print what each column is worth."""
    rows: list[dict[str, Cell]] = [
        {"column": one.column, "WAPE shuffled / true": interval(one.wape), "RMSSE": interval(one.rmsse)}
        for one in found
    ]
    print_rows(rows, False, f"{name}: error with a column shuffled in blocks of time / without")


def print_hierarchy(name: str, found: HierarchyResult) -> None:
    """Print the roll-ups."""
    rows: list[dict[str, Cell]] = [
        {
            "level": level, "nodes": one.nodes, "n": one.forecasts, "WAPE": number(one.wape),
            "naive WAPE": number(one.naive_wape), "upper 90": number(one.upper_90),
            "if independent": number(one.independent_90), "bias": number(one.bias),
        }
        for level, one in found.levels.items()
    ]  # fmt: skip
    print_rows(rows, False, f"{name}: roll-ups, one period ahead; WAPE of product mix {number(found.mix_error)}")


def print_pooling(name: str, found: PoolingCost) -> None:
    """Print what splitting into tasks costs."""
    duel = found.duel
    row: dict[str, Cell] = {
        "forecasts": duel.forecasts, f"WAPE of {found.partitions} tasks": number(duel.ours["wape"]),
        "of one": number(duel.theirs["wape"]), "ratio": interval(duel.wape), "ratio of RMSSE": interval(duel.rmsse),
    }  # fmt: skip
    print_rows([row], False, f"{name}: what splitting the fleet costs, block plan")


def print_river(name: str, found: RiverTrial) -> None:
    """Print River's own models beside ours."""
    rows: list[dict[str, Cell]] = [
        {**duel_row(plan, duel), "µs": number(one.microseconds)}
        for one in found.models.values()
        for plan, duel in one.duels.items()
    ]
    title = f"{name}: {found.series} series, River's models beside ours ({number(found.ours_microseconds)} µs a period)"
    print_rows(rows, False, title)


def print_intraday(name: str, found: Mapping[str, IntradayResult | FalseAlarms]) -> None:
    """Print what the hours of a day tell."""
    from streams.evaluation.intraday_trial import IntradayResult

    for one in found.values():
        if isinstance(one, IntradayResult):
            row: dict[str, Cell] = {
                "series": one.series, "days": one.days, "rest of day": interval(one.rest_of_day),
                "after x 2": interval(one.after_jump), "known": interval(one.known),
            }  # fmt: skip
            print_rows([row], False, f"{name}: error at 15:00 / day-ahead split by the curve")
        else:
            alarms: dict[str, Cell] = {
                "series": one.series, "series-days": one.days, **one.alarms,
                "a store-day of 500": number(one.a_store_day),
            }  # fmt: skip
            print_rows([alarms], False, f"{name}: surges and slumps on days as they were")
