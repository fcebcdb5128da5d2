"""The nowcast on real days: FreshRetailNet, a sample of stores."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from benchmarks.nowcast import play, read_lines, report


def test_the_rest_of_a_real_day_is_known_as_well_as_the_evening_before_and_better_after_a_jump(data_dir: Path) -> None:
    path = data_dir / "freshretailnet" / "daily_with_hours.parquet"
    if not path.exists():
        pytest.skip(f"no {path.name} under DEMAND_DATA")
    lines = read_lines(path, 12, 7)
    play(lines)
    found = report(lines, 7)
    usual, jumped = (cast("dict[str, float]", found[name]) for name in ("rest_of_day", "after_jump"))
    assert usual["low"] <= 1.03
    assert jumped["low"] <= 0.85
    # An ordinary day must not become a guess: the point lies near.
    assert usual["ratio"] < 1.06
