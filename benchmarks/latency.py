"""How long a person waits: from a sale on the topic to its stock-out alert on `alerts.v1`.

::

    tills (a process)  ─ sales at 20 % or 60 % of the highest rate ─┐
    probe: last unit of a shelf sold ─────── t0 ────────────────────┼─► sales.v1 ─► monitor ─► desk ─► alerts.v1 ─ t1
    heartbeat (every 100 ms) ─► ticks.v1 ───────────────────────────┘

Figures: the median and the 99th percentile of t1 − t0. Everything behind the topics is a real process of its own with
default settings. Both times are taken by one process on one clock: t0 before the sale is handed to the producer (its
5 ms of linger count), t1 when the consumer returns the alert.

The midnight: heartbeat and tills run on a clock that is shifted, so that the shop's midnight comes when we watch. It
is watched in real time from 23:59:30 for 11 minutes: the hour's closes are spread over 00:05–00:10, the day's over
00:05–00:35, so the densest part is in there.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import ingest
from benchmarks.machine import describe_machine
from benchmarks.market import Market
from benchmarks.probes import Heard, Probes
from benchmarks.stage import Running, Stage, Writer, open_stage
from benchmarks.warming import write_history
from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.topics import SALES, full_name

DAY = to_ms(datetime(2025, 3, 3, tzinfo=UTC))
_SETTLE_SECONDS = 3.0
_GIVE_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    rate: float
    shares: tuple[float, ...]
    seconds: float
    midnight_seconds: float
    midnight_from: float
    probes_per_second: float
    warm_days: int
    market: Market
    tasks: int


def read_options(words: list[str] | None = None) -> tuple[Options, bool]:
    """Return the options, and whether JSON alone is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--rate", type=float, default=0.0, help="highest rate, sales a second; 0: measured first")
    parser.add_argument("--shares", default="0.2,0.6", help="of the highest rate")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each share")
    parser.add_argument("--midnight-seconds", type=float, default=660.0, help="how long; 0 leaves it out")
    parser.add_argument("--midnight-from", type=float, default=-30.0, help="seconds after midnight (240: a short look)")
    parser.add_argument("--probes", type=float, default=20.0, help="probes a second")
    parser.add_argument("--warm-days", type=int, default=1, help="days closed before, so that models exist")
    parser.add_argument("--skus", type=int, default=20_000)
    parser.add_argument("--stores", type=int, default=5)
    parser.add_argument("--exponent", type=float, default=1.05, help="of Zipf's law")
    parser.add_argument("--partitions", type=int, default=4)
    given = parser.parse_args(words)
    options = Options(
        rate=given.rate,
        shares=tuple(float(each) for each in given.shares.split(",")),
        seconds=given.seconds,
        midnight_seconds=given.midnight_seconds,
        midnight_from=given.midnight_from,
        probes_per_second=given.probes,
        warm_days=given.warm_days,
        market=Market(given.skus, given.stores, given.exponent),
        tasks=given.partitions,
    )
    return options, given.json


def main() -> None:
    """Measure, and print."""
    options, as_json = read_options()
    print(json.dumps(run(options), indent=None if as_json else 2))


def run(options: Options) -> dict[str, object]:
    """Return the figures."""
    machine = describe_machine("confluent-kafka", "pydantic", "river")
    highest = options.rate or highest_rate()
    report: dict[str, object] = {"highest_rate": round(highest)}
    with open_stage(options.tasks) as stage:
        live = Live(stage, options, highest)
        live.prepare()
        live.set_clock(DAY + options.warm_days * DAY_MS + 10 * HOUR_MS + 300_000)
        for share in options.shares:
            report[f"at_{round(100 * share)}_percent"] = live.watch(share * highest, options.seconds)
        if options.midnight_seconds:
            live.set_clock(DAY + (options.warm_days + 1) * DAY_MS + round(1_000 * options.midnight_from))
            report["midnight"] = live.watch(min(options.shares) * highest, options.midnight_seconds)
        live.close()
    report["setting"] = {
        "series": options.market.series,
        "zipf_exponent": options.market.exponent,
        "partitions": options.tasks,
        "warm_days": options.warm_days,
        "probes_per_second": options.probes_per_second,
        "seconds": options.seconds,
        "midnight_seconds": options.midnight_seconds,
        "midnight_from_seconds": options.midnight_from,
        "midnight_rate_share": min(options.shares),
    }
    report["machine"] = machine
    return report


def highest_rate() -> float:
    """Return the monitor's events per second on this machine, as `ingest.py` measures it, once."""
    options, _ = ingest.read_options(["--only", "monitor", "--rounds", "1", "--events", "1000000"])
    figures = ingest.run(options)["monitor"]
    assert isinstance(figures, dict)
    return float(figures["events_per_second"])


class Live:
    """A running installation, its clock, and what is sent into it."""

    def __init__(self, stage: Stage, options: Options, highest: float) -> None:
        self._stage, self._options = stage, options
        # Shelves are counted for what will be sold: run empty one and all, they would measure a flood of alerts.
        loads = [(share, options.seconds) for share in options.shares]
        loads.append((min(options.shares), options.midnight_seconds))
        self._to_come = round(highest * sum(share * (seconds + _SETTLE_SECONDS) for share, seconds in loads))
        watched = options.seconds * len(options.shares) + options.midnight_seconds
        self._probes = Probes(stage, math.ceil(watched * options.probes_per_second) + 10, options.probes_per_second)
        self._heartbeat: Running | None = None
        self._hosts: list[Running] = []
        self._offset_ms = 0
        self._salt = 0

    def close(self) -> None:
        """Stop listening."""
        self._probes.close()

    def prepare(self) -> None:
        """Have all shelves counted, the probes' too, and the warm days closed."""
        options = self._options
        writer = Writer(self._stage)
        self._probes.count(writer, DAY + 60_000)
        write_history(writer, options.market, self._to_come, DAY, options.warm_days)
        self._hosts = [self._stage.start("desk"), self._stage.start("monitor")]
        self._stage.wait_handled()
        self._probes.listen()

    def set_clock(self, to_ms: int) -> None:
        """Set the shop's clock by starting a heartbeat on it, and wait until everything up to then is handled."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._offset_ms = to_ms - time.time_ns() // 1_000_000
        self._heartbeat = self._stage.start(str(self._offset_ms), command=("-m", "benchmarks.shifted"))
        before = sum(self._stage.tick_ends().values())
        self._stage.wait(lambda: sum(self._stage.tick_ends().values()) > before, _GIVE_UP_SECONDS)
        self._stage.wait_handled()

    def watch(self, rate: float, seconds: float) -> dict[str, object]:
        """Send sales and probes for so long and return how long the alerts took."""
        self._salt += 1
        market = self._options.market
        orders = {
            "bootstrap": self._stage.kafka.bootstrap,
            "topic": full_name(SALES, self._stage.prefix),
            "rate": rate,
            "seconds": seconds + _SETTLE_SECONDS,
            "offset_ms": self._offset_ms,
            "skus": market.skus,
            "stores": market.stores,
            "exponent": market.exponent,
            "salt": self._salt,
        }
        command = [sys.executable, "-m", "benchmarks.tills", json.dumps(orders)]
        tills = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._stage.environment)
        try:
            heard = self._probes.run(self._offset_ms, _SETTLE_SECONDS, seconds, _GIVE_UP_SECONDS)
            told, _ = tills.communicate(timeout=_GIVE_UP_SECONDS)
        finally:
            if tills.poll() is None:
                tills.kill()
                tills.wait()
        for each in self._hosts:
            each.check()
        reached = round(float(json.loads(told)["rate_reached"]))
        figures = {"rate": round(rate), "rate_reached": reached, **describe(heard)}
        print(figures, file=sys.stderr, flush=True)
        return figures


def describe(heard: Heard) -> dict[str, object]:
    """Return the quantiles of some waits (nearest rank), in milliseconds."""
    waits = sorted(heard.waits_seconds)
    return {
        "probes": heard.sent,
        "unheard": heard.sent - len(waits),
        **{f"p{share}_ms": quantile_ms(waits, share / 100) for share in (50, 90, 99)},
        "max_ms": quantile_ms(waits, 1.0),
    }


def quantile_ms(waits: list[float], share: float) -> float | None:
    """Return the smallest wait that at least this share of all does not exceed, in milliseconds.

    >>> quantile_ms([0.1, 0.2, 0.3, 0.4], 0.5)
    200.0
    """
    return round(1_000 * waits[max(0, math.ceil(share * len(waits)) - 1)], 1) if waits else None


if __name__ == "__main__":
    main()
