"""One rule of a mapping at work: the rows of a sheet in, the bytes of its events out.

::

    rows that pass `when` ─► `runs` spread out ─► `once_per` ─► each field's different values checked and written once
                                                             └─► joined by row: {"schema_version":1,"event_id":…}

The one rule: every value is checked and written by the contract itself, one field at a time, so an event of a file is
byte for byte what the contract's own `encode` would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from producers.mappings.columns import Codes, Column, Value, combine
from producers.mappings.formulas import as_text, evaluate, holds
from producers.mappings.mapping import EventRule, Expression, Mapping
from producers.mappings.sheet import Sheet, iso_column
from schemas.context import ContextSignal, Promotion, StoreStatus
from schemas.ids import derive_id, derive_ids
from schemas.quantities import HOUR_MS
from schemas.reasons import Reason, reason_of
from schemas.stock import Availability

_PRICED = ("unit_price", "price", "unit_cost")
#: Contracts that hold until the end of the row's period, where the period has one.
_BOUNDED = (Promotion, ContextSignal, StoreStatus, Availability)


@dataclass(frozen=True, slots=True)
class Block:
    """The events of one rule in one sheet, as columns.

    Parameters
    ----------
    at_ms
        The events' times.
    places
        Where each event's row stands in the sheet.
    keys, values
        The records.
    problems
        By event that the contract refuses: reason and detail.
    """

    at_ms: Codes
    places: Codes
    keys: Sequence[bytes]
    values: Sequence[bytes]
    problems: dict[int, tuple[Reason, str]]


class EventEncoder:
    """One event rule over the chunks of one file; it remembers what `once_per` has seen.

    Parameters
    ----------
    mapping
        The rule's.
    place
        The rule's place in the mapping; part of its events' ids.
    file_name
        The other part.
    """

    def __init__(self, mapping: Mapping, place: int, file_name: str) -> None:
        self.rule: EventRule = mapping.event[place]
        self.kind = self.rule.contract_kind
        self._mapping, self._place, self._file_name = mapping, place, file_name
        self._moment = self.rule.at or self.kind.moment
        self._seen: set[Value] = set()
        self._expressions = _expressions_of(mapping, self.rule)
        contract = self.kind.contract
        # A field may be told to take a number for text: an id such as 36 is text to us.
        self._checks = {
            name: create_model(name, __config__=ConfigDict(coerce_numbers_to_str=True), **_one_field(contract, name))
            for name in self._expressions
        }
        self._order = [name for name in contract.model_fields if name in self._expressions or name == "event_id"]

    def encode(self, sheet: Sheet) -> Block:
        """Return the rule's events for the rows of a sheet."""
        places = np.flatnonzero(holds(self.rule.when, sheet))
        extras: dict[str, Column] = {}
        run_numbers = np.zeros(0, np.int64)
        if self.rule.runs is not None:
            places, extras, run_numbers = self._spread(sheet, places)
        rows = sheet.take(places, extras)
        if self.rule.once_per is not None:
            kept = self._unseen(evaluate(self.rule.once_per, rows))
            rows, places, run_numbers = (
                rows.take(kept),
                places[kept],
                run_numbers[kept] if len(run_numbers) else run_numbers,
            )
        at_ms = rows.periods.start_ms if self._moment == "start" else rows.periods.end_ms
        return self._write(rows, at_ms, places, run_numbers)

    def _write(self, rows: Sheet, at_ms: Codes, places: Codes, run_numbers: Codes) -> Block:
        problems: dict[int, tuple[Reason, str]] = {}
        pieces: list[Sequence[str] | str] = ['{"schema_version":1']
        checked: dict[str, Column] = {}
        for name in self._order:
            if name == "event_id":
                pieces.append(self._ids(rows, run_numbers))
                continue
            column = iso_column(at_ms) if name == self.kind.time_field and name not in self.rule.fields else None
            checked[name] = column if column is not None else evaluate(self._expressions[name], rows)
            pieces.append(self._fragments(name, checked[name], problems))
        pieces.append("}")
        return Block(at_ms, places, self._keys(checked), _join(pieces, len(rows)), problems)

    def _fragments(self, name: str, column: Column, problems: dict[int, tuple[Reason, str]]) -> Sequence[str] | str:
        texts: list[str] = []
        wrong: dict[int, tuple[Reason, str]] = {}
        required = self.kind.contract.model_fields[name].is_required()
        for place, value in enumerate(column.values):
            try:
                texts.append(self._fragment(name, value, required))
            except ValidationError as error:
                texts.append("")
                wrong[place] = reason_of(error)
        for place, story in wrong.items():
            for row in np.flatnonzero(column.codes == place).tolist():
                problems.setdefault(row, story)
        return texts[0] if len(texts) == 1 else [texts[code] for code in column.codes.tolist()]

    def _fragment(self, name: str, value: Value, required: bool) -> str:
        if value is None and not required:
            return ""
        written: str = self._checks[name].model_validate({name: value}).model_dump_json(exclude_none=True)
        return "," + written[1:-1]

    def _ids(self, rows: Sheet, run_numbers: Codes) -> Sequence[str]:
        head = (self._file_name, self._mapping.name)
        numbers = rows.rows.tolist()
        if len(run_numbers):
            ids = [
                derive_id(*head, row, self._place, run) for row, run in zip(numbers, run_numbers.tolist(), strict=True)
            ]
        else:
            ids = derive_ids(head, numbers, self._place)
        return [f',"event_id":"{each}"' for each in ids]

    def _keys(self, checked: dict[str, Column]) -> Sequence[bytes]:
        columns = [checked[name] for name in self.kind.key if name in checked]
        if self.kind.key_head:
            head = self.kind.key_head
            column = combine(columns, lambda *parts: "|".join([head, *(as_text(part) or "" for part in parts)]))
        else:
            (column,) = columns
        keys = [(as_text(value) or "").encode() for value in column.values]
        return [keys[code] for code in column.codes.tolist()]

    def _unseen(self, keys: Column) -> Codes:
        first: dict[int, int] = {}
        for place, code in enumerate(keys.codes.tolist()):
            first.setdefault(code, place)
        kept = sorted(place for code, place in first.items() if keys.values[code] not in self._seen)
        self._seen.update(keys.values[code] for code in first)
        return np.array(kept, np.int64)

    def _spread(self, sheet: Sheet, places: Codes) -> tuple[Codes, dict[str, Column], Codes]:
        assert self.rule.runs is not None  # its only caller has looked
        rule = self.rule.runs
        column = sheet.column(rule.of).take(places)
        runs = [runs_of(value, rule.first_hour, rule.end_hour) for value in column.values]
        counts = np.array([len(each) for each in runs], np.int64)[column.codes]
        spread = np.repeat(places, counts)
        flat = [run for code in column.codes.tolist() for run in runs[code]]
        values, starts, ends = (np.array([run[part] for run in flat], np.int64) for part in range(3))
        midnight = sheet.periods.start_ms[spread]
        numbers = np.arange(len(spread)) - np.repeat(np.cumsum(counts) - counts, counts)
        extras = {
            "run_value": Column.of(values.tolist()),
            "run_start": iso_column(midnight + starts * HOUR_MS),
            "run_end": iso_column(midnight + ends * HOUR_MS),
        }
        return spread, extras, numbers


def runs_of(value: Value, first_hour: int, end_hour: int) -> list[tuple[int, int, int]]:
    """Return the runs of equal values in a list of 24 hours: value, first hour, hour after the last.

    >>> runs_of((0,) * 10 + (1,) * 14, 6, 22)
    [(0, 6, 10), (1, 10, 22)]
    """
    if not isinstance(value, tuple):
        return []
    runs: list[tuple[int, int, int]] = []
    for hour in range(first_hour, min(end_hour, len(value))):
        if runs and runs[-1][0] == value[hour]:
            runs[-1] = (value[hour], runs[-1][1], hour + 1)
        else:
            runs.append((value[hour], hour, hour + 1))
    return runs


def _expressions_of(mapping: Mapping, rule: EventRule) -> dict[str, Expression]:
    """Return the expression of every field: the rule's own, else the mapping's default, else what follows from it."""
    kind = rule.contract_kind
    fields = kind.contract.model_fields
    moments: dict[str, Expression] = {"valid_from": "{start}"}
    if mapping.grain != "line" and kind.contract in _BOUNDED:
        moments["valid_to"] = "{until}"
    found: dict[str, Expression] = {**moments, **mapping.defaults, **kind.fixed, **rule.fields}
    if kind.time_field not in rule.fields:
        found[kind.time_field] = "{end}"  # a place holder: the encoder fills in the event's time
    for name, info in fields.items():
        if name != "schema_version" and not info.is_required() and info.default is not None:
            found.setdefault(name, info.default)
    if mapping.currency is not None and ("zone" in fields or any(name in found for name in _PRICED)):
        found.setdefault("currency", mapping.currency)
    found.setdefault("zone", mapping.zone)
    return {name: expression for name, expression in found.items() if name in fields}


def _one_field(contract: type[BaseModel], name: str) -> dict[str, Any]:
    info = contract.model_fields[name]
    return {name: (info.annotation, info)}


def _join(pieces: Sequence[Sequence[str] | str], rows: int) -> Sequence[bytes]:
    merged: list[Sequence[str] | str] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    columns = [[piece] * rows if isinstance(piece, str) else piece for piece in merged]
    return [text.encode() for text in map("".join, zip(*columns, strict=True))]
