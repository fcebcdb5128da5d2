"""How fast the past is played: `demand-monitor replay` of a whole file, without and with models.

The real command, in a process of its own; its own report gives events, closes and seconds of the replay itself, the
process gives the whole wall time (start-up, reading and mapping the file) and CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.machine import ROOT, describe_machine
from benchmarks.usage import median

Models = Literal["none", "champion"]
_MODELS: tuple[Models, ...] = ("none", "champion")


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    source: Path
    mapping: str
    until: str | None
    models: tuple[Models, ...]
    rounds: int
    tasks: int


def read_options(words: list[str] | None = None) -> tuple[Options, bool]:
    """Return the options, and whether JSON alone is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--input", type=Path, default=find_uci(), help="by default UCI Online Retail under DEMAND_DATA")
    parser.add_argument("--mapping", default="uci-online-retail")
    parser.add_argument("--to", default=None, help="stop there (ISO 8601); by default the whole file")
    parser.add_argument("--models", default="none,champion")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=4)
    given = parser.parse_args(words)
    models = tuple(each for each in _MODELS if each in given.models.split(","))
    return Options(given.input, given.mapping, given.to, models, given.rounds, given.partitions), given.json


def find_uci() -> Path:
    """Return where the file lies."""
    folder = (ROOT / os.environ.get("DEMAND_DATA", "../shared/data")).resolve()
    return folder / "uci_online_retail" / "online_retail.csv.gz"


def main() -> None:
    """Measure, and print."""
    options, as_json = read_options()
    print(json.dumps(run(options), indent=None if as_json else 2))


def run(options: Options) -> dict[str, object]:
    """Return the figures."""
    report: dict[str, object] = {}
    machine = describe_machine("pandas", "pydantic", "river")
    rounds: dict[Models, list[dict[str, float]]] = {models: [] for models in options.models}
    for _ in range(options.rounds):
        for models, found in rounds.items():
            found.append(play(options, models))
            print(f"{models}: {found[-1]}", file=sys.stderr, flush=True)
    for models, found in rounds.items():
        report[f"models_{models}"] = {name: median([each[name] for each in found]) for name in found[0]}
    report["setting"] = {
        "input": options.source.name,
        "mapping": options.mapping,
        "to": options.until,
        "partitions": options.tasks,
        "rounds": options.rounds,
    }
    report["machine"] = machine
    return report


def play(options: Options, models: Models) -> dict[str, float]:
    """Replay once."""
    until = () if options.until is None else ("--to", options.until)
    with tempfile.TemporaryDirectory(prefix="demand-bench-") as folder:
        file = Path(folder) / "report.json"
        words = ("replay", "--input", str(options.source), "--mapping", options.mapping, "--models", models, *until)
        command = [sys.executable, "-m", "demand_monitor", *words, "--report", str(file)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment["DEMAND_PARTITIONS"] = str(options.tasks)
        before, began = _children_cpu(), time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        wall, cpu = time.monotonic() - began, _children_cpu() - before
        if done.returncode:
            raise RuntimeError(f"replay: {done.returncode}\n{done.stderr[-2_000:]}")
        told = json.loads(file.read_text(encoding="utf-8"))
    return {
        "events": float(told["events"]["read"]),
        "events_per_second": float(told["events_per_second"]),
        "periods_closed": float(told["periods_closed"]),
        "closes_per_second": float(told["closes_per_second"]),
        "replay_seconds": float(told["seconds"]),
        "process_seconds": round(wall, 2),
        "process_cpu_seconds": round(cpu, 2),
        "cpu_us_per_event": round(cpu / max(1.0, float(told["events"]["read"])) * 1e6, 2),
    }


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
