"""Replay: any past, from files or from topics, through the very processors that run live, in memory.

::

    files  ─► rows, ticks ─► Chain ─► outputs ─► Collector ─► Report
    topics ─► ticks from T on bound every input; state comes from the warm-up before T

The one rule: nothing live is read but the log, and nothing is written: no group, no commits.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import itertools
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from schemas.errors import BadEvent, BadSetup, BrokerDown
from schemas.quantities import to_ms
from schemas.quarantine import Headers
from schemas.reading import read_action
from schemas.ticks import Tick, TickSource
from schemas.topics import (
    ACTIONS,
    CATALOG,
    CONTEXT,
    OBSERVATIONS,
    PRICES,
    QUARANTINE,
    SALES,
    SIGNALS,
    STOCK,
    TICKS,
    Topic,
    full_name,
)
from streams.chain import Chain, at_of
from streams.desk.deskclock import At
from streams.outcome import Output
from streams.ports import Clock, Inlet, Place, Record, TopicAdmin
from streams.report import Collector, Report, count_events, score_forecasts

_POLL_RECORDS = 20_000
_POLL_SECONDS = 0.5
_PATIENCE_POLLS = 120


class SourceEvent(Protocol):
    """One event of a source, ready to be sent; quarantined rows carry their story in the headers."""

    @property
    def event_time_ms(self) -> int: ...
    @property
    def topic(self) -> Topic: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes: ...
    @property
    def headers(self) -> Headers: ...


class SourceTick(Protocol):
    """A tick due in a source."""

    @property
    def t_ms(self) -> int: ...
    @property
    def records(self) -> int: ...
    @property
    def done(self) -> bool: ...


class Replay:
    """One replay.

    Parameters
    ----------
    chain
        The processors; its outputs go to `collector`.
    collector
        Takes every output.
    clock
        For the seconds of the report.
    on_progress
        Called at each tick with the events so far and the tick's time.
    """

    def __init__(
        self,
        chain: Chain,
        collector: Collector,
        clock: Clock,
        on_progress: Callable[[int, int], None] = lambda events, t_ms: None,
    ) -> None:
        self.chain = chain
        self.collector = collector
        self._clock = clock
        self._on_progress = on_progress
        self._started = clock.monotonic_seconds()
        self._events = 0

    # --- from a source -----------------------------------------------------------------------------------------

    def play(self, steps: Iterable[Sequence[SourceEvent] | SourceTick], name: str, digest: str) -> None:
        """Play events and the ticks due between them.

        Parameters
        ----------
        steps
            Runs of events in the order of time, and ticks.
        name, digest
            The source's, for the ticks.
        """
        for step in steps:
            if isinstance(step, Sequence):
                self._put(step)
                self._events += len(step)
            else:
                self.chain.tick(step.t_ms, TickSource(name, digest, step.records, step.done))
                self._on_progress(self._events, step.t_ms)

    def _put(self, events: Sequence[SourceEvent]) -> None:
        for topic, run in itertools.groupby(events, key=lambda event: event.topic):
            if topic is QUARANTINE:
                for event in run:
                    self.collector.take(Output(QUARANTINE, event.key, event.value, event.headers))
            else:
                self.chain.put_all(topic, [(event.key, event.value) for event in run])

    # --- from topics -------------------------------------------------------------------------------------------

    def read(self, log: TopicLog, until_ms: int | None) -> None:
        """Play a range of the topics: from the oldest record up to the last tick before `until_ms`.

        Raises
        ------
        BadSetup
            When there is no tick in the range.
        """
        log.read_into(self.chain, until_ms)
        self._events = sum(
            engine.core.emitter.counts.get(name, 0)
            for engine in self.chain.engines
            for name in ("accepted", "duplicate")
        )

    # --- the report --------------------------------------------------------------------------------------------

    def report(self, sources: Sequence[str], seed: int | None = None) -> Report:
        """Return what came of it."""
        engines = self.chain.engines
        shop = self.chain.settings.shop
        seconds = max(1e-9, self._clock.monotonic_seconds() - self._started)
        events = count_events(engines, self.collector.quarantined)
        closed = sum(engine.core.emitter.counts.get("periods_closed", 0) for engine in engines)
        early = Counter[str]()
        for engine in engines:
            counts = engine.core.emitter.counts
            early.update({name: counts.get(f"early_{name}", 0) for name in ("confirmed", "withdrawn")})
        return Report(
            events=events,
            observations=dict(sum((Counter(desk.fates()) for desk in self.chain.price_desks), Counter[str]())),
            series=sum(len(engine.core.table) for engine in engines),
            periods_closed=closed,
            forecasts_issued=self.collector.forecasts,
            forecast=score_forecasts(engines),
            alerts=self.collector.kinds(),
            early=dict(early),
            seconds=round(seconds, 3),
            events_per_second=round(events.read / seconds, 1),
            closes_per_second=round(closed / seconds, 1),
            partitions=self.chain.settings.tasks,
            seed=seed,
            period=shop.period,
            models=shop.models,
            sources=tuple(sources),
            versions=versions(),
        )


class TopicLog:
    """The topics of one prefix, read by hand-assigned places up to a tick.

    Parameters
    ----------
    inlet, admin
        The ports.
    prefix
        The installation's.
    tasks
        Number of partitions (P).
    """

    def __init__(self, inlet: Inlet, admin: TopicAdmin, prefix: str, tasks: int) -> None:
        self._inlet, self._admin, self._prefix, self._tasks = inlet, admin, prefix, tasks

    def read_into(self, chain: Chain, until_ms: int | None) -> None:
        """Feed every record below the ends of the last tick before `until_ms`, and the ticks themselves."""
        ticks = {task: self._ticks(task, until_ms) for task in range(self._tasks)}
        if not any(ticks.values()):
            raise BadSetup("There is no tick in the range, so nothing is in order.", "demand-monitor heartbeat")
        ends = self._ends(ticks)
        topics = {full_name(topic, self._prefix): topic for topic in (CATALOG, CONTEXT, *_KEYED)}
        if chain.settings.recompute_prices:
            observed = full_name(OBSERVATIONS, self._prefix)
            topics[observed] = OBSERVATIONS
            ends |= self._admin.ends([Place(observed, task) for task in range(self._tasks)])
        for place in sorted(ends, key=lambda place: (place.topic not in self._whole_names(), place)):
            topic = topics.get(place.topic)
            if topic is not None and not (topic is PRICES and chain.settings.recompute_prices):
                self._read_place(place, ends[place], partial(chain.feed, topic, place.partition))
        for task, records in ticks.items():
            if records:
                chain.feed(TICKS, task, records, records[-1].offset + 1)
        chain.run_as_recorded(self._spoken(), self._clicked(until_ms))

    def _spoken(self) -> list[tuple[int, At]]:
        """Return where each signal stands on its topic: between tasks that order is nowhere else."""
        place = Place(full_name(SIGNALS, self._prefix), 0)
        found: list[tuple[int, At]] = []

        def take(records: Sequence[Record], position: int) -> None:
            for record in records:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    at = at_of(record.value)
                    if 0 <= at[0] < self._tasks:
                        found.append((record.offset, at))

        self._read_place(place, self._admin.ends([place])[place], take)
        return found

    def _clicked(self, until_ms: int | None) -> list[tuple[int, Record]]:
        """Return what people clicked up to a time, with its time; what cannot be read is heard at once, and refused."""
        place = Place(full_name(ACTIONS, self._prefix), 0)
        found: list[tuple[int, Record]] = []

        def take(records: Sequence[Record], position: int) -> None:
            for record in records:
                t_ms = 0
                with contextlib.suppress(BadEvent):
                    t_ms = to_ms(read_action(record.value).event_time)
                if until_ms is None or t_ms <= until_ms:
                    found.append((t_ms, record))

        self._read_place(place, self._admin.ends([place])[place], take)
        return found

    def _whole_names(self) -> tuple[str, str]:
        return full_name(CATALOG, self._prefix), full_name(CONTEXT, self._prefix)

    def _ticks(self, task: int, until_ms: int | None) -> list[Record]:
        place = Place(full_name(TICKS, self._prefix), task)
        found: list[Record] = []
        self._read_place(place, self._admin.ends([place])[place], lambda records, position: found.extend(records))
        return [record for record in found if until_ms is None or _time_of(record) <= until_ms]

    def _ends(self, ticks: Mapping[int, Sequence[Record]]) -> dict[Place, int]:
        ends: dict[Place, int] = {}
        for task, records in ticks.items():
            for record in records:
                try:
                    tick = Tick.decode(record.value or b"")
                except BadEvent:
                    continue
                named = {SALES: tick.sales, STOCK: tick.stock, PRICES: tick.prices}
                places = {Place(full_name(topic, self._prefix), task): end for topic, end in named.items()}
                places[Place(full_name(CONTEXT, self._prefix), 0)] = tick.context
                places[Place(full_name(CATALOG, self._prefix), 0)] = tick.catalog
                for place, end in places.items():
                    ends[place] = max(end, ends.get(place, 0))
        return ends

    def _read_place(self, place: Place, end: int, take: Callable[[Sequence[Record], int], None]) -> None:
        position = self._admin.starts([place])[place]
        take((), position)
        if position >= end:
            return
        self._inlet.assign({place: position})
        for _ in range(_PATIENCE_POLLS):
            for chunk in self._inlet.poll(_POLL_RECORDS, _POLL_SECONDS):
                position = chunk.position
                below = [record for record in chunk.records if record.offset < end]
                take(below, min(position, end))
            if position >= end:
                self._inlet.assign({})
                return
        raise BrokerDown(f"{place.topic}[{place.partition}] could not be read up to {end}.")


#: Keyed inputs of the engine that a range is read from.
_KEYED = (SALES, STOCK, PRICES)


def _time_of(record: Record) -> int:
    try:
        return Tick.decode(record.value or b"").t_ms
    except BadEvent:
        return -1


def versions() -> dict[str, str]:
    """Return the versions on which a result may depend."""
    names = ("demand-monitor", "river", "numpy", "pydantic")
    found = {name: importlib.metadata.version(name) for name in names}
    return {**found, "python": platform.python_version()}
