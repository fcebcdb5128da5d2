"""The hosts of an installation as threads of one process.

::

    start ─► price desk (Faust, a loop of its own), demand engine, alert desk ─► each fails for all
    stop  ─► each commits and leaves

The one rule: what ends one host ends the demo: it is kept by name, and raised to whoever asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from demand_monitor.wiring import Wiring
from schemas.errors import DemandError
from streams.ports import Journal

_LEAVE_SECONDS: Final = 10.0
_PRICE_COMMIT_SECONDS: Final = 0.05


class HostEnded(DemandError):
    """A host of the demo has ended before its time; the message is a sentence for a person."""


class Host:
    """Something that runs in a thread until it is told to stop.

    Parameters
    ----------
    name
        For people.
    run
        The work; what it raises is kept.
    stop
        Asks it to end.
    journal
        Told what has ended it.
    """

    def __init__(self, name: str, run: Callable[[], object], stop: Callable[[], None], journal: Journal) -> None:
        self.name = name
        self._run, self._stop, self._journal = run, stop, journal
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise what has ended it, if anything has."""
        if self._failure is not None:
            raise as_sentence(self.name, self._failure)

    def stop(self) -> None:
        """Ask it to end, and wait a while."""
        self._stop()
        if self._thread.is_alive():
            self._thread.join(_LEAVE_SECONDS)

    def _work(self) -> None:
        try:
            self._run()
        except BaseException as failure:
            self._failure = failure
            self._journal.note("host_failed", host=self.name, error=type(failure).__name__, detail=str(failure)[:2_000])


class Hosts:
    """The three hosts, started together and ended together.

    Parameters
    ----------
    wiring
        Of the installation.
    """

    def __init__(self, wiring: Wiring) -> None:
        from consumers.prices import PriceThread

        engine, desk = wiring.engine_worker(), wiring.desk_worker()
        # The loader waits for its commits, day by day.
        swift = wiring.settings.model_copy(update={"commit_interval_seconds": _PRICE_COMMIT_SECONDS})
        self._prices = PriceThread(Wiring(swift, wiring.journal, wiring.clock).price_host())
        self._workers = [
            Host("The demand engine", engine.run, engine.stop, wiring.journal),
            Host("The alert desk", desk.run, desk.stop, wiring.journal),
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        try:
            self._guard(self._prices.start)
        except HostEnded:
            self._stop_workers()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_workers()
        try:
            self._guard(self._prices.stop)
        except HostEnded:
            if error is None:
                raise

    def check(self) -> None:
        """Raise what has ended a host, if anything has.

        Raises
        ------
        HostEnded
            Naming the host.
        """
        for worker in self._workers:
            worker.check()
        self._guard(self._prices.check)

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.stop()

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as failure:
            raise as_sentence("The price desk", failure) from failure


def as_sentence(name: str, failure: BaseException) -> DemandError:
    """Return a failure as one sentence that names the host.

    >>> print(as_sentence("The alert desk", ValueError("odd")))
    The alert desk has ended: ValueError: odd
    """
    if isinstance(failure, HostEnded):
        return failure
    reason = str(failure) if isinstance(failure, DemandError) else f"{type(failure).__name__}: {failure}"
    return HostEnded(f"{name} has ended: {reason}")
