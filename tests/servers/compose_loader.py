"""The loader that `docker compose` itself uses (compose-go), built once and kept in `.cache`.

`python -m tests.servers.compose_loader` primes it. No container engine is needed: the file is read, merged, checked
against the specification's schema and normalised, as before anything is started.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.jars import ROOT

SOURCE = Path(__file__).with_name("compose")
PROGRAM = ROOT / ".cache" / "compose-loader"


class NoLoader(Exception):
    """The loader cannot be had; the message says what is missing, in words for a person."""


class BadCompose(Exception):
    """The loader refuses the file, in its own words."""


def compose_loader() -> Path:
    """Return the loader, built if it is not there yet or its source is newer.

    Raises
    ------
    NoLoader
        Go is missing, or could not build it.
    """
    if shutil.which("go") is None:
        raise NoLoader("no Go on PATH")
    newest = max(path.stat().st_mtime for path in SOURCE.iterdir())
    if PROGRAM.exists() and PROGRAM.stat().st_mtime >= newest:
        return PROGRAM
    PROGRAM.parent.mkdir(exist_ok=True)
    scratch = PROGRAM.with_name(f"compose-loader.{os.getpid()}")
    done = subprocess.run(
        ["go", "build", "-mod=readonly", "-o", str(scratch), "."],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise NoLoader(f"Go could not build the loader: {done.stderr[-500:]}")
    os.replace(scratch, PROGRAM)
    return PROGRAM


def load_compose(file: Path) -> Mapping[str, Any]:
    """Return the project in a compose file.

    Raises
    ------
    NoLoader
        When there is no loader.
    BadCompose
        When it refuses the file.
    """
    done = subprocess.run(
        [str(compose_loader()), str(file)], capture_output=True, text=True, check=False, cwd=file.parent
    )
    if done.returncode != 0:
        raise BadCompose(done.stderr.strip())
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


if __name__ == "__main__":
    try:
        print(f"compose loader: {compose_loader()}")
    except NoLoader as missing:
        raise SystemExit(f"No compose loader: {missing}") from None
