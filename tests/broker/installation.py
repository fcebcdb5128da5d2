"""An installation under a prefix of its own: processes of the command line, and what they leave in Kafka and Redis."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adapters.memory_journal import MemoryJournal
from demand_monitor.settings import read_settings
from demand_monitor.wiring import Wiring
from schemas.quarantine import Refusal
from schemas.topics import QUARANTINE, SIGNALS, TICKS, Topic
from streams.engine.history import History
from streams.engine.series import RETURNED, SOLD
from streams.engine.table import SeriesTable
from streams.marks import decode_marks
from streams.periods import Periods
from streams.ports import Place, Record
from streams.settings import ShopSettings
from tests.servers.jars import ROOT

Units = dict[tuple[str, str, str], tuple[float, float]]


@dataclass
class Process:
    """One command that runs until it is told to end."""

    words: Sequence[str]
    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    was_ended: bool = False

    def lines(self) -> list[str]:
        """Return what it has printed so far, whole lines only."""
        text = self.out.read_text()
        return text[: text.rfind("\n") + 1].splitlines()

    def told(self) -> str:
        """Return the end of its journal."""
        return f"{' '.join(self.words)}: {self.process.poll()}\n{self.err.read_text()[-2_000:]}"

    def end(self) -> int:
        """Tell it to end, and return its exit code."""
        self.was_ended = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


class Installation:
    """Topics, keys and processes of one test."""

    def __init__(
        self, bootstrap: str, redis_url: str, prefix: str, folder: Path, shop: ShopSettings, tasks: int
    ) -> None:
        self.settings = read_settings(
            {"bootstrap": bootstrap, "redis": redis_url, "prefix": prefix, "partitions": tasks, "shop": shop}
        )
        self.wiring = Wiring(self.settings, MemoryJournal())
        self.folder = folder
        self.processes: list[Process] = []
        self._environment = {
            **os.environ,
            "DEMAND_BOOTSTRAP": bootstrap,
            "DEMAND_REDIS": redis_url,
            "DEMAND_PREFIX": prefix,
            "DEMAND_PARTITIONS": str(tasks),
            "DEMAND_COMMIT_INTERVAL_SECONDS": "0.2",
            **{f"DEMAND_SHOP__{name.upper()}": value for name, value in _changed(shop).items()},
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- commands -------------------------------------------------------------------------------------------------

    def run(self, *words: str, code: int = 0, seconds: float = 110, **variables: str) -> str:
        """Run a command to its end and return what it has printed; `variables` are added to its environment."""
        return self.try_run(*words, code=code, seconds=seconds, **variables)[0]

    def try_run(self, *words: str, code: int, seconds: float = 110, **variables: str) -> tuple[str, str]:
        """Run a command to the end that is expected of it; return what it has printed, and what it has told."""
        done = subprocess.run(
            [sys.executable, "-m", "demand_monitor", *words],
            env={**self._environment, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        told = f"{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
        assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{told}"
        return done.stdout, done.stderr

    def start(self, *words: str, module: str = "demand_monitor", **variables: str) -> Process:
        """Start a command that runs until it is told to end; `variables` are added to its environment."""
        number = len(self.processes)
        out, err = (self.folder / f"{number}-{words[0]}.{stream}" for stream in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env={**self._environment, **variables},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        self.processes.append(Process(words, process, out, err))
        return self.processes[-1]

    def close(self) -> None:
        """Kill what still runs, and forget the state."""
        for each in self.processes:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait(10)
        for task in self.wiring.task_ids():
            self.wiring.store.wipe(task)

    # --- waiting --------------------------------------------------------------------------------------------------

    def wait(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so; fail at once when a process has ended by itself."""
        deadline = time.monotonic() + seconds
        while not is_so():
            alone = [each for each in self.processes if not each.was_ended]
            ended = [each.told() for each in alone if each.process.poll() is not None]
            assert not ended, "\n".join(ended)
            assert time.monotonic() < deadline, "\n".join(each.told() for each in self.processes)
            time.sleep(0.2)

    def wait_handled(self, seconds: float) -> None:
        """Wait until the engine has committed every tick, and the desk every signal."""
        self.wait(lambda: self.is_handled("engine", TICKS, "ticks", self.settings.partitions), seconds)
        self.wait(lambda: self.is_handled("desk", SIGNALS, "signals", 1), seconds)

    def is_handled(self, processor: str, topic: Topic, name: str, tasks: int) -> bool:
        """Return whether every task of a processor has committed everything of an input."""
        ends = self.ends(topic)
        marks = [self.wiring.store.marks(f"{processor}:{task}") for task in range(tasks)]
        return all(
            mark is not None and decode_marks(mark)[0][name] >= ends[Place(self.wiring.topic(topic), task)]
            for task, mark in enumerate(marks)
        )

    # --- what is there ----------------------------------------------------------------------------------------------

    def ends(self, topic: Topic) -> Mapping[Place, int]:
        """Return the ends of a topic's partitions."""
        count = self.wiring.partitions_of(topic)
        return self.wiring.admin().ends([Place(self.wiring.topic(topic), number) for number in range(count)])

    def marks(self) -> dict[int, dict[str, int]]:
        """Return where the marks of each engine task stand, by input; nothing of a task without any."""
        found = {task: self.wiring.store.marks(f"engine:{task}") for task in range(self.settings.partitions)}
        return {task: {} if marks is None else decode_marks(marks)[0] for task, marks in found.items()}

    def records(self, topic: Topic) -> dict[int, list[Record]]:
        """Return every record of a topic, by partition."""
        inlet = self.wiring.inlet()
        found: dict[int, list[Record]] = {}
        for place, end in self.ends(topic).items():
            records = found[place.partition] = []
            position = 0
            inlet.assign({place: 0})
            while position < end:
                for chunk in inlet.poll(20_000, 1.0):
                    records += chunk.records
                    position = chunk.position
        inlet.close()
        return found

    def quarantined(self) -> list[Refusal]:
        """Return everything in quarantine."""
        (records,) = self.records(QUARANTINE).values()
        return [
            Refusal.from_record(each.key, each.value or b"", each.headers)
            for each in records
            if any(name == "demand-reason" for name, _ in each.headers)  # else it is the receipt of a redrive
        ]

    def state(self, processor: str = "engine") -> dict[str, dict[str, bytes]]:
        """Return the fields of every task of a processor."""
        tasks = [task for task in self.wiring.task_ids() if task.startswith(f"{processor}:")]
        return {task: dict(self.wiring.store.all_fields(task)) for task in tasks}

    def units(self) -> Units:
        """Return what Redis holds by (store, sku, day): units sold and returned."""
        return units_in(self.state().values(), Periods(self.settings.shop.zone))


def units_in(states: Iterable[Mapping[str, bytes]], periods: Periods) -> Units:
    """Return (sold, returned) by (store, sku, day) in the states of tasks: closed days and open ones, no zeros."""
    units: Units = {}
    for state in states:
        for name, field in state.items():
            if name.startswith("m:"):
                store_id, sku = name.removeprefix("m:").split("|", 1)
                for period, pair in History.decode(field, name).periods().items():
                    _add(units, (store_id, sku, periods.first_day(period).isoformat()), pair)
        for series in SeriesTable.load(state):
            for period, window in series.open.items():
                day = periods.first_day(period).isoformat()
                _add(units, (series.store_id, series.sku, day), (window[SOLD], window[RETURNED]))
    return units


def _add(units: Units, key: tuple[str, str, str], thousandths: tuple[int, int]) -> None:
    if any(thousandths):
        sold, returned = units.get(key, (0.0, 0.0))
        units[key] = (sold + thousandths[0] / 1_000, returned + thousandths[1] / 1_000)


def _changed(shop: ShopSettings) -> dict[str, str]:
    """Return the settings that are not the defaults, as text."""
    default = ShopSettings()
    names = [name for name in ShopSettings.__dataclass_fields__ if getattr(shop, name) != getattr(default, name)]
    return {name: str(getattr(shop, name)) for name in names}


def lines_as_json(lines: Sequence[str]) -> list[dict[str, object]]:
    """Return the objects in lines of JSON."""
    return [json.loads(line) for line in lines]
