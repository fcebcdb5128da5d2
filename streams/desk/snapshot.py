"""What the desk stores: fields of compact JSON, sealed as every field of the state is (`streams.sealing`).

::

    field             holds
    ---------------   -----------------------------------------------------------
    head              newest `at` and watermark of each task, P, counters
    alert:<alert_id>  facts and clicks of one alert, open or resolved not long ago
    wait:<offset>     one action on an alert that is not known yet, as it came

The one rule: `decode(encode(x))` is `x`, and a field that fails its checksum is never half-read.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import StateCorrupt
from schemas.fields import Contract
from streams.at import At
from streams.desk.clicks import UNTOUCHED, Clicks
from streams.desk.facts import Facts
from streams.sealing import seal, unseal

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
    return seal(model.model_dump_json(exclude_none=True).encode())


def decode(contract: type[M], name: str, field: bytes) -> M:
    """Return what a field's value holds.

    Raises
    ------
    StateCorrupt
        When version, checksum or content do not fit.
    """
    try:
        return contract.model_validate_json(unseal(field, name))
    except ValidationError as error:
        raise StateCorrupt(f"The state field {name!r} cannot be read: {error.errors()[0]['msg']}.") from error
