"""A shop's own calendar: read as it stands, refused by line, and part of the settings."""

from datetime import date
from pathlib import Path

import pytest

from demand_monitor.calendar_file import read_calendar
from demand_monitor.settings import read_settings
from schemas.errors import BadSetup
from streams.holiday_calendar import OwnDay

DAYS = (OwnDay(date(2025, 6, 29), "PE", True), OwnDay(date(2025, 12, 8), "", False))
TOML = '[[day]]\ndate = 2025-06-29\nwhere = "PE"\n[[day]]\ndate = "2025-12-08"\nholiday = false\n'
CSV = "date,where,holiday\n2025-06-29,PE,true\n2025-12-08,,no\n"


@pytest.mark.parametrize(("name", "text"), [("own.toml", TOML), ("own.csv", CSV)])
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_calendar(path) == DAYS


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "date,where\n2025-06-31,PE\n", "day 1: '2025-06-31' is no date"),
        ("a.csv", "date,place\n2025-06-30,PE\n", "day 1: there is no field 'place'"),
        ("a.csv", "date,holiday\n2025-06-30,perhaps\n", "day 1: 'perhaps' is neither true nor false"),
        ("a.toml", "[[day]\n", "does not read"),
        ("a.toml", "days = 3\n", "holds more than"),
        ("a.toml", "day = [1]\n", "no .*day.* table"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(tmp_path: Path, name: str, text: str, why: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadSetup, match=why):
        read_calendar(path)


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSetup, match="No such file"):
        read_calendar(tmp_path / "gone.csv")


def test_the_settings_hold_the_days_and_so_does_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(CSV)
    settings = read_settings({"calendar": str(path), "shop": {"country": "PE"}})
    assert settings.shop.own_days == DAYS
    assert settings.shop.country == "PE"
    assert settings.shop.fingerprint() != read_settings({"shop": {"country": "PE"}}).shop.fingerprint()


def test_a_country_has_two_letters() -> None:
    with pytest.raises(BadSetup, match="two capital letters"):
        read_settings({"shop": {"country": "Peru"}})
