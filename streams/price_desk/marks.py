"""How far the desk has come, in one canonical encoding, so that two stores can be compared byte by byte.

The one rule: marks are a function of the steps handled, never of batches or commits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from schemas.errors import StateCorrupt

#: The offset of a task that has never read: "from the oldest record".
UNREAD: Final = -1


@dataclass(frozen=True, slots=True)
class PriceMarks:
    """The next offset to be read and the number of records handled.

    Parameters
    ----------
    observations
        Next offset of `price-observations.v1`; -1 before the first record.
    step
        Records handled since the state was empty.
    """

    observations: int = UNREAD
    step: int = 0

    def encode(self) -> bytes:
        """Return the canonical JSON.

        >>> PriceMarks(7, 5).encode()
        b'{"observations":7,"step":5}'
        """
        return json.dumps({"observations": self.observations, "step": self.step}, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, value: bytes) -> PriceMarks:
        """Return the marks in their encoding.

        Raises
        ------
        StateCorrupt
            When these are no marks of a price desk.

        >>> PriceMarks.decode(b'{"observations":7,"step":5}').step
        5
        """
        try:
            fields = json.loads(value)
            marks = cls(int(fields["observations"]), int(fields["step"]))
        except (ValueError, TypeError, KeyError) as error:
            raise StateCorrupt(f"the price desk's marks are unreadable: {error}") from error
        if marks.encode() != value:
            raise StateCorrupt("the price desk's marks are not in their canonical form.")
        return marks
