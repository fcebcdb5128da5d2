"""The small part of the state that every step changes: counters, and what the state was made for.

The one rule: a state made for another number of partitions is refused; its rivals live elsewhere now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.errors import StateCorrupt, TornTask
from streams.sealing import seal, unseal

#: The field's name.
HEAD: Final = "head"

_VERSION = 1


class Head(NamedTuple):
    """Partitions of the topic, ids ever seen, records by fate."""

    partitions: int
    seen: int
    fates: dict[str, int]

    def encode(self) -> bytes:
        """Return the field's bytes."""
        return seal(json.dumps(self._asdict(), sort_keys=True, separators=(",", ":")).encode(), _VERSION)


def read_head(state: Mapping[str, bytes], partitions: int) -> Head:
    """Return the head in a snapshot; a fresh one where nothing was ever committed.

    Raises
    ------
    StateCorrupt
        When it is broken, or missing beside other state.
    TornTask
        When it was made for another number of partitions.
    """
    value = state.get(HEAD)
    if value is None:
        if state:
            raise StateCorrupt("the price desk has state but no head: rebuild it from the log.")
        return Head(partitions, 0, {})
    try:
        fields = json.loads(unseal(value, HEAD, _VERSION))
        head = Head(int(fields["partitions"]), int(fields["seen"]), dict(fields["fates"]))
    except (ValueError, TypeError, KeyError) as error:
        raise StateCorrupt(f"the price desk's head is unreadable: {error}") from error
    if head.partitions != partitions:
        raise TornTask(
            f"price-observations.v1 has {partitions} partitions, the price desk's state was made for "
            f"{head.partitions}. Replay into a new --prefix and switch."
        )
    return head
