"""What is shown on `/metrics`: the board that hosts write to, and the server that Prometheus scrapes.

::

    host's thread ──publish──► board ◄──collect── server's thread ◄── GET /metrics
                               ▲
    plain numbers ───watch─────┘ (read at the scrape)

The one rule: nothing is counted here. The board holds whole lists that are replaced, never changed, so no lock is
needed; names, types and meanings come from `streams.metrics` alone.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from schemas.errors import BadSetup
from streams.metrics import METRICS, Durations, Metric, Sample
from streams.ports import Clock


class MetricsBoard(Collector):
    """The samples of one process (a :class:`streams.metrics.Publisher`).

    Parameters
    ----------
    clock
        Its wall side turns moments into ages.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._published: dict[str, Sequence[Sample]] = {}
        self._watched: dict[str, Callable[[], Sequence[Sample]]] = {}

    def publish(self, source: str, samples: Sequence[Sample]) -> None:
        self._published[source] = tuple(samples)

    def watch(self, source: str, read: Callable[[], Sequence[Sample]]) -> None:
        """Read these samples at each scrape, from the server's thread: plain numbers only."""
        self._watched[source] = read

    def collect(self) -> Iterable[Family]:
        """Return everything as Prometheus' client wants it, in the order of the table."""
        samples = [sample for published in list(self._published.values()) for sample in published]
        for read in list(self._watched.values()):
            samples.extend(read())
        found: dict[str, list[Sample]] = {}
        for sample in samples:
            found.setdefault(sample.metric.name, []).append(sample)
        now_ms = self._clock.now_ms()
        return [_family(metric, found[metric.name], now_ms) for metric in METRICS if metric.name in found]


class MetricsServer:
    """`/metrics` over HTTP, on threads of its own, until it is closed (it is a context manager).

    Parameters
    ----------
    board
        What is shown.
    host, port
        Where; port 0 takes a free one.

    Raises
    ------
    BadSetup
        When the address cannot be had.
    """

    def __init__(self, board: MetricsBoard, host: str, port: int) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(board)
        ProcessCollector(registry=registry)
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as refused:
            raise BadSetup(_explain(refused, host, port)) from None
        self.port: int = self._server.server_port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Repeater:
    """Calls something again and again on a thread of its own, until it is closed (it is a context manager).

    Parameters
    ----------
    call
        What is called.
    every_seconds
        The pause after each call.
    """

    def __init__(self, call: Callable[[], None], every_seconds: float) -> None:
        self._call = call
        self._every_seconds = every_seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="repeater", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not joined: a call may be waiting for a broker that is away.
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(self._every_seconds):
            self._call()


def _family(metric: Metric, samples: Iterable[Sample], now_ms: int) -> Family:
    ordered = sorted(samples, key=lambda sample: sample.labels)
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        for sample in ordered:
            assert isinstance(sample.value, Durations), metric.name
            histogram.add_metric(sample.labels, _buckets(sample.value), sample.value.seconds)
        return histogram
    family: CounterMetricFamily | GaugeMetricFamily
    if metric.kind == "counter":
        family = CounterMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    else:
        family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for sample in ordered:
        assert not isinstance(sample.value, Durations), metric.name
        value = (now_ms - sample.value) / 1_000 if metric.kind == "age" else sample.value
        family.add_metric(sample.labels, value)
    return family


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    names = [*(str(bound) for bound in durations.bounds), "+Inf"]
    return [(name, float(count)) for name, count in zip(names, accumulate(durations.counts), strict=True)]


def _explain(refused: OSError, host: str, port: int) -> str:
    if refused.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken: give each process a --metrics-port of its own."
    return f"Metrics cannot be shown at {host}:{port}: {refused.strerror or refused}."
