"""One part of an evaluation: run, print, hand back.

The one rule: a part that does not fit a set (censoring without exposure, stock of months) says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters.clock import SystemClock
from demand_monitor.evaluation import part_tables, tables
from demand_monitor.evaluation.bench import Bench, Part
from demand_monitor.evaluation.plain import to_plain
from streams.evaluation.cause_trial import run_cause_trial
from streams.evaluation.spend_trial import run_spend_trial

_PRINTERS: Final[dict[Part, Callable[[str, Any], None]]] = {
    "shock": tables.print_shock,
    "drift": tables.print_drift,
    "censoring": tables.print_censoring,
    "stockout": tables.print_stock,
    "suspect": tables.print_suspect,
    "speed": tables.print_speed,
    "errors": part_tables.print_errors,
    "hierarchy": part_tables.print_hierarchy,
    "importance": part_tables.print_importance,
    "partitions": part_tables.print_pooling,
    "river": part_tables.print_river,
    "intraday": part_tables.print_intraday,
}


def run_part(bench: Bench, part: Part, baselines: Sequence[str] | None, *, quiet: bool) -> object:
    """Run one part on a bench.

    Parameters
    ----------
    bench
        The data set.
    part
        Which.
    baselines
        Names for accuracy; None: those that fit.
    quiet
        Whether to print nothing.

    Returns
    -------
    object
        The result; None where the part does not fit the set.
    """
    name = bench.data.name
    if part == "accuracy":
        accuracy = bench.accuracy(baselines)
        if not quiet:
            tables.print_accuracy(accuracy)
        return accuracy
    result = _RUNNERS[part](bench) if part in _RUNNERS else bench.trial(part)
    if result is not None and not quiet:
        _PRINTERS[part](name, result)
    return result


def run_planted(wanted: Sequence[Part], seed: int, *, quiet: bool) -> dict[str, object]:
    """Run the parts that make their own market.

    Parameters
    ----------
    wanted
        Parts that were asked for; others are passed over.
    seed
        Of everything random.
    quiet
        Whether to print nothing.

    Returns
    -------
    dict
        Part to its figures as JSON values.
    """
    found: dict[str, object] = {}
    if "causes" in wanted:
        causes = run_cause_trial(seed=seed)
        if not quiet:
            tables.print_causes(causes)
        found["causes"] = to_plain(causes)
    if "spend" in wanted:
        spend = run_spend_trial(first_seed=seed)
        if not quiet:
            tables.print_spend(spend)
        found["spend"] = to_plain(spend)
    return found


def _run_intraday(bench: Bench) -> dict[str, object] | None:
    """What the hours of a set tell; None of a set without hours."""
    from consumers.evaluate.open_days import HOUR_FILES, read_hours
    from streams.evaluation.intraday_trial import run_intraday_trial

    data, folder = bench.data, bench.folder
    if folder is None:
        return None
    found: dict[str, object] = {}
    if data.name in HOUR_FILES:
        hours = read_hours(folder, HOUR_FILES[data.name], bench.panel.n_series, bench.seed)
        found["nowcast"] = run_intraday_trial(hours, bench.seed)
    if data.with_hours:
        from demand_monitor.evaluation.false_alarms import count_false_alarms
        from producers.mappings.mapping import read_mapping
        from producers.rows import RowSource

        source = RowSource([(folder / file, read_mapping(mapping)) for file, mapping in data.with_hours])
        # Another file than the panel's has products of its own, and all are played.
        skus = set(bench.panel.skus) if data.with_hours == data.inputs else None
        found["alarms"] = count_false_alarms(source, SystemClock(), skus, bench.partitions)
    return found or None


_RUNNERS: Final[dict[Part, Callable[[Bench], object]]] = {
    "speed": lambda bench: bench.speed(SystemClock()),
    "errors": lambda bench: bench.errors(),
    "hierarchy": lambda bench: bench.hierarchy(),
    "importance": lambda bench: bench.importance(),
    "partitions": lambda bench: bench.pooling(),
    "river": lambda bench: bench.river(SystemClock()),
    "intraday": _run_intraday,
}
