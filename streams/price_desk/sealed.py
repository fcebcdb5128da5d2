"""Fields of the state as bytes that know whether they are whole: version, body, CRC-32.

::

    byte  0        1 … n-5   n-4 … n-1
          version  body      CRC-32 of all before (big-endian)

The one rule: a field that does not fit is refused, never repaired; the log can rebuild it.
"""

from __future__ import annotations

from zlib import crc32

from schemas.errors import StateCorrupt

_CRC_BYTES = 4


def seal(version: int, body: bytes) -> bytes:
    """Return the field's bytes.

    >>> unseal("head", 1, seal(1, b"body"))
    b'body'
    """
    head = bytes((version,)) + body
    return head + crc32(head).to_bytes(_CRC_BYTES, "big")


def unseal(field: str, version: int, value: bytes) -> bytes:
    """Return the body of a sealed field.

    Raises
    ------
    StateCorrupt
        When the checksum or the version does not fit.

    >>> unseal("head", 2, seal(1, b"body"))
    Traceback (most recent call last):
    schemas.errors.StateCorrupt: the price desk's field 'head' has format 1, this version reads 2...
    """
    head, crc = value[:-_CRC_BYTES], value[-_CRC_BYTES:]
    if not head or crc32(head).to_bytes(_CRC_BYTES, "big") != crc:
        raise StateCorrupt(f"the price desk's field {field!r} fails its checksum: rebuild it from the log.")
    if head[0] != version:
        raise StateCorrupt(f"the price desk's field {field!r} has format {head[0]}, this version reads {version}.")
    return head[1:]
