"""A record of the market on its way to the log, with the event time by which it stands in order.

The one rule: whoever makes records makes them in the order of their event time.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.topics import Topic


class Dated(NamedTuple):
    """One record for one topic.

    Parameters
    ----------
    event_time_ms
        When it happened, milliseconds since 1970 (UTC).
    topic
        Where it goes.
    key, value
        As they will stand on the topic.
    """

    event_time_ms: int
    topic: Topic
    key: bytes
    value: bytes
