"""A shop's own calendar, from a file: days that are holidays here, and holidays on which this shop works as ever.

::

    TOML    [[day]]  date = 2025-06-29   where = "PE"   holiday = true
    CSV     date,where,holiday
            2025-06-29,PE,true

The one rule: a line that cannot be read is refused with its number; no day is guessed.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from schemas.errors import BadSetup
from streams.holiday_calendar import OwnDay

_FIELDS = {"date", "where", "holiday"}
_WORDS = {"true": True, "1": True, "yes": True, "": True, "false": False, "0": False, "no": False}


def read_calendar(path: Path) -> tuple[OwnDay, ...]:
    """Return the days of a calendar file, in its order.

    Parameters
    ----------
    path
        Of a file whose name ends in .toml or .csv.

    Raises
    ------
    BadSetup
        It cannot be read; names the line.
    """
    try:
        rows = list(_toml_rows(path) if path.suffix.lower() == ".toml" else _csv_rows(path))
    except OSError as error:
        raise BadSetup(f"The calendar {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, csv.Error) as error:
        raise BadSetup(f"The calendar {path} does not read: {error}.") from None
    return tuple(_own_day(path, number, row) for number, row in enumerate(rows, 1))


def _toml_rows(path: Path) -> Iterator[Mapping[str, object]]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    days = table.get("day", [])
    if set(table) - {"day"} or not isinstance(days, list):
        raise BadSetup(f"The calendar {path} holds more than [[day]] tables.")
    for day in days:
        if not isinstance(day, Mapping):
            raise BadSetup(f"The calendar {path} holds a day that is no [[day]] table.")
        yield day


def _csv_rows(path: Path) -> Iterator[Mapping[str, object]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _own_day(path: Path, number: int, row: Mapping[str, object]) -> OwnDay:
    unknown = {str(name) for name in row} - _FIELDS
    if unknown:
        raise BadSetup(f"The calendar {path}, day {number}: there is no field {min(unknown)!r}.")
    day, where, holiday = row.get("date"), row.get("where") or "", row.get("holiday")
    if isinstance(day, datetime) or not isinstance(day, date):
        try:
            day = date.fromisoformat(str(day).strip())
        except ValueError:
            raise BadSetup(f"The calendar {path}, day {number}: {day!r} is no date, such as 2025-06-29.") from None
    if holiday is None:
        holiday = True
    elif not isinstance(holiday, bool):
        word = str(holiday).strip().lower()
        if word not in _WORDS:
            raise BadSetup(f"The calendar {path}, day {number}: {holiday!r} is neither true nor false.")
        holiday = _WORDS[word]
    return OwnDay(day, str(where).strip(), holiday)
