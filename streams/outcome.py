"""What handling has produced: records to be sent, in order.

The one rule: outputs are a function of the log; the same step gives the same bytes, so sending twice is harmless.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.quarantine import Headers
from schemas.topics import Topic


class Output(NamedTuple):
    """One record to be sent; `partition` None leaves it to the partitioner (by key)."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
