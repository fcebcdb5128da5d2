"""A stateless transformer: no feature may be farther than `limit` from zero.

Why: one absurd price or one bulk order must not own a regression for ever. The one rule: what is not a number is 0,
"nothing special".
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from river import base


class Clip(base.Transformer):
    """Clip every feature to `-limit .. limit`.

    Parameters
    ----------
    limit
        Largest absolute value let through.

    Examples
    --------
    >>> Clip(limit=6.0).transform_one({"lag_1_demand": 40.0, "holiday": 1.0, "price_gap": float("nan")})
    {'lag_1_demand': 6.0, 'holiday': 1.0, 'price_gap': 0.0}
    """

    def __init__(self, limit: float = 6.0) -> None:
        self.limit = limit

    def transform_one(self, x: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """The clipped features; `x` is left as it is."""
        high = self.limit
        low = -high
        return {
            name: value if low <= value <= high else high if value > high else low if value < low else 0.0
            for name, value in x.items()
        }
