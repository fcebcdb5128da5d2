"""A task of the engine without a past, at a place in the middle of the log.

The one rule: what is known is the log's order (time and ends of the ticks before), never what was handled.
"""

from __future__ import annotations

from schemas.quantities import HOUR_MS
from schemas.ticks import TICK_INPUTS, Tick
from streams.engine.core import Core
from streams.engine.engine import RANKED_INPUTS
from streams.marks import encode_marks
from streams.ports import Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings


def blank_snapshot(task: int, tasks: int, settings: ShopSettings, tick_offset: int, before: Tick) -> Snapshot:
    """Return marks at the ends of a tick, and a state that knows nothing.

    Parameters
    ----------
    task, tasks
        Number of the partition, and how many there are.
    settings
        The shop's.
    tick_offset
        Of the first tick to be handled.
    before
        Running maxima of the ticks before it: their time is the task's time, as if all had been handled.

    >>> blank_snapshot(0, 4, ShopSettings(), 71, Tick(0, 5, 6, 7, 8, 9)).marks
    b'{"prices":7,"sales":5,"step":0,"stock":6,"ticks":71}'
    """
    core = Core(task, tasks, settings, Reference())
    clock = core.clock
    clock.newest_ms = clock.tick_ms = before.t_ms
    clock.ends = {name: getattr(before, name) for name in TICK_INPUTS}
    clock.catalog_seen, clock.context_seen = before.catalog, before.context
    clock.said_hour = (before.t_ms - settings.slack_ms - settings.period_spread_ms) // HOUR_MS
    marks = {name: clock.ends[name] for name in RANKED_INPUTS} | {"ticks": tick_offset}
    state = {name: value for name, value in core.writes().items() if value is not None}
    return Snapshot(encode_marks(marks, 0), state)
