"""Showing a process on `/metrics` while it works: off unless `metrics_port` is set.

The one rule: whether anybody looks changes nothing of what a process does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from demand_monitor.wiring import Wiring
from streams.metrics import BUILD, Sample
from streams.ports import Place

_LAG_SECONDS: Final = 2.0


@contextmanager
def observed(
    wiring: Wiring, command: str, positions: Callable[[], Mapping[Place, int]] | None = None
) -> Iterator[None]:
    """Serve `/metrics` while the body runs, if a port is set.

    Parameters
    ----------
    wiring
        Of the process.
    command
        Its name.
    positions
        The next offset to be handled of each place that it holds, for its lag; None where it has none.

    Raises
    ------
    BadSetup
        When the address is taken.
    """
    settings, board = wiring.settings, wiring.metrics
    if board is None or settings.metrics_port is None:
        yield
        return
    from adapters.metrics import MetricsServer, Repeater

    with ExitStack() as stack:
        board.publish("build", [Sample(BUILD, (command, _version()), 1)])
        server = stack.enter_context(MetricsServer(board, settings.metrics_host, settings.metrics_port))
        if positions is not None:
            stack.enter_context(Repeater(wiring.lag_watch(positions, board).look, _LAG_SECONDS))
        wiring.journal.note("metrics_served", host=settings.metrics_host, port=server.port)
        yield


def _version() -> str:
    try:
        return version("demand-monitor")
    except PackageNotFoundError:
        return "unknown"
