"""One part of an evaluation: run, print, hand back.

The one rule: a part that does not fit a set (censoring without exposure, stock of months) says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters.clock import SystemClock
from demand_monitor.evaluation import tables
from demand_monitor.evaluation.bench import Bench, Part

_PRINTERS: Final[dict[Part, Callable[[str, Any], None]]] = {
    "shock": tables.print_shock,
    "drift": tables.print_drift,
    "censoring": tables.print_censoring,
    "stockout": tables.print_stock,
    "suspect": tables.print_suspect,
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
    if part == "speed":
        speed = bench.speed(SystemClock())
        if not quiet:
            tables.print_speed(name, speed)
        return speed
    result = bench.trial(part)
    if result is not None and not quiet:
        _PRINTERS[part](name, result)
    return result
