"""`quarantine.v1`: whatever could not be used, as it came. Raw bytes as the value, the story in headers.

===================  ==========================================================
header               meaning
===================  ==========================================================
demand-reason        one of :class:`schemas.reasons.Reason`
demand-detail        one line for the person who mends it
demand-topic         where it stood
demand-partition     ditto
demand-offset        ditto
demand-key           "none" for a record without key (the key itself is kept)
===================  ==========================================================

The one rule: the value and the sender's own headers are never changed, so that a redrive sends what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.reasons import Reason

PREFIX = "demand-"
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused record with its reason and where it stood.

    Parameters
    ----------
    reason, detail
        Why it was refused.
    topic, partition, offset
        Where the record stood.
    key, value, headers
        The record as it came; None where it had none.
    """

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    def to_headers(self) -> Headers:
        """Return the sender's headers followed by the story."""
        story = {
            "reason": str(self.reason),
            "detail": self.detail[:500],
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
        }
        if self.value is None:
            story["tombstone"] = "1"
        return (*self.headers, *((PREFIX + name, text.encode()) for name, text in story.items()))

    @classmethod
    def from_record(cls, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Refusal:
        """Return the refusal that a record of `quarantine.v1` tells of."""
        story = {name[len(PREFIX) :]: text.decode() for name, text in headers if name.startswith(PREFIX)}
        return cls(
            reason=Reason(story["reason"]),
            detail=story.get("detail", ""),
            topic=story["topic"],
            partition=int(story["partition"]),
            offset=int(story["offset"]),
            key=key,
            value=None if "tombstone" in story else value,
            headers=tuple((name, text) for name, text in headers if not name.startswith(PREFIX)),
        )
