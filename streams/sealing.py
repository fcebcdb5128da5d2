"""How a field of the state is sealed: a format version, the payload, a CRC-32.

::

    byte 0         1 ... n-5   n-4 ... n-1
         version   payload     CRC-32 of all before

The one rule: whatever was not written by this code, whole, is refused; nothing is unpickled.
"""

from __future__ import annotations

from zlib import crc32

from schemas.errors import StateCorrupt

FORMAT_VERSION = 1


def seal(payload: bytes, version: int = FORMAT_VERSION) -> bytes:
    """Return a payload with its version and checksum; a part whose format changes by itself counts its own versions."""
    body = bytes((version,)) + payload
    return body + crc32(body).to_bytes(4, "little")


def unseal(value: bytes, field: str, version: int = FORMAT_VERSION) -> bytes:
    """Return the payload of a sealed field.

    Raises
    ------
    StateCorrupt
        When the version or the checksum does not fit.

    >>> unseal(seal(b"shelf"), "x")
    b'shelf'
    >>> unseal(seal(b"shelf", version=1), "x", version=2)
    Traceback (most recent call last):
    schemas.errors.StateCorrupt: The state field 'x' has format 1, this version reads 2...
    """
    if len(value) < 5 or crc32(value[:-4]) != int.from_bytes(value[-4:], "little"):
        raise StateCorrupt(f"The state field {field!r} fails its checksum.", "demand-monitor state wipe, then replay")
    if value[0] != version:
        raise StateCorrupt(f"The state field {field!r} has format {value[0]}, this version reads {version}.")
    return value[1:-4]
