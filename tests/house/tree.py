"""The files of the project, for the tests of the house."""

import subprocess
from pathlib import Path

from tests.servers.choose import absent

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("adapters", "consumers", "demand_monitor", "online_models", "producers", "schemas", "streams")


def tracked_files() -> list[str]:
    """Paths, relative to the root, of all files that git tracks."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        absent("needs a git checkout")
    return [path for path in done.stdout.split("\0") if path]


def modules() -> list[Path]:
    """Every Python module of the rooms and of the tests that git tracks and the tree still has."""
    return [
        ROOT / path
        for path in tracked_files()
        if path.endswith(".py") and path.split("/")[0] in (*ROOMS, "tests") and (ROOT / path).exists()
    ]
