"""How commands print: a table for people, JSON for programs, both from the same rows.

The one rule: results go to standard output, everything else (progress, logs, sentences of failure) to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Columns of a table that goes to a file or a pipe.
_WIDE: Final = 220

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


def console() -> Console:
    """Return where results are printed; where standard output is no terminal, plain text on wide lines."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _WIDE)


def error_console() -> Console:
    """Return where progress is shown."""
    return Console(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else _WIDE)


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_rows(rows: Sequence[Row], as_json: bool, title: str = "", empty: str = "There is nothing.") -> None:
    """Print rows: a JSON list, or a table whose columns are the first row's keys.

    >>> print_rows([{"topic": "sales.v1", "partitions": 4}], as_json=True)
    [
      {
        "topic": "sales.v1",
        "partitions": 4
      }
    ]
    """
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        print(empty)
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, cell in rows[0].items():
        numeric = isinstance(cell, int | float) and not isinstance(cell, bool)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not str: a name with square brackets is no markup.
        table.add_row(*(Text(to_text(cell)) for cell in row.values()))
    console().print(table)


def to_text(cell: Cell) -> str:
    """Return a cell as people read it; unknown is a dash.

    >>> to_text(None), to_text(True), to_text(541909)
    ('–', 'yes', '541,909')
    """
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
