"""The price desk's host on Faust: reads observations, keeps its references in the store, never trusts Kafka's offsets.

::

    Faust's consumer ──► agent (three lines) ──► PriceTasks.handle ──► outlet
            ▲                                          │
            │ seek to the store's marks                │ each second, or when a task is full
            └────────── take ◄──── store ◄──── collect, flush, commit ────► Kafka's offsets, as advice

What Faust would do and must not: acknowledge an event whose agent raised (so the agent's body never raises), read on
from Kafka's committed offset (`seek_to_committed` is overridden: a seek anywhere else is undone by its recovery), end
quietly when a commit is refused (the first failure ends the process), and judge by its own log that a stream stalls.

The one rule: nothing of Faust is known outside this module, and nothing of the price desk's rules inside it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import faust
from aiokafka import TopicPartition
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from consumers.broker_login import read_login
from consumers.price_host import REBALANCE_SECONDS, PriceHost
from consumers.stall_watch import StallWatch
from schemas.errors import BadSetup, BrokerDown, DemandError
from streams.ports import Place, Record

#: Exit code of a process that its stall watch has ended.
STALLED: Final = 3

_LEAVE_SECONDS: Final = 10.0
#: How long the broker may hold a fetch open, as for our other readers; Faust's 1.5 s is no setting of Faust.
_FETCH_WAIT_MS: Final = 100
_ADVICE_SECONDS: Final = 1.0
_NOISE: Final = ("aiokafka", "faust", "mode", __name__)
_FOR_THE_OPERATOR: Final = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)


class PriceConsumer(Consumer):
    """Faust's consumer, reading from the store's marks instead of Kafka's committed offsets."""

    _advising: asyncio.Future[None] | None = None

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the marks; Faust's recovery calls this last before the flow begins."""
        # Records that a rebalance has overtaken never reach a task: it is not held, or they lie before its position.
        host = cast("PriceApp", self.app).host
        wait_ms = (host.settings.properties or {}).get("fetch.wait.max.ms", _FETCH_WAIT_MS)
        self._thread._ensure_consumer()._fetcher._fetch_max_wait_ms = int(wait_ms)
        assigned = self.assignment()
        starts = await host.take(sorted(Place(*tp) for tp in assigned))
        marks = {TP(*place): offset for place, offset in starts.items()}
        if marks:
            await self.seek_wait(marks)
        return marks

    async def advise(self, positions: Mapping[Place, int]) -> None:
        """Tell Kafka how far the marks are, for lag tools; a refusal is not an error, nor is a slow answer."""
        if self._advising is not None and not self._advising.done():
            return
        assigned = self.assignment()
        offsets = {TopicPartition(*place): at for place, at in positions.items() if TP(*place) in assigned}
        if offsets:
            # Not through Faust's queue of calls: a coordinator that is away would stop the fetching too.
            advice = asyncio.run_coroutine_threadsafe(self._advise(offsets), self._thread.thread_loop)
            self._advising = asyncio.wrap_future(advice)
            await asyncio.wait([self._advising], timeout=_ADVICE_SECONDS)

    def close_unused_loop(self) -> None:
        """Close the loop of a thread that never started; Faust closes only the loop of one that ended."""
        loop = self._thread.thread_loop
        if not loop.is_running():
            loop.close()

    async def _advise(self, offsets: Mapping[TopicPartition, int]) -> None:
        with suppress(KafkaError):
            await self._thread._ensure_consumer().commit(dict(offsets))

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # Faust's own acknowledgements run ahead of the store, and a refused one would crash the app.
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Say nothing: Faust's stall log is wrong for a topic without news; `StallWatch` looks from outside."""


class PriceTransport(Transport):
    """Faust's transport with our consumer."""

    Consumer = PriceConsumer


class PriceApp(faust.App):
    """Faust's app, telling the host what the group deals out and takes back."""

    host: PriceHost

    async def open(self) -> None:
        """Connect and join the group."""
        try:
            await self.start()
        except KafkaError as error:
            raise _translated(error) from error

    async def advise(self, positions: Mapping[Place, int]) -> None:
        """Tell Kafka how far the marks are."""
        if positions:
            await cast("PriceConsumer", self.consumer).advise(positions)

    async def leave(self) -> None:
        """Leave the group; where that takes too long, it notices by itself within the session time-out."""
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(self.stop(), _LEAVE_SECONDS)
        if self._consumer is not None:
            cast("PriceConsumer", self._consumer).close_unused_loop()

    def failure(self) -> BaseException | None:
        """Why Faust has given up; None while it runs."""
        if not self.crashed:
            return None
        reason = self._crash_reason
        return _translated(reason) if isinstance(reason, KafkaError) else reason

    def _new_transport(self) -> PriceTransport:
        return PriceTransport(self.conf.broker_consumer, self)

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        self.host.forbid_taking()
        await super()._on_partitions_revoked(revoked)
        await self.host.hand_over()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.host.allow_taking(bool(assigned))
        await super()._on_partitions_assigned(assigned, generation_id)


def _translated(error: KafkaError) -> DemandError:
    if isinstance(error, _FOR_THE_OPERATOR):
        return BadSetup(f"The price desk cannot read from Kafka: {error}.")
    return BrokerDown(f"Kafka did not answer: {error}.")


def faust_credentials(properties: Mapping[str, str]) -> faust.auth.Credentials | None:
    """Return Faust's credentials for librdkafka's properties; None for a broker that asks for nothing.

    Raises
    ------
    BadSetup
        When a property about security cannot be mapped.

    >>> faust_credentials({"linger.ms": "5"})
    >>> faust_credentials({"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
    ...                    "sasl.username": "lima", "sasl.password": "secret"})
    <SASLCredentials: username=lima>
    """
    login = read_login(properties)
    if login.mechanism is not None:
        return faust.SASLCredentials(
            username=login.username,
            password=login.password,
            mechanism=login.mechanism,
            ssl_context=login.ssl_context,
        )
    return None if login.ssl_context is None else faust.SSLCredentials(login.ssl_context)


def make_app(host: PriceHost, folder: Path) -> PriceApp:
    """Return the Faust app that hands every observation to the host.

    Parameters
    ----------
    host
        Handles the records.
    folder
        Faust's data folder; nothing that matters is kept in it.
    """
    for name in _NOISE:
        # Whatever ends the host is raised and stands in the journal; these would say it again as tracebacks.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    settings = host.settings
    app = PriceApp(
        settings.group,
        broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
        broker_credentials=faust_credentials(settings.properties or {}),
        broker_session_timeout=6,
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=REBALANCE_SECONDS,
        consumer_auto_offset_reset="earliest",
        datadir=folder,
        key_serializer="raw",
        producer_max_request_size=2_097_152,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        value_serializer="raw",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.host = host
    topic = app.topic(
        host.tasks.topic,
        allow_empty=True,
        key_serializer="raw",
        key_type=bytes,
        value_serializer="raw",
        value_type=bytes,
    )

    @app.agent(topic, concurrency=1, name="price-desk")
    async def price_desk(stream: Any) -> None:
        async for event in stream.events():
            await host.handle(*_message(event.message))

    return app


def _message(message: Any) -> tuple[Place, Record]:
    record = Record(message.offset, message.key, message.value, tuple(message.headers or ()))
    return Place(message.topic, message.partition), record


async def run_prices(host: PriceHost) -> None:
    """Run the host on Faust, on the current event loop, until it is stopped or fails."""
    await host.run(make_app)


def serve_prices(host: PriceHost, watch: StallWatch | None = None) -> None:
    """Run the host as this process's only work: SIGTERM and SIGINT drain it.

    Parameters
    ----------
    host
        The price desk.
    watch
        Looks from a thread of its own whether the host still moves; a stall ends the process at once.

    Raises
    ------
    DemandError
        What ended it, other than being asked to; it stands in the journal too.
    """
    if watch is not None:
        threading.Thread(target=_watch, args=(host, watch), name="stall-watch", daemon=True).start()
    asyncio.run(_run_with_signals(host))


async def _run_with_signals(host: PriceHost) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.stop)
    await run_prices(host)


def _watch(host: PriceHost, watch: StallWatch) -> None:
    while True:
        host.clock.sleep(host.settings.stall_seconds / 6)
        place = watch.stalled()
        if place is not None:
            host.journal.note("stalled", partition=place.partition, seconds=host.settings.stall_seconds)
            # A hanging loop answers neither a signal nor an exception.
            os._exit(STALLED)


class PriceThread:
    """The host on an event loop in a thread of its own, for a process with other work: the demo.

    Parameters
    ----------
    host
        The price desk.
    """

    def __init__(self, host: PriceHost) -> None:
        self._host = host
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="price-desk", daemon=True)

    def start(self, wait_seconds: float = 30.0) -> None:
        """Start, and return when the group has dealt and every place is sought to its mark.

        Raises
        ------
        BrokerDown
            When that takes longer than `wait_seconds`.
        """
        self._thread.start()
        if not self._host.ready.wait(wait_seconds):
            self._host.stop()
            raise BrokerDown(f"The price desk has not joined its group within {wait_seconds} s.")
        self.check()

    def check(self) -> None:
        """Raise what has ended the host, if anything has."""
        if self._failure is not None:
            raise self._failure

    def stop(self, wait_seconds: float = 30.0) -> None:
        """Drain, commit, leave the group, and raise what has ended the host, if anything has."""
        self._host.stop()
        self._thread.join(wait_seconds)
        self.check()

    def _run(self) -> None:
        try:
            asyncio.run(run_prices(self._host))
        except BaseException as error:
            self._failure = error
        finally:
            self._host.ready.set()
