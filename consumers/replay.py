"""Replay: any past, from files or from topics, through the very processors that run live, in memory.

::

    files  ─► rows, ticks ─► Chain ─► outputs ─► Collector ─► Report
    topics ─► ticks from T on bound every input; state is empty, or comes from the warm-up before T

The one rule: nothing live is read but the log, and nothing is written: no group, no commits.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from consumers.topic_log import TopicLog
from schemas.quarantine import Headers
from schemas.ticks import TickSource
from schemas.topics import QUARANTINE, Topic
from streams.chain import Chain
from streams.engine.promotion_book import PromotionBook
from streams.outcome import Output
from streams.ports import Clock
from streams.report import (
    Collector,
    Report,
    count_events,
    count_lost,
    count_money,
    count_outliers,
    rank_candidates,
    score_forecasts,
    sum_promotions,
)


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
        for engine in chain.engines:
            engine.core.promotions = PromotionBook(engine.core)

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

    def read(self, log: TopicLog, until_ms: int | None, since_ms: int | None = None) -> None:
        """Play a range of the topics: from where the chain's tasks begin up to the last tick before `until_ms`.

        Clicks before `since_ms` are not heard; None hears all.

        Raises
        ------
        BadSetup
            When there is no tick in the range.
        """
        log.read_into(self.chain, until_ms, since_ms)
        self._events = sum(
            engine.core.emitter.counts.get(name, 0)
            for engine in self.chain.engines
            for name in ("accepted", "duplicate")
        )

    # --- the report --------------------------------------------------------------------------------------------

    def report(
        self, sources: Sequence[str], seed: int | None = None, starts_empty_at: datetime | None = None
    ) -> Report:
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
            money=count_money(engines),
            promotions=sum_promotions(engines),
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
            starts_empty_at=starts_empty_at,
            versions=versions(),
            lost_sales=count_lost(engines),
            outliers=count_outliers(engines),
            periods_slept=sum(engine.core.emitter.counts.get("periods_slept", 0) for engine in engines),
            candidates=rank_candidates(engines),
        )


def versions() -> dict[str, str]:
    """Return the versions on which a result may depend."""
    names = ("demand-monitor", "river", "numpy", "pydantic")
    found = {name: importlib.metadata.version(name) for name in names}
    return {**found, "python": platform.python_version()}
