"""The event ids seen lately, so that a sender may send again: a ring of digests in pages.

::

    event n ─► slot n mod 16,384 ─► page slot div 256, field `seen:063`, 4 KB of 16-byte digests

The one rule: an id is exact to 128 bits and is forgotten only when 16,384 newer ones have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.errors import StateCorrupt
from schemas.ids import DIGEST_BYTES
from streams.sealing import seal, unseal

#: Three times what `load` can send again when it is run anew after its newest tick.
SEEN_IDS: Final = 16_384
PAGE_IDS: Final = 256

_VERSION = 1
_PAGE_BYTES = PAGE_IDS * DIGEST_BYTES
_SLOTS_DIGITS = 3


class SeenIds:
    """A bounded window of event ids.

    Parameters
    ----------
    count
        Ids ever added.
    state
        Fields of the snapshot.

    Raises
    ------
    StateCorrupt
        When a page that `count` speaks of is missing or broken.

    >>> seen = SeenIds(0, {})
    >>> seen.add(bytes(16))
    >>> bytes(16) in seen
    True
    """

    def __init__(self, count: int, state: Mapping[str, bytes]) -> None:
        self.count = count
        self._ring = bytearray(SEEN_IDS * DIGEST_BYTES)
        self._dirty: set[int] = set()
        held = min(count, SEEN_IDS)
        for page in range(-(-held // PAGE_IDS)):
            self._ring[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES] = _read_page(page, state)
        self._ids = {self._at(slot) for slot in range(held)}

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._ids

    def add(self, digest: bytes) -> None:
        """Remember an id that is not remembered; the oldest one is forgotten when the ring is full."""
        slot = self.count % SEEN_IDS
        if self.count >= SEEN_IDS:
            self._ids.discard(self._at(slot))
        self._ring[slot * DIGEST_BYTES : (slot + 1) * DIGEST_BYTES] = digest
        self._ids.add(digest)
        self._dirty.add(slot // PAGE_IDS)
        self.count += 1

    def dirty_fields(self) -> int:
        """Return how many pages have changed since the last :meth:`writes`."""
        return len(self._dirty)

    def dirty_bytes(self) -> int:
        """Return what :meth:`writes` would weigh."""
        return len(self._dirty) * _PAGE_BYTES

    def writes(self) -> dict[str, bytes]:
        """Return the pages that changed since the last call."""
        pages = sorted(self._dirty)
        self._dirty.clear()
        return {
            _field(page): seal(bytes(self._ring[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES]), _VERSION)
            for page in pages
        }

    def _at(self, slot: int) -> bytes:
        return bytes(self._ring[slot * DIGEST_BYTES : (slot + 1) * DIGEST_BYTES])


def _field(page: int) -> str:
    return f"seen:{page:0{_SLOTS_DIGITS}d}"


def _read_page(page: int, state: Mapping[str, bytes]) -> bytes:
    field = _field(page)
    value = state.get(field)
    if value is None:
        raise StateCorrupt(f"the price desk's field {field!r} is missing: rebuild it from the log.")
    body = unseal(value, field, _VERSION)
    if len(body) != _PAGE_BYTES:
        raise StateCorrupt(f"the price desk's field {field!r} has {len(body)} bytes instead of {_PAGE_BYTES}.")
    return body
