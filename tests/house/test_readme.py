"""README.md promises nothing that was not run: its figures are made here, its commands are tried here."""

import csv
import doctest
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demand_monitor.demo.market_report import play_market
from tests.house.readme import README, commands, fill, make_blocks

TEXT = README.read_text(encoding="utf-8")


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demand_monitor", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_card_and_the_scorecards_are_those_of_the_default_seed() -> None:
    assert fill(TEXT, make_blocks(play_market())) == TEXT, "python -m tests.house.readme writes them anew"


def test_the_first_screen_names_the_demo_and_shows_a_card() -> None:
    first = TEXT.splitlines()[:45]
    assert "$ make demo" in first
    assert any("Runs out" in line for line in first)


def test_every_command_exists(tmp_path: Path) -> None:
    tried: set[tuple[str, ...]] = set()
    for line in commands(TEXT):
        for part in re.split(r"&|>", line):
            if part.split()[:1] != ["demand-monitor"]:
                continue
            verbs = [word for word in part.split()[1:3] if re.fullmatch(r"[a-z]+", word)]
            tried.add(tuple(verbs))
    assert {("load",), ("monitor",), ("prices",), ("desk",), ("feed",), ("replay",), ("heartbeat",)} <= tried
    for command in sorted(tried):
        assert run(*command, "--help", cwd=tmp_path).returncode == 0, command


def test_your_own_data_works_as_written(tmp_path: Path) -> None:
    first = datetime(2024, 3, 1, 10, tzinfo=UTC)
    with (tmp_path / "sales.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["fecha", "tienda", "sku", "cantidad", "precio"])
        for day in range(30):
            for sku in ("leche", "pan"):
                moment = f"{first + timedelta(days=day):%Y-%m-%d %H:%M:%S}"
                rows.writerow([moment, "lima-01", sku, 3 + day % 7, "4.50"])
    suggestion = run("mapping", "suggest", "sales.csv", cwd=tmp_path)
    assert suggestion.returncode == 0, suggestion.stderr
    (tmp_path / "shop.toml").write_text(suggestion.stdout, encoding="utf-8")
    words = ["replay", "--input", "sales.csv", "--mapping", "shop.toml", "--report", "report.json"]
    assert f"$ demand-monitor {' '.join(words)}" in TEXT
    replay = run(*words, cwd=tmp_path)
    assert replay.returncode == 0, replay.stderr
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    # 30 days of two products, all of them believed and closed.
    assert report["events"]["read"] == report["events"]["accepted"] >= 60
    assert report["series"] == 2
    assert report["periods_closed"] == 60
    assert "seasonal_naive" in report["forecast"]["overall"]


def test_the_model_written_there_learns_and_forecasts() -> None:
    (written,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    examples = doctest.DocTestParser().get_doctest(written, {}, "README.md", str(README), 0)
    assert len(examples.examples) >= 5
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_rooms_of_the_table_are_there() -> None:
    root = README.parent
    for room in re.findall(r"^\| `([a-z_/]+)/`", TEXT, re.MULTILINE):
        assert (root / room).is_dir(), room
