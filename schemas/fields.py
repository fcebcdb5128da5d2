"""The types that fields are made of, each with its bounds, so that a bound is stated once.

The one rule: a bound here is one that no real shop passes; anything tighter is a setting, not a schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

#: An id that joins others into keys (`store|sku`), so it holds no bar, no brace and no control character.
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^|{}\x00-\x1f\x7f]+$")]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Text = Annotated[str, StringConstraints(max_length=500)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Units = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
UnitsOrZero = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
SignedUnits = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)]
Hours = Annotated[float, Field(ge=0, le=8760, allow_inf_nan=False)]
Time = AwareDatetime
Version = Literal[1]


class Contract(BaseModel):
    """Base of every contract: frozen, and strict about unknown fields when *writing*.

    Reading is tolerant: `schemas.reading` drops fields that this version does not know, so a sender may move first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def encode(self) -> bytes:
        """Return the record's value: compact JSON without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()


class Event(Contract):
    """Something that happened: it has an id that survives a resend, and an aware event time."""

    schema_version: Version = 1
    event_id: EventId
    event_time: Time
