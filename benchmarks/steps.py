"""Where a sale's microseconds go: each step of the hot path by itself, on prepared batches, in this process.

::

    inlet      KafkaInlet.poll          a real broker; librdkafka's threads are counted too
    admission  ADMISSION["sales"]       bytes ─► checked sale
    merge      Merge.feed, Merge.take   the order
    feed       EngineTask.feed          admission and the merge's side of feeding, as the worker calls it
    handle     EngineTask.handle        merge, dedupe, windows, ledger, risk
    writes     EngineTask.writes        what changed, packed; once in `--commit-every` events
    commit     RedisStore.commit        a real Redis; this process's side of it

`feed + handle + writes + commit + inlet` is what a worker pays, less its own loop; admission and merge are parts of it,
measured again alone. One task holds everything, and one process, so a figure is a share of one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.clock import SystemClock
from adapters.kafka_inlet import KafkaInlet
from adapters.memory_journal import MemoryJournal
from adapters.redis_store import RedisStore, connect
from benchmarks.machine import describe_machine
from benchmarks.market import Market, Pair
from benchmarks.stage import Stage, Writer, open_stage
from benchmarks.usage import median, own_cpu_seconds
from consumers.worker_config import WorkerConfig
from demand_monitor.wiring import BROADCASTS, ENGINE_INPUTS
from schemas.quantities import HOUR_MS, to_ms
from schemas.ticks import Tick
from schemas.topics import SALES, full_name
from streams.engine.admit import ADMISSION, Body
from streams.engine.engine import RANKED_INPUTS, EngineTask
from streams.merge import Merge
from streams.ports import Place, Record, Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings

DAY = to_ms(datetime(2025, 3, 3, tzinfo=UTC))
_RECORDS_PER_TICK = 5_000
_NOTHING = Snapshot(None, {})
#: As the worker does by default.
_WORKER = WorkerConfig("engine", {}, 1, "steps")
_CHUNK, _BUDGET = _WORKER.poll_records, _WORKER.handle_budget
STEPS = ("inlet", "admission", "merge", "feed", "handle", "writes", "commit")


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    market: Market
    events: int
    commit_every: int
    rounds: int
    span_minutes: float


class Ledger:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)

    @contextmanager
    def charge(self, step: str) -> Iterator[None]:
        """Charge what the body costs to a step."""
        before = own_cpu_seconds()
        yield
        self.seconds[step] += own_cpu_seconds() - before


def read_options(words: list[str] | None = None) -> tuple[Options, bool]:
    """Return the options, and whether JSON alone is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--commit-every", type=int, default=50_000, help="events between two commits: about a second's")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--span-minutes", type=float, default=30.0, help="event time of the sales")
    parser.add_argument("--skus", type=int, default=20_000)
    parser.add_argument("--stores", type=int, default=5)
    given = parser.parse_args(words)
    market = Market(given.skus, given.stores)
    return Options(market, given.events, given.commit_every, given.rounds, given.span_minutes), given.json


def main() -> None:
    """Measure, and print."""
    options, as_json = read_options()
    print(json.dumps(run(options), indent=None if as_json else 2))


def run(options: Options) -> dict[str, object]:
    """Return CPU microseconds per event by step: medians of the rounds."""
    machine = describe_machine("confluent-kafka", "pydantic", "redis", "river")
    start_ms = DAY + 10 * HOUR_MS + 300_000
    span_ms = round(options.span_minutes * 60_000)
    batches = list(options.market.sales(options.events, start_ms, span_ms, _RECORDS_PER_TICK))
    pairs = [pair for batch in batches for pair in batch.pairs]
    records = as_records(pairs)
    ledgers: list[Ledger] = []
    with open_stage(tasks=1) as stage:
        writer = Writer(stage)
        writer.send(SALES, pairs)
        writer.close()
        for number in range(options.rounds):
            ledger = Ledger()
            fetch(stage, options.events, ledger)
            bodies(records, ledger)
            work(stage, options, [batch.last_ms for batch in batches], records, ledger, number)
            ledgers.append(ledger)
    steps = {step: median([each.seconds[step] / options.events * 1e6 for each in ledgers], 3) for step in STEPS}
    return {
        "cpu_us_per_event": steps,
        "sum": round(sum(steps[step] for step in ("inlet", "feed", "handle", "writes", "commit")), 3),
        "events": options.events,
        "setting": {
            "series": options.market.series,
            "zipf_exponent": options.market.exponent,
            "commit_every": options.commit_every,
            "span_minutes": options.span_minutes,
            "rounds": options.rounds,
            "poll_records": _CHUNK,
            "handle_budget": _BUDGET,
        },
        "machine": machine,
    }


def as_records(pairs: Sequence[Pair]) -> list[Record]:
    """Return pairs as the records of one partition."""
    return [Record(offset, key, value) for offset, (key, value) in enumerate(pairs)]


def chunks(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Cut records as the worker polls them."""
    return (records[first : first + _CHUNK] for first in range(0, len(records), _CHUNK))


def fetch(stage: Stage, events: int, ledger: Ledger) -> None:
    """Read all sales from the broker."""
    inlet = KafkaInlet({"bootstrap.servers": stage.kafka.bootstrap}, SystemClock())
    with ledger.charge("inlet"):
        inlet.assign({Place(full_name(SALES, stage.prefix), 0): 0})
        position = 0
        while position < events:
            for chunk in inlet.poll(_CHUNK, 0.1):
                position = chunk.position
    inlet.close()


def bodies(records: Sequence[Record], ledger: Ledger) -> None:
    """Admit all sales, and merge them."""
    admit = ADMISSION["sales"]
    merge = Merge[Body](RANKED_INPUTS, dict.fromkeys(RANKED_INPUTS, 0))
    ends = dict.fromkeys(RANKED_INPUTS, 0)
    for chunk in chunks(records):
        with ledger.charge("admission"):
            items = admit(chunk)
        with ledger.charge("merge"):
            ends["sales"] = chunk[-1].offset + 1
            merge.feed("sales", items, ends["sales"])
            while merge.take(ends, _BUDGET):
                pass


def work(
    stage: Stage, options: Options, times: Sequence[int], records: Sequence[Record], ledger: Ledger, number: int
) -> None:
    """Have a task handle all sales, and commit it."""
    task = _counted_task(stage, options)
    store = RedisStore(connect(stage.redis_server.url, MemoryJournal()), f"{stage.prefix}steps-{number}-")
    store.take("engine:0", "steps")
    commit = _committer(task, store, ledger)
    commit()
    ledger.seconds["writes"] = ledger.seconds["commit"] = 0.0  # the counts' own
    counted, since = options.market.series, 0
    for at, t_ms in enumerate(times):
        end = min(len(records), (at + 1) * _RECORDS_PER_TICK)
        tick = Tick(t_ms, end, counted, 0, 0, 0).encode()
        with ledger.charge("feed"):
            for first in range(at * _RECORDS_PER_TICK, end, _CHUNK):
                piece = records[first : min(end, first + _CHUNK)]
                task.feed("sales", piece, piece[-1].offset + 1)
            task.feed("ticks", [Record(at + 1, None, tick)], at + 2)
        with ledger.charge("handle"):
            _exhaust(task)
        since += _RECORDS_PER_TICK
        if since >= options.commit_every:
            since = 0
            commit()
    commit()
    store.wipe("engine:0")
    handled = task.core.emitter.counts.get("accepted", 0) - counted
    assert handled == len(records), f"{handled} of {len(records)} sales were handled"


def _counted_task(stage: Stage, options: Options) -> EngineTask:
    """Return a task whose shelves are counted."""
    inputs = stage.wiring.topics({**ENGINE_INPUTS, **BROADCASTS})
    reference = Reference()
    for name in BROADCASTS:
        reference.feed(name, (), 0)
    task = EngineTask(0, 1, ShopSettings(), reference, inputs, _NOTHING)
    for name in RANKED_INPUTS:
        task.feed(name, (), 0)  # none before offset 0, as an inlet tells of an empty partition
    counts = as_records(list(options.market.counts(DAY + 600_000, options.events)))
    task.feed("stock", counts, len(counts))
    task.feed("ticks", [Record(0, None, Tick(DAY + 600_000, 0, len(counts), 0, 0, 0).encode())], 1)
    _exhaust(task)
    return task


def _exhaust(task: EngineTask) -> None:
    while not task.idle():
        task.handle(_BUDGET)


def _committer(task: EngineTask, store: RedisStore, ledger: Ledger) -> Callable[[], None]:
    expected: bytes | None = None

    def commit() -> None:
        nonlocal expected
        with ledger.charge("writes"):
            marks, writes = task.marks, task.writes()
        with ledger.charge("commit"):
            verdict = store.commit("engine:0", "steps", expected, marks, writes)
        assert verdict.value in ("OK", "DONE"), verdict
        expected = marks

    return commit


if __name__ == "__main__":
    main()
