"""A real installation to be measured: broker, Redis, topics, and the command line's own processes.

::

    open_stage ─► servers (the caller's by DEMAND_TEST_KAFKA and DEMAND_TEST_REDIS, else our own on loopback)
        └─► Stage ─► topics ─► Writer (records, ticks) ─► processes ─► marks in Redis say how far they are

The one rule: what is measured is started as a shop would start it; the stage only writes, waits and looks.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from adapters.memory_journal import MemoryJournal
from adapters.state_keys import keys_of
from benchmarks.machine import ROOT
from benchmarks.usage import family
from demand_monitor.settings import read_settings
from demand_monitor.wiring import Wiring
from producers.tick_log import Ends, TickLog
from schemas.ticks import Tick
from schemas.topics import TICKS, Topic, full_name
from streams.marks import decode_marks
from streams.ports import Place
from tests.servers.choose import choose_kafka, choose_redis
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

Positions = dict[int, dict[str, int]]
_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class NotReal(Exception):
    """Without a real Kafka there is nothing to measure."""


@dataclass(slots=True)
class Running:
    """A process of the installation."""

    words: Sequence[str]
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pids(self) -> list[int]:
        """The process and its children."""
        return family(self.process.pid)

    def check(self) -> None:
        """Raise when it has ended by itself."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{' '.join(self.words)}: {self.process.returncode}\n{self.log.read_text()[-2_000:]}")

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, its children too."""
        pids = self.pids[1:]
        self._end(signal.SIGKILL)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)


@dataclass
class Stage:
    """One installation under a prefix of its own.

    Parameters
    ----------
    kafka, redis_server
        The servers.
    folder
        For logs and for the contestants' state.
    tasks
        P.
    shop
        Settings of the shop that are not the defaults, as `DEMAND_SHOP__…` has them.
    """

    kafka: KafkaServer
    redis_server: RedisServer
    folder: Path
    tasks: int = 4
    shop: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.prefix = f"bench-{secrets.token_hex(4)}-"
        options = {"bootstrap": self.kafka.bootstrap, "redis": self.redis_server.url, "prefix": self.prefix}
        self.environment = {
            **os.environ,
            **_THREADS,
            **{f"DEMAND_{name.upper()}": value for name, value in options.items()},
            "DEMAND_PARTITIONS": str(self.tasks),
            **{f"DEMAND_SHOP__{name.upper()}": value for name, value in self.shop.items()},
        }
        self.wiring = Wiring(read_settings({**options, "partitions": self.tasks}), MemoryJournal())
        self.redis = redis.Redis.from_url(self.redis_server.url)
        self.running: list[Running] = []
        self.run("topics", "create")

    # --- processes ------------------------------------------------------------------------------------------------

    def run(self, *words: str) -> str:
        """Run a command of ours to its end."""
        command = [sys.executable, "-m", "demand_monitor", *words]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *words: str, command: Sequence[str] = ("-m", "demand_monitor")) -> Running:
        """Start a command of ours that runs until it is told to end."""
        log = self.folder / f"{len(self.running)}-{words[0] if words else 'process'}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command, *words],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.running.append(Running(words, process, log))
        return self.running[-1]

    def close(self) -> None:
        """Kill what still runs, and forget the state."""
        for each in self.running:
            each.kill()
        for task in self.wiring.task_ids():
            self.wiring.store.wipe(task)

    # --- how far ----------------------------------------------------------------------------------------------------

    def positions(self) -> Positions:
        """Return how far each engine task has come, by input, as committed."""
        marks = [self.wiring.store.marks(f"engine:{task}") for task in range(self.tasks)]
        return {task: {} if mark is None else decode_marks(mark)[0] for task, mark in enumerate(marks)}

    def handled(self, name: str = "sales") -> int:
        """Return the offsets that all engine tasks have committed of an input, summed up."""
        return sum(max(0, positions.get(name, 0)) for positions in self.positions().values())

    def owners(self) -> set[bytes]:
        """Return the processes that own engine tasks; an unowned task counts as one of its own."""
        names = (keys_of(self.prefix, f"engine:{task}").owner for task in range(self.tasks))
        found = [self.redis.get(name) for name in names]
        return {each.partition(b":")[0] if isinstance(each, bytes) else b"" for each in found}

    def tick_ends(self) -> dict[int, int]:
        """Return the end of each partition of the ticks."""
        topic = full_name(TICKS, self.prefix)
        ends = self.wiring.admin().ends([Place(topic, task) for task in range(self.tasks)])
        return {place.partition: end for place, end in ends.items()}

    def wait_handled(self, seconds: float = 3_600.0) -> None:
        """Wait until the engine has committed every tick."""
        ends = self.tick_ends()

        def is_done() -> bool:
            return all(each.get("ticks", -1) >= ends[task] for task, each in self.positions().items())

        self.wait(is_done, seconds)

    def wait(self, is_so: Callable[[], bool], seconds: float, pause_seconds: float = 0.05) -> None:
        """Wait until something is so; raise when a process has ended by itself."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if self.running:
                self.running[-1].check()
            if time.monotonic() > deadline:
                log = self.running[-1].log.read_text()[-2_000:] if self.running else ""
                raise TimeoutError(f"not so after {seconds:g} s\n{log}")
            time.sleep(pause_seconds)

    # --- the state as it was ------------------------------------------------------------------------------------------

    def keep_state(self) -> None:
        """Keep a copy of the engine's state and marks beside them."""
        for key in self._state_keys():
            self.redis.copy(key, f"kept:{key}", replace=True)

    def restore_state(self) -> None:
        """Put the engine back to where it was when its state was kept: the next monitor goes on from there."""
        for key in self._state_keys():
            if not self.redis.copy(f"kept:{key}", key, replace=True):
                raise RuntimeError(f"no copy of {key}")

    def drop_copies(self) -> None:
        """Forget the copy."""
        self.redis.unlink(*(f"kept:{key}" for key in self._state_keys()))

    def _state_keys(self) -> list[str]:
        keys = [keys_of(self.prefix, f"engine:{task}") for task in range(self.tasks)]
        return [name for each in keys for name in (each.state, each.marks)]


class Writer:
    """Writes records and ticks, with the product's own producer."""

    def __init__(self, stage: Stage) -> None:
        wiring = stage.wiring
        self._stage = stage
        self._outlet = wiring.outlet()
        self._log = TickLog(wiring.admin(), wiring.inlet(), stage.prefix)
        self._ends = dict(wiring.admin().ends(self._log.places()))

    def send(self, topic: Topic, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Queue records."""
        name = full_name(topic, self._stage.prefix)
        for key, value in pairs:
            self._outlet.send(name, key, value)

    def settle(self) -> list[Ends]:
        """Return, by task, the ends of everything once it is delivered."""
        self._outlet.flush()
        self._ends.update(self._outlet.ends())
        return [self._log.ends_of(task, self._ends) for task in range(self._stage.tasks)]

    def tick(self, t_ms: int, ends: Sequence[Ends] | None = None) -> None:
        """Write a tick to every partition, with the given ends or those of now."""
        for task, each in enumerate(self.settle() if ends is None else ends):
            self._outlet.send(self._log.ticks, None, Tick(t_ms, *each).encode(), (), task)

    def close(self) -> None:
        """Deliver what is queued."""
        self._outlet.close()


@contextlib.contextmanager
def open_servers() -> Iterator[tuple[KafkaServer, RedisServer, Path]]:
    """Open servers, and a folder that goes with them.

    Raises
    ------
    NotReal
        When no real broker can be had.
    """
    os.environ.update(_THREADS)
    with contextlib.ExitStack() as stack:
        kafka = choose_kafka()
        stack.callback(kafka.close)
        if not kafka.is_real:
            raise NotReal(kafka.missing)
        redis_server = choose_redis()
        stack.callback(redis_server.close)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="demand-bench-"))
        yield kafka, redis_server, Path(folder)


@contextlib.contextmanager
def open_stage(tasks: int = 4, shop: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Open servers with one installation on them."""
    with open_servers() as (kafka, redis_server, folder):
        stage = Stage(kafka, redis_server, folder, tasks, shop or {})
        try:
            yield stage
        finally:
            stage.close()
