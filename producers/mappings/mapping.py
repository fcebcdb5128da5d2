"""The mapping language: TOML in, a checked `Mapping` out.

::

    name, about, zone, currency, grain, sorted        what the file is
    [file]      delimiter, encoding, decimal, thousands, missing
    [time]      of + format, or of + epoch + days     when a row happened, in the zone
    [defaults]  field = expression                    for every event whose contract has the field
    [values]    name = expression                     worked out once a row, used as {name}
    [[skip]]    when                                  rows that say nothing
    [[refuse]]  when, reason, detail                  rows that must not become events: quarantine, listed
    [[event]]   kind, when, once_per, at, each, runs, fields

    expression  = number | truth | "text with {names}" | { of = expression, step = …, … }
    condition   = { of = expression, TEST = …, … } | { any = [condition, …] }     `when` lists what must all hold
    TEST        = equals, not_equals, in, not_in, less, at_most, greater, at_least, prefix, no_prefix, missing

`{x}` is a named value, else a column, else a moment of the row's period: `start`, `end`, `until` (where the next
begins), `day_until`; in a rule with `runs` also `run_value`, `run_start`, `run_end`. The one rule: what the contract
would refuse of every row is refused when the mapping is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from producers.mappings.kinds import KINDS, Kind
from producers.mappings.transforms import TRANSFORMS
from schemas.currencies import MINOR_DECIMALS
from schemas.errors import UnknownMapping
from schemas.reasons import Reason

Grain = Literal["line", "hour", "day", "week", "month"]
#: Fields that the rows machinery fills when a rule leaves them out.
_FILLED = frozenset(
    {"schema_version", "event_id", "event_time", "kind", "entity", "known_at", "valid_from", "valid_to"}
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Formula(_Part):
    """An expression with steps; they act in the order in which they stand here."""

    of: Expression | None = None
    pick: str | None = None
    transform: str | None = None
    upper: bool = False
    lower: bool = False
    map: dict[str, str | float | bool] | None = None
    otherwise: str | float | bool | None = None
    number: bool = False
    times: Expression | None = None
    over: Expression | None = None
    plus: Expression | None = None
    absolute: bool = False
    lowest: float | None = None
    highest: float | None = None
    decimals: int | None = None
    longest: int | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Formula:
        if (self.of is None) == (self.pick is None):
            raise ValueError("an expression table needs either `of` or `pick`")
        if self.transform is not None and self.transform not in TRANSFORMS:
            raise ValueError(f"no transform {self.transform!r}; there are {', '.join(TRANSFORMS)}")
        return self

    @property
    def numeric(self) -> bool:
        """Whether a step needs a number."""
        steps = (self.times, self.over, self.plus, self.lowest, self.highest, self.decimals)
        return self.number or self.absolute or any(step is not None for step in steps)


Expression = bool | int | float | str | Formula


class Condition(_Part):
    """One test of a row; a missing value passes no comparison."""

    of: Expression | None = None
    any: tuple[Condition, ...] | None = None
    equals: str | float | bool | None = None
    not_equals: str | float | bool | None = None
    among: Annotated[tuple[str | float, ...] | None, Field(alias="in")] = None
    not_among: Annotated[tuple[str | float, ...] | None, Field(alias="not_in")] = None
    less: str | float | None = None
    at_most: str | float | None = None
    greater: str | float | None = None
    at_least: str | float | None = None
    prefix: str | tuple[str, ...] | None = None
    no_prefix: str | tuple[str, ...] | None = None
    missing: bool | None = None

    @model_validator(mode="after")
    def _tests_something(self) -> Condition:
        tests = self.model_fields_set - {"of", "any"}
        if (self.any is None and (self.of is None or not tests)) or (self.any is not None and (self.of or tests)):
            raise ValueError("a condition is `of` with a test, or `any` alone")
        return self


class FileRule(_Part):
    """How the file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ("",)


class TimeRule(_Part):
    """When a row happened: text in a `format` of strptime, or a number of days (from `first`) since `epoch`."""

    of: Expression
    format: str | None = None
    epoch: str | None = None
    days: int = 1
    first: int = 0

    @model_validator(mode="after")
    def _has_one_way(self) -> TimeRule:
        if (self.format is None) == (self.epoch is None):
            raise ValueError("[time] needs either `format` or `epoch`")
        return self


class SkipRule(_Part):
    """Rows that say nothing."""

    when: tuple[Condition, ...]


class RefuseRule(_Part):
    """Rows that must not become events; they are quarantined with the reason."""

    when: tuple[Condition, ...]
    reason: Reason
    detail: str


class RunRule(_Part):
    """One event for each run of equal values in a list of 24 hours, within [first_hour, end_hour)."""

    of: str
    first_hour: Annotated[int, Field(ge=0, le=23)] = 0
    end_hour: Annotated[int, Field(ge=1, le=24)] = 24


class EventRule(_Part):
    """One event that a row yields."""

    kind: str
    when: tuple[Condition, ...] = ()
    once_per: str | None = None
    at: Literal["start", "end"] | None = None
    runs: RunRule | None = None
    fields: dict[str, Expression] = {}

    @model_validator(mode="after")
    def _fits_the_contract(self) -> EventRule:
        if self.kind not in KINDS:
            raise ValueError(f"no kind {self.kind!r}; there are {', '.join(KINDS)}")
        strange = set(self.fields) - set(self.contract_kind.contract.model_fields)
        if strange:
            raise ValueError(f"{self.kind} has no field {', '.join(sorted(strange))}")
        return self

    @property
    def contract_kind(self) -> Kind:
        """The kind's row of the table."""
        return KINDS[self.kind]


class Mapping(_Part):
    """How one kind of file becomes events."""

    name: str
    about: str = ""
    zone: str
    currency: str | None = None
    grain: Grain
    sorted: bool = False
    file: FileRule = FileRule()
    time: TimeRule
    defaults: dict[str, Expression] = {}
    values: dict[str, Expression] = {}
    skip: tuple[SkipRule, ...] = ()
    refuse: tuple[RefuseRule, ...] = ()
    event: tuple[EventRule, ...] = Field(min_length=1)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone {zone!r}") from error
        return zone

    @field_validator("currency")
    @classmethod
    def _currency_exists(cls, currency: str | None) -> str | None:
        if currency is not None and currency not in MINOR_DECIMALS:
            raise ValueError(f"no currency {currency!r}")
        return currency

    @model_validator(mode="after")
    def _fills_every_field(self) -> Mapping:
        for place, rule in enumerate(self.event):
            contract = rule.contract_kind.contract
            known = _FILLED | set(rule.fields) | set(self.defaults) | ({"currency"} if self.currency else set())
            lacking = [name for name, info in contract.model_fields.items() if info.is_required() and name not in known]
            if lacking:
                raise ValueError(f"event {place} ({rule.kind}) lacks {', '.join(lacking)}")
        return self


def read_mapping(name_or_path: str) -> Mapping:
    """Return a mapping that ships with the product, or that of a TOML file.

    Parameters
    ----------
    name_or_path
        Such as `uci-online-retail`, or a path that ends in `.toml`.

    Raises
    ------
    UnknownMapping
        When there is none, or it does not fit the language.

    >>> read_mapping("uci-online-retail").grain
    'line'
    """
    if name_or_path.endswith(".toml"):
        try:
            text = Path(name_or_path).read_text(encoding="utf-8")
        except OSError as error:
            raise UnknownMapping(f"The mapping {name_or_path} cannot be read: {error.strerror}.") from None
    elif name_or_path in shipped():
        text = (resources.files(__package__) / f"{name_or_path}.toml").read_text(encoding="utf-8")
    else:
        names = ", ".join(shipped())
        raise UnknownMapping(f"No mapping {name_or_path!r}; there are {names}.", "demand-monitor mapping suggest FILE")
    return parse_mapping(text, name_or_path)


def parse_mapping(text: str, origin: str) -> Mapping:
    """Return the mapping in a TOML text.

    Raises
    ------
    UnknownMapping
        Naming `origin`, the place in the text and what is wrong.
    """
    try:
        table = tomllib.loads(text)
        table["event"] = [rule for raw in table.get("event", []) for rule in _each(raw)]
        return Mapping.model_validate(table)
    except tomllib.TOMLDecodeError as error:
        raise UnknownMapping(f"The mapping {origin} is no TOML: {error}.") from None
    except ValidationError as error:
        # Of the forms that an expression may take, the one that was meant got furthest.
        first = max(error.errors(include_url=False), key=lambda each: len(each["loc"]))
        where = ".".join(str(part) for part in first["loc"]) or "mapping"
        raise UnknownMapping(f"The mapping {origin} does not fit at {where}: {first['msg']}.") from None


def shipped() -> tuple[str, ...]:
    """Return the names of the mappings that ship with the product."""
    return tuple(
        sorted(entry.name[:-5] for entry in resources.files(__package__).iterdir() if entry.name[-5:] == ".toml")
    )


def _each(raw: object) -> list[object]:
    # `each = { j = ["1", "2"] }` writes the rule once for every choice, with <j> in its texts replaced.
    if not isinstance(raw, dict) or "each" not in raw:
        return [raw]
    rest = {name: part for name, part in raw.items() if name != "each"}
    rules: list[object] = [rest]
    for name, choices in raw["each"].items():
        rules = [_replace(rule, f"<{name}>", str(choice)) for rule in rules for choice in choices]
    return rules


def _replace(part: object, mark: str, text: str) -> object:
    if isinstance(part, str):
        return part.replace(mark, text)
    if isinstance(part, Table):
        return {name: _replace(inner, mark, text) for name, inner in part.items()}
    return [_replace(inner, mark, text) for inner in part] if isinstance(part, list) else part
