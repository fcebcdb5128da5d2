"""Marks: how far a task has come in each of its inputs, in one canonical encoding that the store compares.

`step` counts every step of the task's life (records and close items): between two close items the offsets stand still,
and a store that was rolled back by one commit must still be noticed.

The one rule: two marks are equal exactly when their bytes are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from schemas.errors import StateCorrupt


def encode_marks(positions: Mapping[str, int], step: int) -> bytes:
    """Return the canonical bytes of a task's marks.

    >>> encode_marks({"ticks": 3, "sales": 70}, 73)
    b'{"sales":70,"step":73,"ticks":3}'
    """
    return json.dumps({**positions, "step": step}, sort_keys=True, separators=(",", ":")).encode()


def decode_marks(marks: bytes) -> tuple[dict[str, int], int]:
    """Return positions by input name, and the step.

    Raises
    ------
    StateCorrupt
        When the bytes are no marks.
    """
    try:
        positions = {str(name): int(value) for name, value in json.loads(marks).items()}
        return positions, positions.pop("step")
    except (ValueError, KeyError, AttributeError) as error:
        raise StateCorrupt(f"The marks are unreadable: {marks[:80]!r}.") from error
