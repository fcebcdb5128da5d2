"""The others, each a process of its own on the same topic, as their makers would set them up for speed.

::

    floor   confluent-kafka, batches of 10,000, json.loads: what any Python consumer must pay
    quix    Quix Streams in a venv of its own: JSON deserialiser, tumbling sum, its RocksDB store and changelog topics
    faust   faust-streaming from our lock: JSON values, windowed table in memory with its changelog topic

Each script counts what it has handled and prints, as one line of JSON, the events, seconds and CPU seconds (user and
system, all threads) between two counts, so that no start-up and no last flush is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from benchmarks.machine import ROOT
from benchmarks.stage import Stage
from schemas.topics import SALES, full_name

QUIX_VERSION = "3.28.1"
_QUIX_VENV = ROOT / ".cache" / f"quix-{QUIX_VERSION}-{sys.version_info[0]}.{sys.version_info[1]}"
_PATIENCE_SECONDS = 1_800


class Figures(TypedDict):
    """What was measured between two counts."""

    events: int
    seconds: float
    cpu_seconds: float


class NoBaseline(Exception):
    """This one cannot be run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One of the others.

    Parameters
    ----------
    name
        Also of its script: `sum_{name}.py`.
    python
        The interpreter that has its library.
    events
        How many it is to handle.
    """

    name: str
    python: Path
    events: int

    def measure(self, stage: Stage, round_number: int, begin: float, end: float) -> Figures:
        """Run it once.

        Parameters
        ----------
        stage
            With the sales on their topic.
        round_number
            For names that no other run has.
        begin, end
            Between which shares of its events it is measured.
        """
        run = f"{stage.prefix}{self.name}-{round_number}"
        folder = stage.folder / run
        folder.mkdir()
        config = {
            "bootstrap": stage.kafka.bootstrap,
            "topic": full_name(SALES, stage.prefix),
            "group": run,
            "folder": str(folder),
            "partitions": stage.tasks,
            "begin": max(1, round(begin * self.events)),
            "end": max(2, round(end * self.events)),
        }
        script = Path(__file__).with_name(f"sum_{self.name}.py")
        try:
            done = subprocess.run(
                [str(self.python), str(script), json.dumps(config)],
                capture_output=True,
                text=True,
                timeout=_PATIENCE_SECONDS,
                check=False,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        except subprocess.TimeoutExpired:
            raise NoBaseline(f"{self.name} was not done after {_PATIENCE_SECONDS} s") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith('{"events"')]
        if not lines:
            raise NoBaseline(f"{self.name} has ended with {done.returncode}: {(done.stdout + done.stderr)[-1_500:]}")
        figures: Figures = json.loads(lines[-1])
        if not figures["events"]:
            raise NoBaseline(f"{self.name} has handled nothing between the two counts: more events are needed")
        return figures


def find_quix() -> Path:
    """Return the interpreter of Quix Streams' venv, made with uv if it is not there yet.

    Raises
    ------
    NoBaseline
        When it cannot be made.
    """
    python = _QUIX_VENV / "bin" / "python"
    if python.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise NoBaseline("no uv on PATH, so no venv for Quix Streams")
    scratch = _QUIX_VENV.with_name(f"{_QUIX_VENV.name}.{os.getpid()}")
    # Our own interpreter, so that both run on the same Python.
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    commands = [
        [uv, "venv", "--quiet", "--relocatable", "--python", str(base), str(scratch)],
        [uv, "pip", "install", "--quiet", "--python", str(scratch), f"quixstreams=={QUIX_VERSION}"],
    ]
    _QUIX_VENV.parent.mkdir(exist_ok=True)
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(scratch, ignore_errors=True)
            raise NoBaseline(f"the venv of Quix Streams cannot be made: {done.stderr[-500:]}")
    try:
        scratch.rename(_QUIX_VENV)
    except OSError:  # another run was first
        shutil.rmtree(scratch, ignore_errors=True)
    return python
