"""Segments: how the rows of hot series are stored, as a log that is tidied as it grows.

::

    commit n    ─► h:17 [ rows that changed ]                        newest row of a series wins
    commit n+1  ─► h:18 [ rows that changed ┆ what was still needed of h:3 ], h:3 deleted

Under a skewed demand the sales of one second touch a few thousand series scattered over all of them. Pages of
neighbours would be written nearly whole each second, 15 MB for 100,000 series; the rows alone are one or two. So a
commit appends the rows that changed, and tidies the oldest segments when more than half of what is stored is out of
date: each row is moved about once for each time it is written. (Rosenblum, M., Ousterhout, J. K. (1992): The design and
implementation of a log-structured file system. ACM TOCS 10(1).)

The one rule: how rows lie in segments depends on when commits fell, what they say does not; states are compared by
their rows (`canonical_state`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from streams.engine.series import Series
from streams.sealing import seal, unseal

#: Rows of one field at most; some 100 kB.
SEGMENT_ROWS = 1_024
#: More fields than this are tidied even when they are up to date, so that a quiet shop's state stays in few fields.
MAX_SEGMENTS = 512
_FRAME = struct.Struct("<II")
_PREFIX = "h:"


class SegmentLog:
    """Which series' newest rows lie in which segment."""

    def __init__(self) -> None:
        self._members: dict[int, list[Series]] = {}
        self._next = 0
        self._stored = 0

    def append(self, fresh: Sequence[Series], rows: int) -> dict[str, bytes | None]:
        """Return the fields that store the rows of these series; `rows` is how many series there are in all."""
        fields: dict[str, bytes | None] = {}
        if not fresh:
            return fields
        moving = list(fresh)
        for series in moving:
            series.segment = -1
        room = len(moving) + SEGMENT_ROWS
        while room > 0 and self._members and (self._stored > 2 * rows + SEGMENT_ROWS or self._is_scattered()):
            oldest = next(iter(self._members))
            members = self._members.pop(oldest)
            self._stored -= len(members)
            needed = [series for series in members if series.segment == oldest]
            for series in needed:
                series.segment = -1
            moving += needed
            room -= len(needed)
            fields[f"{_PREFIX}{oldest}"] = None
        for begin in range(0, len(moving), SEGMENT_ROWS):
            part = moving[begin : begin + SEGMENT_ROWS]
            fields[f"{_PREFIX}{self._next}"] = seal(b"".join(map(_framed, part)))
            self._take(self._next, part)
        return fields

    def _is_scattered(self) -> bool:
        return len(self._members) > MAX_SEGMENTS

    def _take(self, segment: int, members: list[Series]) -> None:
        for series in members:
            series.segment = segment
        self._members[segment] = members
        self._stored += len(members)
        self._next = segment + 1

    @classmethod
    def load(cls, state: Mapping[str, bytes], series: Sequence[Series]) -> SegmentLog:
        """Return the log in a snapshot, with the newest row put into each of the series."""
        log = cls()
        newest: dict[int, bytes] = {}
        for segment in sorted(int(name[len(_PREFIX) :]) for name in state if name.startswith(_PREFIX)):
            rows = dict(_rows(unseal(state[f"{_PREFIX}{segment}"], f"{_PREFIX}{segment}")))
            newest |= rows
            log._take(segment, [series[index] for index in rows])
        for index, row in newest.items():
            series[index].unpack(row)
        return log


def _framed(series: Series) -> bytes:
    row = series.pack()
    return _FRAME.pack(series.index, len(row)) + row


def _rows(payload: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(payload):
        index, size = _FRAME.unpack_from(payload, at)
        at += _FRAME.size
        yield index, payload[at : at + size]
        at += size
