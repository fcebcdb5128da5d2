"""Files become events in the order of time: shared by `load`, which sends them, and `replay`, which handles them.

::

    file ─► chunks ─► Sheet ─► rules ─► blocks ─► [held back: what a later row may precede] ─► batches ─┐
    file ─► …                                                                                           ├─► merged
    a refused row ─► quarantine.v1, with its reason and the row as it came                              ┘

The one rule: the same files and mappings give the same events in the same order, so that "the first n of them were
sent" says where to go on.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from producers.mappings.columns import Codes
from producers.mappings.files import Chunk, digest_file, read_chunks, read_headers
from producers.mappings.formulas import as_text, evaluate, holds, names_of, patterns_of
from producers.mappings.mapping import Mapping
from producers.mappings.rules import Block, EventEncoder
from producers.mappings.sheet import MOMENTS, Sheet
from schemas.errors import BadSetup, UnknownMapping
from schemas.quarantine import Headers, Refusal
from schemas.reasons import Reason
from schemas.topics import OBSERVATIONS, QUARANTINE, Topic

CHUNK_ROWS = 65_536
_RUN_NAMES = ("run_value", "run_start", "run_end")


class RowEvent(NamedTuple):
    """One event of one row of a file, ready to be sent; a refused row has a `reason` and goes to quarantine."""

    event_time_ms: int
    topic: Topic
    key: bytes | None
    value: bytes
    source: int
    row: int
    headers: Headers = ()
    reason: Reason | None = None


Batch = Sequence[RowEvent]


class RowFile:
    """One file and its mapping.

    Parameters
    ----------
    path
        CSV (also compressed) or Parquet.
    mapping
        How its rows become events.
    source
        The file's place among the inputs.
    chunk_rows
        Rows worked on at a time.
    """

    def __init__(self, path: Path, mapping: Mapping, source: int = 0, chunk_rows: int = CHUNK_ROWS) -> None:
        self.path, self.mapping, self.source = path, mapping, source
        self._chunk_rows = chunk_rows

    def batches(self) -> Iterator[Batch]:
        """Yield the file's events in order of time, then of row, then of rule.

        Raises
        ------
        UnknownMapping
            When the mapping does not fit the file, or says `sorted` of a file that is not.
        BadSetup
            When the file cannot be read.
        """
        encoders = [EventEncoder(self.mapping, place, self.path.name) for place in range(len(self.mapping.event))]
        held: list[RowEvent] = []
        latest_ms: int | None = None
        for sheet in self._sheets():
            if len(sheet) == 0:
                continue
            latest_ms = self._check_order(sheet, latest_ms)
            held.extend(self._events_of(sheet, encoders, latest_ms))
            held.sort(key=itemgetter(0))
            ready = _count_up_to(held, latest_ms)
            if ready:
                yield held[:ready]
                del held[:ready]
        if held:
            yield held

    def _sheets(self) -> Iterator[Sheet]:
        size = self._chunk_rows if self.mapping.sorted else None
        for chunk in read_chunks(self.path, self._columns(), self.mapping.file, size):
            if self.mapping.sorted:
                yield Sheet(self.mapping, chunk)
            else:
                yield from self._sort(chunk)

    def _sort(self, chunk: Chunk) -> Iterator[Sheet]:
        order = np.argsort(Sheet(self.mapping, chunk).periods.start_ms, kind="stable")
        for first in range(0, len(order), self._chunk_rows):
            yield Sheet(self.mapping, chunk.take(order[first : first + self._chunk_rows]))

    def _columns(self) -> frozenset[str]:
        headers = read_headers(self.path, self.mapping.file)
        picked = {name for pattern in patterns_of(self.mapping) for name in headers if pattern.fullmatch(name)}
        own = {*self.mapping.values, *MOMENTS, *_RUN_NAMES} - set(headers)
        return frozenset((names_of(self.mapping) | picked) - own)

    def _check_order(self, sheet: Sheet, latest_ms: int | None) -> int:
        starts = sheet.periods.start_ms[~sheet.periods.unreadable]
        if len(starts) == 0 and latest_ms is None:
            how = self.mapping.time.format or "a number"
            raise UnknownMapping(f"No time of the first rows of {self.path.name} can be read as {how}: mend [time].")
        if len(starts) == 0:
            return latest_ms or 0
        back = np.flatnonzero(np.diff(starts, prepend=starts[0] if latest_ms is None else latest_ms) < 0)
        if self.mapping.sorted and len(back):
            row = int(sheet.rows[~sheet.periods.unreadable][back[0]])
            raise UnknownMapping(
                f"Row {row} of {self.path.name} is older than the row before it, but the mapping {self.mapping.name} "
                "says `sorted = true`; set it to false to sort the file in memory."
            )
        return int(starts[-1])

    def _events_of(self, sheet: Sheet, encoders: Sequence[EventEncoder], latest_ms: int) -> Iterator[RowEvent]:
        refusals, alive = self._refuse(sheet, latest_ms)
        living = sheet.take(alive)
        parts: list[list[RowEvent]] = [refusals]
        orders: list[tuple[Codes, Codes]] = [_order_of(refusals, sheet)]
        for encoder in encoders:
            block = encoder.encode(living)
            parts.append(self._block_events(block, encoder, living))
            orders.append((block.at_ms, alive[block.places]))
        events = list(chain.from_iterable(parts))
        rule = np.concatenate([np.full(len(part), place) for place, part in enumerate(parts)])
        at_ms = np.concatenate([order[0] for order in orders])
        places = np.concatenate([order[1] for order in orders])
        return map(events.__getitem__, np.lexsort((rule, places, at_ms)).tolist())

    def _block_events(self, block: Block, encoder: EventEncoder, sheet: Sheet) -> list[RowEvent]:
        rows = sheet.rows[block.places].tolist()
        topic = encoder.kind.topic
        records = zip(
            block.at_ms.tolist(), repeat(topic), block.keys, block.values, repeat(self.source), rows,
            repeat(()), repeat(None),
        )  # fmt: skip
        events = list(map(RowEvent._make, records))
        for place, (reason, detail) in block.problems.items():
            story = f"{encoder.rule.kind}: {detail}"
            events[place] = self._refusal(sheet, int(block.places[place]), reason, story, events[place].event_time_ms)
        return events

    def _refuse(self, sheet: Sheet, latest_ms: int) -> tuple[list[RowEvent], Codes]:
        open_rows = ~sheet.periods.unreadable
        times_ms = _fill_times(sheet, latest_ms)
        refusals = [
            self._refusal(sheet, place, Reason.SCHEMA, "the row's time cannot be read", int(times_ms[place]))
            for place in np.flatnonzero(~open_rows).tolist()
        ]
        for skip in self.mapping.skip:
            open_rows &= ~holds(skip.when, sheet)
        for rule in self.mapping.refuse:
            caught = np.flatnonzero(holds(rule.when, sheet) & open_rows)
            details = evaluate(rule.detail, sheet.take(caught)).to_list() if len(caught) else []
            for place, detail in zip(caught.tolist(), details, strict=True):
                at_ms = int(sheet.periods.end_ms[place])
                refusals.append(self._refusal(sheet, place, rule.reason, as_text(detail) or rule.detail, at_ms))
            open_rows[caught] = False
        return refusals, np.flatnonzero(open_rows)

    def _refusal(self, sheet: Sheet, place: int, reason: Reason, detail: str, at_ms: int) -> RowEvent:
        row = int(sheet.rows[place])
        cells = sheet.cells(place)
        value = json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode()
        story = Refusal(reason, detail, self.path.name, 0, row, None, value)
        return RowEvent(at_ms, QUARANTINE, None, value, self.source, row, story.to_headers(), reason)


class RowSource:
    """Any number of files with their mappings, merged by event time.

    Parameters
    ----------
    inputs
        Pairs of a file and its mapping; at equal times the earlier pair comes first.
    chunk_rows
        Rows of a file worked on at a time.

    Raises
    ------
    BadSetup
        When there is no input, or the same file with the same mapping twice.
    """

    def __init__(self, inputs: Sequence[tuple[Path, Mapping]], chunk_rows: int = CHUNK_ROWS) -> None:
        if not inputs:
            raise BadSetup("There is no input.", "demand-monitor load FILE --mapping NAME")
        if len({(path.name, mapping.name) for path, mapping in inputs}) < len(inputs):
            raise BadSetup(
                "Two inputs have the same file name and the same mapping: their events would have the same ids."
            )
        self.files = [RowFile(path, mapping, place, chunk_rows) for place, (path, mapping) in enumerate(inputs)]

    @property
    def name(self) -> str:
        """The files' names."""
        return "+".join(file.path.name for file in self.files)

    @property
    def zone(self) -> str:
        """The zone in which days begin: the first mapping's."""
        return self.files[0].mapping.zone

    @property
    def period(self) -> Literal["day", "week", "month"]:
        """The period that the finest grain among the mappings can close."""
        grains = {file.mapping.grain for file in self.files}
        if grains & {"line", "hour", "day"}:
            return "day"
        return "week" if "week" in grains else "month"

    @property
    def observes_prices(self) -> bool:
        """Whether any rule gives records for the price desk."""
        return any(rule.contract_kind.topic is OBSERVATIONS for file in self.files for rule in file.mapping.event)

    def digest(self) -> str:
        """Return the SHA-256 of files and mappings together, in hexadecimal: other rules give other events."""
        parts = [digest_file(file.path) + file.mapping.model_dump_json() for file in self.files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def batches(self) -> Iterator[Batch]:
        """Yield all events in order of time; the errors are those of :meth:`RowFile.batches`."""
        if len(self.files) == 1:
            yield from self.files[0].batches()
            return
        streams = [chain.from_iterable(file.batches()) for file in self.files]
        merged = heapq.merge(*streams, key=itemgetter(0))
        while batch := list(islice(merged, 8192)):
            yield batch

    def first_ms(self) -> int | None:
        """Return the time of the first event; None when there is none."""
        first = next(self.batches(), None)
        return first[0].event_time_ms if first else None


def _order_of(refusals: Sequence[RowEvent], sheet: Sheet) -> tuple[Codes, Codes]:
    at_ms = np.array([each.event_time_ms for each in refusals], np.int64)
    by_row = {row: place for place, row in enumerate(sheet.rows.tolist())} if refusals else {}
    return at_ms, np.array([by_row[each.row] for each in refusals], np.int64)


def _fill_times(sheet: Sheet, latest_ms: int) -> Codes:
    """Return each row's start; a row without a readable time stands with the row before it."""
    unreadable, start_ms = sheet.periods.unreadable, sheet.periods.start_ms
    if unreadable.all():
        return np.full(len(start_ms), latest_ms, np.int64)
    first_ms = start_ms[~unreadable][0]
    filled: Codes = np.maximum.accumulate(np.where(unreadable, first_ms, start_ms))
    return filled


def _count_up_to(events: Sequence[RowEvent], latest_ms: int) -> int:
    # A later row begins at `latest_ms` or after it: what stands up to there can go.
    return bisect_right(events, latest_ms, key=itemgetter(0))
