"""The rules between rooms hold, and the tools that watch them do see a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT

BIN = Path(sys.executable).parent


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def ruff(filename: str, code: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "ruff"), "check", "--no-cache", "--stdin-filename", filename, "-"]
    return subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)


def test_imports_point_inwards() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("schemas/breach.py", "import streams", "Imports point inwards; worldly rooms meet through ports"),
        ("consumers/breach.py", "import adapters", "Imports point inwards; worldly rooms meet through ports"),
        ("producers/breach.py", "import adapters", "Imports point inwards; worldly rooms meet through ports"),
        ("streams/breach.py", "import time", "The pure rooms touch no client, no clock, no file, no chance"),
        ("online_models/breach.py", "import pandas", "The pure rooms touch no client, no clock, no file, no chance"),
        ("producers/breach.py", "import confluent_kafka", "Kafka and Redis clients live in adapters"),
        ("demand_monitor/breach.py", "import redis", "Kafka and Redis clients live in adapters"),
        ("consumers/breach.py", "import faust", "Faust lives in consumers.prices"),
        ("demand_monitor/breach.py", "import fastapi", "FastAPI lives in consumers.api"),
    ],
)
def test_a_breach_is_seen(tmp_path: Path, module: str, line: str, contract: str) -> None:
    # Empty rooms under the project's own contracts, and one import too many.
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    assert lint_imports(tmp_path).returncode == 0
    (tmp_path / module).write_text(line)
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    broken = [each for each in done.stdout.splitlines() if each.endswith("BROKEN")]
    assert broken == [f"{contract} BROKEN"]


@pytest.mark.parametrize(
    ("line", "banned"),
    [
        ("import time\n\ntime.time()\n", True),
        ("import time\n\ntime.monotonic()\n", True),
        ("import datetime\n\ndatetime.datetime.now(datetime.UTC)\n", True),
        ("import random\n\nrandom.random()\n", True),
        ("import random\n\nrandom.Random(7).random()\n", False),
    ],
)
def test_clock_and_chance_are_banned_but_at_their_port(line: str, banned: bool) -> None:
    code = f'"""Breach."""\n\n{line}'
    assert ("TID251" in ruff("consumers/breach.py", code).stdout) is banned
    assert "TID251" not in ruff("adapters/clock.py", code).stdout
