"""The nowcast on real days: FreshRetailNet, a sample of stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.evaluate.open_days import HOUR_FILES, read_hours
from streams.evaluation.intraday_trial import run_intraday_trial


def test_the_rest_of_a_real_day_is_known_as_well_as_the_evening_before_and_better_after_a_jump(data_dir: Path) -> None:
    file = HOUR_FILES["freshretail"]
    if not (data_dir / file.path).exists():
        pytest.skip(f"no {file.path} under DEMAND_DATA")
    # Of 450 series the interval alone is a twentieth wide; all of them are in docs/evaluation.md.
    series = read_hours(data_dir, file, 900, 7)
    # Stores are drawn whole.
    assert len(series) >= 900
    found = run_intraday_trial(series, 7)
    usual, jumped = found.rest_of_day, found.after_jump
    assert usual.low is not None
    assert usual.value is not None
    assert jumped.low is not None
    assert usual.low <= 1.03
    assert jumped.low <= 0.85
    # An ordinary day must not become a guess: the point lies near.
    assert usual.value < 1.06
