"""The price desk's host without its client: what happens between a reader of Kafka and the tasks.

::

                     ┌── handle ◄── records ──┐
    commit loop ──► tasks                   reader (Faust)
                     └── take, hand over ◄────┘   on each rebalance

The one rule: any failure ends the host at once; nothing is written after it, and a restart reads from the marks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from consumers.meter import Meter
from consumers.price_tasks import PricePorts, PriceTasks
from schemas.errors import BadSetup
from streams.ports import Clock, Journal, Place, Record
from streams.price_desk.rules import PriceRules

#: How long the group waits for its members at a rebalance.
REBALANCE_SECONDS: Final = 6.0


class Reader(Protocol):
    """What the host needs of the client that reads for it."""

    async def open(self) -> None:
        """Connect and join the group; BrokerDown when nobody answers."""

    async def advise(self, positions: Mapping[Place, int]) -> None:
        """Tell Kafka how far the marks are, for lag tools; a refusal is not an error."""

    async def leave(self) -> None:
        """Leave the group, in bounded time."""

    def failure(self) -> BaseException | None:
        """Return why the reader has given up; None while it reads."""


@dataclass(frozen=True, slots=True)
class PriceSettings:
    """How the host runs.

    Parameters
    ----------
    bootstrap
        The brokers, `host:port,host:port`.
    worker
        A name that no other process, and no earlier run, has: the owner of the tasks.
    group
        The consumer group; an installation's prefix is part of it.
    prefix
        Of the topics' names.
    properties
        librdkafka's; those about security are mapped, the others mean nothing to this client.
    commit_interval_seconds, commit_events
        A commit is due after so long, or so many records.
    patience_seconds
        How long a store that does not answer is asked again.
    stall_seconds
        How long records may wait unhandled before the process ends itself.
    """

    bootstrap: str
    worker: str
    group: str = "demand-monitor-prices"
    prefix: str = ""
    properties: Mapping[str, str] | None = None
    commit_interval_seconds: float = 1.0
    commit_events: int = 5_000
    patience_seconds: float = 30.0
    stall_seconds: float = 60.0


class PriceHost:
    """Runs the price desk on the current event loop until it is stopped or fails.

    The ports' calls block. What may take long (take, flush and commit) runs in a thread; `send`, which only queues,
    blocks the loop for as long as the outlet's queue is full.

    Parameters
    ----------
    settings
        How it runs.
    ports
        The world; the caller opens and closes them.
    rules
        What makes a price believable.
    meter
        Publishes its numbers; None where nobody looks.
    """

    def __init__(
        self,
        settings: PriceSettings,
        ports: PricePorts,
        rules: PriceRules | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.settings = settings
        self.tasks = PriceTasks(ports, settings.worker, settings.prefix, rules, settings.patience_seconds)
        self.ready = threading.Event()
        self._ports = ports
        self._meter = meter
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._may_take = False
        self._events = 0

    @property
    def clock(self) -> Clock:
        """The clock among the ports."""
        return self._ports.clock

    @property
    def journal(self) -> Journal:
        """The journal among the ports."""
        return self._ports.journal

    async def run(self, make_reader: Callable[[PriceHost, Path], Reader]) -> None:
        """Read, handle and commit until :meth:`stop`; then commit once more and leave the group.

        Parameters
        ----------
        make_reader
            Makes the reader, given this host and a folder for what it must write; called on the running loop.

        Raises
        ------
        Fenced, Gap
            When another worker has taken a task, or the store was rolled back.
        BadSetup
            When a topic is missing, or a state does not fit its log.
        Outage
            When a server stays away.
        """
        self._loop = asyncio.get_running_loop()
        self._wake, self._room, self._one_commit = asyncio.Event(), asyncio.Event(), asyncio.Lock()
        self._room.set()
        with TemporaryDirectory(prefix="demand-prices-") as folder:
            try:
                await self._check_topic()
                await self._run_with(make_reader(self, Path(folder)))
            except BaseException as error:
                self._fail(error)
                raise

    def stop(self) -> None:
        """End the run, from any thread: what is in hand is committed first."""
        self._stopping.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def handle(self, place: Place, record: Record) -> None:
        """Handle one record for the agent; after a failure or a stop it never returns.

        Faust acknowledges whatever its agent comes back from, so coming back is a promise. A record that waits while a
        commit runs may be overtaken by a rebalance: its place is no longer held when its turn comes, it is dropped,
        and read again from the mark by whoever holds the place next.
        """
        await self._room.wait()
        if self._failure is not None or self._stopping.is_set():
            await _for_ever()
        try:
            self._handle_now(place, record)
        except BaseException as error:
            self._fail(error)
            await _for_ever()

    async def take(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """Take places and return where each is to be read; empty while a rebalance has them in the air."""
        if not self._may_take or not places:
            return {}
        try:
            async with self._one_commit:
                starts = await asyncio.to_thread(self.tasks.take, places)
        except BaseException as error:
            self._fail(error)
            await _for_ever()
            raise
        self.ready.set()
        return starts

    def allow_taking(self, is_given_places: bool) -> None:
        """The group has told what this worker holds."""
        self._may_take = True
        if not is_given_places:
            # It stands by.
            self.ready.set()

    def forbid_taking(self) -> None:
        """The group is about to deal anew: whoever took a place now would fence its next owner."""
        self._may_take = False

    async def hand_over(self) -> None:
        """Commit what is in hand and forget it, within the time the group grants."""
        if self._failure is not None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._commit_and_release()), 0.9 * REBALANCE_SECONDS)
        except BaseException as error:
            self._fail(error)

    async def _check_topic(self) -> None:
        partitions = await asyncio.to_thread(self._ports.admin.partitions)
        if self.tasks.topic not in partitions:
            raise BadSetup(f"There is no topic {self.tasks.topic}.", "demand-monitor topics create")

    async def _run_with(self, reader: Reader) -> None:
        try:
            await reader.open()
            await self._commit_until_stopped(reader)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._may_take = False
            self.tasks.release()
            await reader.leave()

    def _handle_now(self, place: Place, record: Record) -> None:
        self.tasks.handle(place, record)
        self._events += 1
        if self._events >= self.settings.commit_events or self.tasks.is_full():
            self._room.clear()
            self._wake.set()

    async def _commit_and_release(self) -> None:
        await self._commit()
        self.tasks.release()

    async def _commit(self) -> None:
        async with self._one_commit:
            # Nothing is handled meanwhile: an outlet is not asked to send and to flush at once.
            self._room.clear()
            pending = self.tasks.collect()
            self._events = 0
            await asyncio.to_thread(self.tasks.commit, pending)
            self._room.set()

    async def _commit_until_stopped(self, reader: Reader) -> None:
        stopping = False
        while not stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.settings.commit_interval_seconds)
            self._wake.clear()
            stopping = self._stopping.is_set()
            failure = self._failure or reader.failure()
            if failure is not None:
                raise failure
            await self._commit()
            if self._meter is not None and self._meter.is_due():
                self._meter.publish(self.tasks.desks(), (), self.tasks.positions())
            await reader.advise(self.tasks.committed())

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._ports.journal.note("price_desk_failed", error=type(error).__name__, detail=str(error)[:500])
        self._wake.set()


async def _for_ever() -> None:
    await asyncio.Event().wait()
