"""What the desk stores: fields of compact JSON, each with its version and checksum.

::

    byte  0         1..4              5..
          version   CRC-32 of the     UTF-8 JSON
                    JSON, big endian

    field             holds
    ---------------   -----------------------------------------------------------
    head              newest `at` and watermark of each task, P, counters
    alert:<alert_id>  facts and clicks of one alert, open or resolved not long ago
    wait:<offset>     one action on an alert that is not known yet, as it came

The one rule: `decode(encode(x))` is `x`, and a field that fails its checksum is never half-read.
"""

from __future__ import annotations

import struct
from typing import TypeVar
from zlib import crc32

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import StateCorrupt
from schemas.fields import Contract
from streams.desk.clicks import UNTOUCHED, Clicks
from streams.desk.deskclock import At
from streams.desk.facts import Facts

_HEADER = struct.Struct(">BI")
_VERSION = 1

HEAD = "head"
ALERT = "alert:"
WAIT = "wait:"


class Entry(Contract):
    """One alert: what is known from findings, and what people did."""

    facts: Facts
    clicks: Clicks = UNTOUCHED


class Head(BaseModel):
    """The desk's clock and counters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: int | None = None
    newest: dict[int, At] = {}
    watermarks: dict[int, int] = {}
    tally: dict[str, int] = {}


class Waiting(BaseModel):
    """An action's record, kept until its alert is known or cannot be any more."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    offset: int
    alert_id: str
    time_ms: int
    key: bytes | None = None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


M = TypeVar("M", bound=BaseModel)


def encode(model: BaseModel) -> bytes:
    """Return a field's value."""
    body = model.model_dump_json(exclude_none=True).encode()
    return _HEADER.pack(_VERSION, crc32(body)) + body


def decode(contract: type[M], name: str, field: bytes) -> M:
    """Return what a field's value holds.

    Raises
    ------
    StateCorrupt
        When version, checksum or content do not fit.
    """
    if len(field) < _HEADER.size or field[0] != _VERSION:
        raise StateCorrupt(f"Field {name} of the desk's state is not of version {_VERSION}.")
    body = field[_HEADER.size :]
    if crc32(body) != _HEADER.unpack_from(field)[1]:
        raise StateCorrupt(f"Field {name} of the desk's state fails its checksum.")
    try:
        return contract.model_validate_json(body)
    except ValidationError as error:
        raise StateCorrupt(f"Field {name} of the desk's state cannot be read: {error.errors()[0]['msg']}.") from error
