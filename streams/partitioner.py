"""Kafka's own key hash, so that a twin puts a key on the partition where a real producer would.

The one rule: it agrees with librdkafka's `murmur2_random` and the Java client's default for every key there is.
"""

from __future__ import annotations

from functools import lru_cache

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Return the 32-bit MurmurHash2 of a key, seeded as Kafka seeds it.

    References
    ----------
    A. Appleby, MurmurHash2 (public domain), 2008.

    >>> hex(murmur2(b"kafka"))
    '0xd067cf64'
    """
    state = _SEED ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * _FACTOR & _MASK
        word = (word ^ word >> 24) * _FACTOR & _MASK
        state = (state * _FACTOR & _MASK) ^ word
    if whole < len(key):
        state = (state ^ int.from_bytes(key[whole:], "little")) * _FACTOR & _MASK
    state = (state ^ state >> 13) * _FACTOR & _MASK
    return state ^ state >> 15


@lru_cache(maxsize=1 << 17)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that every producer of ours chooses for a key.

    >>> partition_of(b"kafka", 4)
    0
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
