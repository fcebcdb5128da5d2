"""Results as plain JSON values.

The one rule: what is not known is null, never NaN, and no figure keeps more digits than it can stand for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

_DIGITS = 6


def to_plain(value: object) -> object:
    """Return a result (named tuples, dicts, lists, numbers) as JSON values.

    Parameters
    ----------
    value
        The result.

    >>> from streams.evaluation.intervals import Interval
    >>> to_plain({7: Interval(0.5, float("nan"), None)})
    {'7': {'value': 0.5, 'low': None, 'high': None}}
    """
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: to_plain(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): to_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return None if not math.isfinite(value) else float(f"{float(value):.{_DIGITS}g}")
    return int(value) if isinstance(value, np.integer) else value
