"""`at`: where an output stands in the order of the task that has said it.

The one rule: a task's outputs have rising `at`, so one that is not newer than the newest heard was said before.
"""

from __future__ import annotations

import json

#: Task, offset of the record in hand (a tick; of the price desk, an observation), index within what that has caused.
At = tuple[int, int, int]


def at_of(value: bytes | None) -> At:
    """Return the `at` of a signal, a forecast or a competitor price.

    Raises
    ------
    ValueError, KeyError, TypeError
        When it has none.

    >>> at_of(b'{"type":"progress","at":[3,70,2]}')
    (3, 70, 2)
    """
    task, offset, index = json.loads(value or b"")["at"]
    return int(task), int(offset), int(index)
