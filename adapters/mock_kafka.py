"""A broker in this process: librdkafka's mock cluster, for the demo on a machine without Kafka.

::

    client (never sends) ──owns──► mock cluster ──listens──► 127.0.0.1:port ◄── every client of this process

It keeps about 5 MB a partition, creates no topic on request and finds no offset by time, so topics are made here, and
whoever writes must not run far ahead of whoever reads. The client library gives Python no handle of it: it is reached
by its C interface, in the library that the client's own wheel brings along.

The one rule: it is a stage for a play, never a place where data is kept.
"""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from schemas.errors import BadSetup

_PRODUCER: Final = 0
_PLACES: Final = ("confluent_kafka.libs", "confluent_kafka/.dylibs")
_NEXT: Final = "demand-monitor demo --bootstrap HOST:PORT"


class MockKafka:
    """A broker with topics, until it is closed.

    Raises
    ------
    BadSetup
        When this build of the client brings no mock cluster along.
    """

    def __init__(self) -> None:
        self._library = _library()
        error = ctypes.create_string_buffer(512)
        conf = self._library.rd_kafka_conf_new()
        # Its own lines (that it knows no broker) would only confuse.
        self._library.rd_kafka_conf_set(conf, b"log_level", b"0", error, len(error))
        self._client: int | None = self._library.rd_kafka_new(_PRODUCER, conf, error, len(error))
        if not self._client:
            raise BadSetup(f"The mock broker could not be started: {error.value.decode()}.", _NEXT)
        # Its thread ends when a signal interrupts it; made while every signal is blocked, it never gets one.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        # Groups of one member need not wait for others.
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 100)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic.

        Raises
        ------
        BadSetup
            When it is there already, or the name cannot be used.
        """
        code = self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, 1)
        if code:
            raise BadSetup(f"The mock broker refuses topic {topic} (librdkafka's error {code}).", _NEXT)

    def close(self) -> None:
        """End the broker; clients that still ask get no answer."""
        if self._client:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._client = None


@cache
def _library() -> ctypes.CDLL:
    for path in _candidates():
        try:
            library = ctypes.CDLL(str(path))
            return _declare(library)
        except (OSError, AttributeError):
            continue
    raise BadSetup("The installed Kafka client brings no mock broker along.", _NEXT)


def _candidates() -> Iterator[Path]:
    """Yield where the library may be: beside the package in a wheel, or linked into its only module."""
    spec = find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent
    for place in _PLACES:
        yield from sorted((package.parent / place).glob("*rdkafka*"))
    yield from sorted(package.glob("cimpl*"))


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    """State the signatures that are used; a pointer taken for an int would be cut to 32 bits."""
    pointer, text, number, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, ()),
        ("rd_kafka_conf_set", number, (pointer, text, text, text, size)),
        ("rd_kafka_new", pointer, (number, pointer, text, size)),
        ("rd_kafka_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_new", pointer, (pointer, number)),
        ("rd_kafka_mock_cluster_bootstraps", text, (pointer,)),
        ("rd_kafka_mock_cluster_destroy", None, (pointer,)),
        ("rd_kafka_mock_topic_create", number, (pointer, text, number, number)),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, (pointer, ctypes.c_int32)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library
