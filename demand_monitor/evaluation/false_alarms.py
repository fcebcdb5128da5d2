"""How often the engine cries surge or slump on days on which nothing was planted.

Real days have real surges: every alarm counts as false, so the rate is an upper bound. The one rule: it is the engine
itself that runs, in a chain as `replay` runs it, on the events of the set's hours.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from consumers.replay import Replay
from demand_monitor.commands.replay import shop_of
from producers.rows import RowSource
from producers.ticking import TickPlan
from schemas.reading import read_signal
from schemas.signals import Finding
from schemas.topics import SALES, SIGNALS, STOCK
from streams.chain import Chain, ChainSettings
from streams.outcome import Output
from streams.ports import Clock
from streams.report import Collector
from streams.settings import ShopSettings

STORE_SKUS: Final = 500
_KINDS: Final = ("demand_surge", "demand_slump")


class FalseAlarms(NamedTuple):
    """Alarms of the open day.

    Parameters
    ----------
    series, days
        Numbers of series, and of their days closed.
    alarms
        By kind.
    a_store_day
        Both kinds, on a day of 500 products.
    """

    series: int
    days: int
    alarms: dict[str, int]
    a_store_day: float


class _Counter:
    """Counts episodes that open."""

    def __init__(self) -> None:
        self.alarms = dict.fromkeys(_KINDS, 0)

    def take(self, output: Output) -> None:
        if output.topic is SIGNALS and output.value is not None:
            found = read_signal(output.value)
            if isinstance(found, Finding) and found.phase == "opened" and found.kind in self.alarms:
                self.alarms[found.kind] += 1


def count_false_alarms(source: RowSource, clock: Clock, skus: Collection[str] | None, tasks: int) -> FalseAlarms:
    """Play a source through the engine and count its surges and slumps.

    Parameters
    ----------
    source
        Events by hour or by line.
    clock
        For the replay's own report.
    skus
        Only these products; None plays all.
    tasks
        Number of engine tasks.
    """
    counter = _Counter()
    chain = Chain(ChainSettings(tasks, shop_of(ShopSettings(), source)), counter.take)
    wanted = None if skus is None else {sku.encode() for sku in skus}
    batches = (
        batch if wanted is None else [e for e in batch if e.topic not in (SALES, STOCK) or e.key in wanted]
        for batch in source.batches()
    )
    plan = TickPlan(source.zone, source.period)
    Replay(chain, Collector(), clock).play(plan.cut(batches), source.name, source.digest())
    return _rate(chain, counter.alarms)


def _rate(chain: Chain, alarms: dict[str, int]) -> FalseAlarms:
    days = sum(engine.core.emitter.counts.get("periods_closed", 0) for engine in chain.engines)
    series = sum(len(engine.core.table) for engine in chain.engines)
    return FalseAlarms(series, days, alarms, sum(alarms.values()) / max(days, 1) * STORE_SKUS)
