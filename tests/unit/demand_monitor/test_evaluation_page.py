"""The page's figures are the reports'."""

import json
from pathlib import Path

from demand_monitor.evaluation.page import BEGIN, END, fill, join, make_tables
from tests.unit.demand_monitor.test_evaluate_command import run, write_shop


def test_a_report_becomes_tables(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert run([*write_shop(tmp_path), "--part", "all", "--report", str(report)]) == 0
    reports = json.loads(report.read_text())
    tables = make_tables(join([reports]))
    accuracy = reports["shop.csv"]["accuracy"]
    ratio = accuracy["plans"][0]["duels"][0]["wape"]
    assert f"**{ratio['value']:.3f}** [{ratio['low']:.3f}, {ratio['high']:.3f}]" in tables
    assert f"| shop.csv (4) | day-ahead | seasonal_naive | {accuracy['plans'][0]['duels'][0]['forecasts']} |" in tables
    for title in (
        "Calibration",
        "Planted changes",
        "Stock-out alerts",
        "Processor time",
        "Roll-ups",
        "Where the errors",
    ):
        assert f"**{title}" in tables
    assert "Emptied shelves" not in tables
    for block in tables.split("\n\n"):
        lines = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1
    page = fill(f"before\n{BEGIN}\nstale figures\n{END}\nafter\n", tables)
    assert page == fill(page, tables)
    assert "stale figures" not in page
    assert page.endswith("\nafter\n")


def test_a_later_run_adds_its_part() -> None:
    first = {"a": {"protocol": {"series": 60}, "shock": 1, "drift": 2}}
    second = {"a": {"protocol": {"series": 9}, "drift": 3}}
    joined = join([first, second])["a"]
    assert (joined["shock"], joined["drift"], joined["sizes"]) == (1, 3, {"shock": 60, "drift": 9})
