"""Life-cycle events as JSON lines on a stream that is handed in: for people with `grep` and machines with `jq`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TextIO

from streams.ports import Clock


class JsonJournal:
    """A journal (:class:`streams.ports.Journal`) that writes and flushes one line an event.

    Parameters
    ----------
    stream
        Where the lines go, standard error as a rule.
    clock
        Where `time` comes from.
    **always
        Fields of every line: the processor, the worker's id.

    >>> import sys
    >>> from adapters.memory_clock import MemoryClock
    >>> JsonJournal(sys.stdout, MemoryClock(), processor="engine").note("task_taken", task="engine:3")
    {"time":"1970-01-01T00:00:00.000+00:00","event":"task_taken","processor":"engine","task":"engine:3"}
    """

    def __init__(self, stream: TextIO, clock: Clock, **always: str | int | float | bool | None) -> None:
        self._stream = stream
        self._clock = clock
        self._always = always

    def note(self, event: str, **fields: str | int | float | bool | None) -> None:
        time = datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "event": event, **self._always, **fields}
        self._stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._stream.flush()
