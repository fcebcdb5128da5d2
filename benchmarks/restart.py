"""How long a shop is blind when its monitor dies: from the start of a new process to the first new record handled.

::

    counts, warm days with closes ─► state with models in Redis
    each round:  monitor works ─► SIGKILL (then SIGTERM) ─► new sales, a tick ─► t0: new monitor ─► its marks move

The wait holds everything: interpreter and imports, the group (after SIGKILL the broker waits out the dead member's
session, 6 s), reading state and models from Redis, handling, and the first commit (one a second) by which it is seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from adapters.state_keys import keys_of
from benchmarks.machine import describe_machine
from benchmarks.market import Market
from benchmarks.stage import Running, Stage, Writer, open_stage
from benchmarks.usage import cpu_seconds, median, peak_megabytes
from benchmarks.warming import RECORDS_PER_TICK, warm_up
from schemas.quantities import DAY_MS, HOUR_MS, to_ms
from schemas.topics import SALES

DAY = to_ms(datetime(2025, 3, 3, tzinfo=UTC))
_SALES = 5_000
_LOOK_SECONDS = 0.02
_GIVE_UP_SECONDS = 600.0
Ending = Literal["kill", "stop"]


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    market: Market
    warm_days: int
    rounds: int
    tasks: int


def read_options(words: list[str] | None = None) -> tuple[Options, bool]:
    """Return the options, and whether JSON alone is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-days", type=int, default=3, help="days closed before, so that models exist")
    parser.add_argument("--skus", type=int, default=20_000)
    parser.add_argument("--stores", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=4)
    given = parser.parse_args(words)
    market = Market(given.skus, given.stores)
    return Options(market, given.warm_days, given.rounds, given.partitions), given.json


def main() -> None:
    """Measure, and print."""
    options, as_json = read_options()
    print(json.dumps(run(options), indent=None if as_json else 2))


def run(options: Options) -> dict[str, object]:
    """Return the figures."""
    machine = describe_machine("confluent-kafka", "redis", "river")
    with open_stage(options.tasks) as stage:
        began = time.monotonic()
        warm_up(stage, options.market, 1_000_000, DAY, options.warm_days)
        warming = time.monotonic() - began
        shop = Shop(stage, options)
        found = {ending: [shop.restart(ending) for _ in range(options.rounds)] for ending in ("kill", "stop")}
        fields = count_fields(stage)
        report: dict[str, object] = {f"after_{name}": _summary(rounds) for name, rounds in found.items()}
        report["state"] = {
            **fields,
            "redis_megabytes": round(_redis_bytes(stage) / 1e6, 1),
            "warming_seconds": round(warming, 1),
        }
    report["setting"] = {
        "series": options.market.series,
        "warm_days": options.warm_days,
        "partitions": options.tasks,
        "rounds": options.rounds,
    }
    report["machine"] = machine
    return report


@dataclass(frozen=True, slots=True)
class Restart:
    """One restart: seconds until the first and until every task had handled something new, its CPU, its memory."""

    first_seconds: float
    all_seconds: float
    cpu_seconds: float
    megabytes: float


class Shop:
    """A shop whose monitor is ended and started again."""

    def __init__(self, stage: Stage, options: Options) -> None:
        self._stage, self._market = stage, options.market
        self._now_ms = DAY + options.warm_days * DAY_MS + 10 * HOUR_MS + 300_000
        self._salt = 100
        self._monitor: Running | None = None

    def restart(self, ending: Ending) -> Restart:
        """End a working monitor, start the next, and watch the marks."""
        monitor = self._working()
        if ending == "kill":
            monitor.kill()
        else:
            monitor.stop()
        before = self._sold()
        self._sell()
        t0 = time.monotonic()
        self._monitor = monitor = self._stage.start("monitor")
        first: float | None = None
        while not all(now > then for now, then in zip(self._sold(), before, strict=True)):
            monitor.check()
            if first is None and self._sold() != before:
                first = time.monotonic() - t0
            if time.monotonic() - t0 > _GIVE_UP_SECONDS:
                raise TimeoutError(f"not ready after {_GIVE_UP_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
        last = time.monotonic() - t0
        return _say(ending, Restart(first or last, last, cpu_seconds(monitor.pids), peak_megabytes(monitor.pids)))

    def _working(self) -> Running:
        """Return a monitor that has handled everything there is."""
        if self._monitor is None or self._monitor.process.poll() is not None:
            self._monitor = self._stage.start("monitor")
        self._sell()
        self._stage.wait_handled()
        return self._monitor

    def _sell(self) -> None:
        """Write some sales, to every task, and the ticks behind them."""
        self._salt += 1
        writer = Writer(self._stage)
        for batch in self._market.sales(_SALES, self._now_ms, 1_000, RECORDS_PER_TICK, self._salt):
            writer.send(SALES, batch.pairs)
            writer.tick(batch.last_ms)
        writer.close()
        self._now_ms += 1_000

    def _sold(self) -> list[int]:
        return [each.get("sales", -1) for _, each in sorted(self._stage.positions().items())]


def count_fields(stage: Stage) -> dict[str, int]:
    """Return how many fields the tasks' state has, and how many of them are histories with models."""
    keys = [keys_of(stage.prefix, f"engine:{task}").state for task in range(stage.tasks)]
    names = [bytes(name) for key in keys for name in cast("list[bytes]", stage.redis.hkeys(key))]
    return {"fields": len(names), "models": sum(1 for name in names if name.startswith(b"m:"))}


def _redis_bytes(stage: Stage) -> int:
    info = stage.redis.info("memory")
    assert isinstance(info, dict)
    return int(info["used_memory"])


def _say(ending: Ending, restart: Restart) -> Restart:
    print(f"after {ending}: {restart}", file=sys.stderr, flush=True)
    return restart


def _summary(rounds: list[Restart]) -> dict[str, float]:
    return {
        "ready_seconds": median([each.first_seconds for each in rounds]),
        "all_tasks_seconds": median([each.all_seconds for each in rounds]),
        "worst_ready_seconds": round(max(each.first_seconds for each in rounds), 2),
        "cpu_seconds": median([each.cpu_seconds for each in rounds]),
        "peak_megabytes": median([each.megabytes for each in rounds], 0),
    }


if __name__ == "__main__":
    main()
