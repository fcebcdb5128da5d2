"""The record of a soak: one row a test, as Markdown, appended to the file that DEMAND_SOAK_RECORD names.

The one rule: a row is what a test has told with `record_property`, and how long it took; nothing is made up here.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.broker.faults.counts import SOAK

VARIABLE: Final = "DEMAND_SOAK_RECORD"
_HEAD: Final = "# Benchmarks\n"
_TABLE: Final = "| Fault | What was done and seen | Events | Seconds | Verdict |\n|---|---|---:|---:|---|\n"


class SoakRecord:
    """Collects the outcomes of this package's tests, in a soak those of all that run (a pytest plugin).

    Parameters
    ----------
    path
        The Markdown file.
    folder
        Where the tests are.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder.as_posix().rpartition("/tests/")[2]
        self._rows: list[str] = []

    @classmethod
    def asked_for(cls, folder: Path) -> SoakRecord | None:
        """Return a record where the environment names its file."""
        path = os.environ.get(VARIABLE)
        return cls(Path(path), folder) if path else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of a test, or of a fixture that failed."""
        if "::test_" not in report.nodeid or not (SOAK or self._folder in report.nodeid):
            return
        if report.when != "call" and report.passed:
            return
        told = dict(report.user_properties)
        name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        cells = (name, told.get("faults", ""), told.get("events", ""), f"{report.duration:.0f}", report.outcome)
        self._rows.append(f"| {' | '.join(str(cell) for cell in cells)} |\n")

    def pytest_sessionfinish(self) -> None:
        """Append the table."""
        if not self._rows:
            return
        head = "" if self._path.exists() else _HEAD
        counts = "full counts (`make soak`)" if SOAK else "small counts (`make test`)"
        title = f"\n## Soak of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {counts}, {os.cpu_count()} cores\n\n"
        with self._path.open("a") as stream:
            stream.write(head + title + _TABLE + "".join(self._rows))
