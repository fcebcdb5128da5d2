"""What a person sees while the market plays: a live table on a terminal, plain lines elsewhere.

The one rule: a screen shows what the feed brought; it keeps no alert that the feed's board does not hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from consumers.cards import to_line
from schemas.alerts import Alert
from schemas.signals import Severity
from streams.desk.phrases import clip, moment, money

#: Lines of alerts where there is no terminal.
PLAIN_LINES: Final = 40
_ROWS: Final = 12
_LAST: Final = 6
_NAME: Final = 34
_ORDER: Final[dict[Severity, int]] = {"critical": 0, "warning": 1, "info": 2}
_STYLES: Final[dict[Severity, str]] = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_OPEN: Final = ("firing", "acknowledged")


@dataclass(frozen=True, slots=True)
class Scene:
    """How far the play has come.

    Parameters
    ----------
    day, days
        Local days of the market sent, and in all.
    events
        Records sent.
    events_per_second
        Since the start.
    moment
        The market's time.
    """

    day: int
    days: int
    events: int
    events_per_second: float
    moment: datetime | None


class Screen(Protocol):
    """Shows a play."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, scene: Scene, fresh: Sequence[Alert], board: Sequence[Alert]) -> None:
        """Show how it stands.

        Parameters
        ----------
        scene
            How far it has come.
        fresh
            Revisions that have arrived since the last time, in order.
        board
            Every alert in its newest revision.
        """


def is_news(alert: Alert) -> bool:
    """Return whether this revision is an alert's first, and is shown to anybody."""
    return alert.revision == 1 and alert.state in _OPEN


class PlainScreen:
    """Lines, spread over the market's days, so that a log shows all of it and stays short.

    Parameters
    ----------
    console
        Where they go.
    lines
        The most lines.
    """

    def __init__(self, console: Console, lines: int = PLAIN_LINES) -> None:
        self._console, self._lines = console, lines
        self._printed = 0
        self._held_back = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held_back:
            self._console.print(f"… and {self._held_back} more")

    def show(self, scene: Scene, fresh: Sequence[Alert], board: Sequence[Alert]) -> None:
        """Print what has opened, as long as the market's days allow another line."""
        allowed = 1 + (self._lines - 1) * scene.day // max(1, scene.days)
        for alert in filter(is_news, fresh):
            if self._printed < allowed:
                self._printed += 1
                self._console.print(to_line(alert), soft_wrap=True)
            else:
                self._held_back += 1


class LiveScreen:
    """A progress bar, the worst open alerts, and the last ones that opened.

    Parameters
    ----------
    console
        A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._last: deque[Alert] = deque(maxlen=_LAST)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, scene: Scene, fresh: Sequence[Alert], board: Sequence[Alert]) -> None:
        """Draw everything anew."""
        self._last.extend(filter(is_news, fresh))
        self._live.update(
            Group(_head(scene), _table(board), Text("Last", style="bold"), *_lines(self._last)), refresh=True
        )


def _head(scene: Scene) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    when = moment(scene.moment) if scene.moment is not None else "–"
    grid.add_row(
        Text(f"day {scene.day} of {scene.days}"),
        ProgressBar(total=scene.days, completed=scene.day, width=30),
        Text(when),
        Text(f"{scene.events:,} events"),
        Text(f"{scene.events_per_second:,.0f} a second", style="dim"),
    )
    return grid


def _table(board: Sequence[Alert]) -> RenderableType:
    open_now = [alert for alert in board if alert.state in _OPEN]
    open_now.sort(key=lambda alert: (_ORDER[alert.severity], -(alert.money_at_risk or 0.0), alert.alert_id))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    for name in ("kind", "product", "store", "at risk", "runs out", "state"):
        table.add_column(name, justify="right" if name == "at risk" else "left", no_wrap=True)
    for alert in open_now[:_ROWS]:
        table.add_row(*_cells(alert))
    for _ in range(_ROWS - len(open_now)):
        table.add_row()
    return Panel(table, title=f"{len(open_now)} open alerts", title_align="left", border_style="dim")


def _cells(alert: Alert) -> tuple[Text, ...]:
    runs_out = alert.times.get("runs_out_p50")
    return (
        Text(alert.kind.replace("_", " "), style=_STYLES[alert.severity]),
        Text(clip(alert.names.product or alert.sku or alert.source or "–", _NAME)),
        Text(alert.names.store or alert.store_id or "all"),
        Text(money(alert.money_at_risk, alert.currency) if alert.money_at_risk is not None else "–"),
        Text(moment(runs_out) if runs_out is not None else "–"),
        Text(alert.state),
    )


def _lines(last: Sequence[Alert]) -> list[Text]:
    lines = [to_line(alert) for alert in last]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines
