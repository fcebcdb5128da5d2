"""`replay` of a file: it is always learnt from its first row, and scored from where it is told."""

import json
from pathlib import Path

import pytest

from demand_monitor.cli import main

DAYS = 20


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as ending:
        main([*words])
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.fixture
def shop(tmp_path: Path) -> tuple[str, str]:
    file, mapping = tmp_path / "sales.csv", tmp_path / "shop.toml"
    rows = [f"2026-03-{day:02d},lima,milk,{9 + day % 3}" for day in range(1, DAYS + 1)]
    file.write_text("\n".join(["date,store,sku,units", *rows]) + "\n")
    assert call("mapping", "suggest", str(file), "--output", str(mapping)) == 0
    return str(file), str(mapping)


def scored(shop: tuple[str, str], report: Path, *words: str) -> dict[str, object]:
    file, mapping = shop
    assert call("replay", "--input", file, "--mapping", mapping, "--report", str(report), *words) == 0
    found: dict[str, object] = json.loads(report.read_text())
    return found


def test_a_file_is_learnt_whole_and_scored_from_a_time_on(
    shop: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = scored(shop, tmp_path / "whole.json")
    late = scored(shop, tmp_path / "late.json", "--from", "2026-03-11")
    assert "State starts empty" not in capsys.readouterr().out
    assert (whole["starts_empty_at"], late["starts_empty_at"]) == (None, None)
    assert whole["events"] == late["events"]
    counts = []
    for report in (whole, late):
        forecast = report["forecast"]
        assert isinstance(forecast, dict)
        counts.append(forecast["overall"]["champion"]["n"])
    # Of twenty days, the first has no forecast to be scored; from the eleventh on there are ten.
    assert counts == [DAYS - 1, 10]


def test_a_warm_up_needs_a_time_from_which_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("replay", "--warmup") == 2
    assert "there is no --from" in capsys.readouterr().err
