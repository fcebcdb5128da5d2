"""Ids made from causes: the same cause has the same id on every run, so readers can drop what they have seen.

The one rule: an id is a digest of names and event times; never of floats, model versions, offsets or batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

#: Bytes of a dedupe id: exact to 128 bits, whatever text the sender uses.
DIGEST_BYTES = 16


def derive_id(*parts: str | int) -> str:
    """Return the 128-bit id, in hexadecimal, of an ordered list of parts.

    >>> derive_id("stockout_risk", "s1", "milk", 1700) == derive_id("stockout_risk", "s1", "milk", 1700)
    True
    >>> derive_id("a", "bc") == derive_id("ab", "c")
    False
    """
    text = "\x1f".join(str(part) for part in parts)
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def derive_ids(head: Sequence[str | int], tails: Iterable[str | int], *ends: str | int) -> list[str]:
    """Return the ids of many lists of parts that differ in one part, without joining the others each time.

    >>> derive_ids(("file", "mapping"), (7, 8), 0) == [derive_id("file", "mapping", row, 0) for row in (7, 8)]
    True
    """
    before = "".join(f"{part}\x1f" for part in head)
    after = "".join(f"\x1f{part}" for part in ends)
    return [blake2b(f"{before}{tail}{after}".encode(), digest_size=DIGEST_BYTES).hexdigest() for tail in tails]


def dedupe_key(event_id: str) -> bytes:
    r"""Return the 16 bytes under which an event id is remembered.

    Ids of 32 hexadecimal digits are taken as they are, others are digested; a UUID with hyphens is digested too.

    >>> dedupe_key("00" * 15 + "ff") == bytes(15) + b"\xff"
    True
    """
    if len(event_id) == 2 * DIGEST_BYTES:
        try:
            return bytes.fromhex(event_id)
        except ValueError:
            pass
    return blake2b(event_id.encode(), digest_size=DIGEST_BYTES).digest()
