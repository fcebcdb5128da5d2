"""How much CPU a sale costs: our monitor against Quix Streams, Faust and the floor, on one topic.

::

    counts of every series [+ warm days] ─► monitor ─► its state is kept
    sales inside one day on sales.v1, ticks behind them (one per 5,000 sales, as `load` writes them)
    each round:  floor ─► state put back, monitor [─► monitor --processes 2] ─► quix ─► faust

`monitor` does all it does in a shop: pydantic validation, dedupe, ledger, windows, risk, marks and state in Redis each
second. The others decode and sum. Measured is the process between 10 and 90 % of its events.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.baselines import QUIX_VERSION, Baseline, NoBaseline, find_quix
from benchmarks.machine import describe_machine
from benchmarks.market import Market
from benchmarks.measuring import Measured, Sample, TooFew, measure_between, summary
from benchmarks.stage import Stage, Writer, open_stage
from benchmarks.usage import cpu_seconds, median, peak_megabytes
from benchmarks.warming import RECORDS_PER_TICK, warm_up
from producers.tick_log import Ends
from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.topics import SALES

DAY = to_ms(datetime(2025, 3, 3, tzinfo=UTC))
BEGIN, END = 0.1, 0.9
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 1_800.0
MONITOR, TWO = "monitor", "monitor_two_processes"


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    events: int
    quix_events: int
    faust_events: int
    rounds: int
    span_minutes: float
    warm_days: int
    two: bool
    only: frozenset[str]
    market: Market
    tasks: int


def read_options(words: list[str] | None = None) -> tuple[Options, bool]:
    """Return the options, and whether JSON alone is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--events", type=int, default=2_000_000, help="sales on the topic")
    parser.add_argument("--quix-events", type=int, default=500_000, help="of which Quix Streams handles so many")
    parser.add_argument("--faust-events", type=int, default=100_000, help="and Faust so many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--span-minutes", type=float, default=30.0, help="event time of the sales, from 10:05 on")
    parser.add_argument("--warm-days", type=int, default=0, help="days closed before, so that models exist")
    parser.add_argument("--processes", type=int, default=1, choices=(1, 2), help="2: also two monitor processes")
    parser.add_argument("--only", default="", help="some of floor,monitor,quix,faust; all by default")
    parser.add_argument("--skus", type=int, default=20_000)
    parser.add_argument("--stores", type=int, default=5)
    parser.add_argument("--exponent", type=float, default=1.05, help="of Zipf's law")
    parser.add_argument("--partitions", type=int, default=4)
    given = parser.parse_args(words)
    options = Options(
        events=given.events,
        quix_events=min(given.events, given.quix_events),
        faust_events=min(given.events, given.faust_events),
        rounds=given.rounds,
        span_minutes=given.span_minutes,
        warm_days=given.warm_days,
        two=given.processes == 2,
        only=frozenset(filter(None, given.only.split(","))),
        market=Market(given.skus, given.stores, given.exponent),
        tasks=given.partitions,
    )
    return options, given.json


def main() -> None:
    """Measure, and print."""
    options, as_json = read_options()
    report = run(options)
    if as_json:
        print(json.dumps(report))
    else:
        print(json.dumps(report, indent=2))


def run(options: Options) -> dict[str, object]:
    """Return the figures."""
    machine = describe_machine("confluent-kafka", "faust-streaming", "pydantic", "river")
    with open_stage(options.tasks) as stage:
        _say(f"Kafka: {stage.kafka.kind}, Redis: {stage.redis_server.kind}")
        first = warm_up(stage, options.market, options.events, DAY, options.warm_days)
        stage.keep_state()
        load_sales(stage, options)
        baselines, missing = find_baselines(options)
        found: dict[str, list[Measured]] = {}
        for number in range(options.rounds):
            _play_round(stage, options, baselines, number, first, found, missing)
        stage.drop_copies()
    return _report(options, found, missing, machine)


def load_sales(stage: Stage, options: Options) -> None:
    """Put the sales on their topic, and behind all of them the ticks that let them be handled."""
    writer = Writer(stage)
    start_ms = DAY + options.warm_days * DAY_MS + 10 * HOUR_MS + 300_000
    ticks: list[tuple[int, list[Ends]]] = []
    for batch in options.market.sales(options.events, start_ms, round(options.span_minutes * 60_000), RECORDS_PER_TICK):
        writer.send(SALES, batch.pairs)
        ticks.append((batch.last_ms, writer.settle()))
    for t_ms, ends in ticks:
        writer.tick(t_ms, ends)
    writer.close()


def find_baselines(options: Options) -> tuple[list[Baseline], dict[str, str]]:
    """Return the others, and why some of them cannot be run."""
    missing: dict[str, str] = {}
    own = Path(sys.executable)
    found = [Baseline("floor", own, options.events)]
    if _wanted(options, "quix"):
        try:
            found.append(Baseline("quix", find_quix(), options.quix_events))
        except NoBaseline as reason:
            missing["quix"] = str(reason)
    found.append(Baseline("faust", own, options.faust_events))
    return [each for each in found if _wanted(options, each.name)], missing


def _wanted(options: Options, name: str) -> bool:
    return not options.only or name in options.only


def _play_round(
    stage: Stage,
    options: Options,
    baselines: list[Baseline],
    number: int,
    first: int,
    found: dict[str, list[Measured]],
    missing: dict[str, str],
) -> None:
    def keep(name: str, figures: Measured) -> None:
        found.setdefault(name, []).append(figures)
        _say(f"round {number + 1}: {name} {figures.cpu_us_per_event:.2f} us, {figures.events_per_second:,.0f} events/s")

    def attempt(name: str, measure: Callable[[], Measured]) -> None:
        if name in missing:
            return
        try:
            keep(name, measure())
        except (NoBaseline, TooFew) as reason:
            missing[name] = str(reason)
            _say(f"round {number + 1}: {name}: {reason}")

    if _wanted(options, MONITOR):
        attempt(MONITOR, lambda: measure_monitor(stage, options, first))
        if options.two:
            attempt(TWO, lambda: measure_monitor(stage, options, first, processes=2))
    for baseline in baselines:
        attempt(baseline.name, partial(_measure_baseline, baseline, stage, number))


def _measure_baseline(baseline: Baseline, stage: Stage, number: int) -> Measured:
    return Measured(**baseline.measure(stage, number, BEGIN, END))


def measure_monitor(stage: Stage, options: Options, first: int, processes: int = 1) -> Measured:
    """Start a monitor on the kept state and return what it took between 10 and 90 % of the sales.

    Parameters
    ----------
    stage, options
        With the sales on their topic.
    first
        Sales handled before, in the kept state.
    processes
        With two, the reading begins when each has tasks.
    """
    stage.restore_state()
    words = ("monitor",) if processes == 1 else ("monitor", "--processes", str(processes))
    monitor = stage.start(*words)
    samples = [Sample(0, time.monotonic(), 0.0, 0.0, 0.0)]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    broker, store = _pid(stage.kafka), _pid(stage.redis_server)
    while samples[-1].events < options.events:
        monitor.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the monitor was not done after {_PATIENCE_SECONDS:g} s")
        handled = stage.handled() - first
        if handled > samples[-1].events:
            now, cpu = time.monotonic(), cpu_seconds(monitor.pids)
            sample = Sample(handled, now, cpu, cpu_seconds(store), cpu_seconds(broker))
            if processes > 1 and len(stage.owners()) < processes:
                samples = []  # the group has not dealt yet: begin anew
            samples.append(sample)
        time.sleep(_LOOK_SECONDS)
    peak = peak_megabytes(monitor.pids)
    monitor.stop()
    return measure_between(samples, options.events, BEGIN, END, peak)


def _pid(server: object) -> list[int]:
    pid = getattr(server, "pid", None)
    return [pid] if isinstance(pid, int) else []


def _report(
    options: Options, found: dict[str, list[Measured]], missing: dict[str, str], machine: dict[str, object]
) -> dict[str, object]:
    report: dict[str, object] = {name: summary(rounds) for name, rounds in found.items()}
    report |= {name: {"missing": reason} for name, reason in missing.items()}
    report["ratios"] = _ratios(found)
    report["events"] = {
        "monitor": options.events,
        "floor": options.events,
        "quix": options.quix_events,
        "faust": options.faust_events,
    }
    report["setting"] = {
        "series": options.market.series,
        "zipf_exponent": options.market.exponent,
        "partitions": options.tasks,
        "span_minutes": options.span_minutes,
        "warm_days": options.warm_days,
        "records_per_tick": RECORDS_PER_TICK,
        "measured_between": [BEGIN, END],
        "rounds": options.rounds,
        "quixstreams": QUIX_VERSION,
        "faust_streaming": importlib.metadata.version("faust-streaming"),
    }
    report["machine"] = machine
    return report


def _ratios(found: dict[str, list[Measured]]) -> dict[str, float]:
    """Return CPU per event: ours as a share of theirs, of each round's pair, the median."""

    def ratio(ours: str, theirs: str) -> float | None:
        pairs = list(zip(found.get(ours, []), found.get(theirs, []), strict=False))
        return median([a.cpu_us_per_event / b.cpu_us_per_event for a, b in pairs], 3) if pairs else None

    named = {f"monitor_to_{name}": ratio(MONITOR, name) for name in ("quix", "faust", "floor")}
    named["two_processes_to_one"] = ratio(TWO, MONITOR)
    return {name: value for name, value in named.items() if value is not None}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
