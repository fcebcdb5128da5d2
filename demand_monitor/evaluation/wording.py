"""How the tables of an evaluation write numbers.

The one rule: what is not known is a dash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.evaluation.intervals import Interval


def number(value: float | None) -> str:
    """Return a number with four digits.

    >>> number(0.123456), number(None)
    ('0.1235', '–')
    """
    return "–" if value is None else f"{value:.4g}"


def interval(found: Interval) -> str:
    """Return a number with its interval."""
    if found.value is None:
        return "–"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
