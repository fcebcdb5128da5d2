"""A progress line for loads, on standard error where that is a terminal, silent elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from demand_monitor.printing import error_console
from schemas.quantities import to_datetime


class LoadProgress:
    """Shows how far a load has come.

    Parameters
    ----------
    name
        What is loaded.
    """

    def __init__(self, name: str) -> None:
        console = error_console()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[events]} events, up to {task.fields[moment]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(name, total=None, events="0", moment="–")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def moved(self, events: int, tick_ms: int) -> None:
        """Take note of a tick."""
        moment = f"{to_datetime(tick_ms):%Y-%m-%d %H:%M}"
        self._progress.update(self._task, events=f"{events:,}", moment=moment)
