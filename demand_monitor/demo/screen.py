"""What a person sees while the market plays: a live table on a terminal, plain lines elsewhere.

::

    width       80 ……… 99    100 …… 139   140 ………    columns have fixed widths, so that nothing jumps from one
    columns     kind         + runs out   + state    picture to the next; the product takes what is left
                product
                store
                at risk
    height      the rows of the table; a picture is never higher than the terminal, or it could not be taken away

The one rule: a screen shows what the feed brought; it keeps no alert that the feed's board does not hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from consumers.cards import to_line
from schemas.alerts import Alert
from schemas.signals import Severity
from streams.desk.phrases import moment, money

#: Lines of alerts where there is no terminal.
PLAIN_LINES: Final = 40
_ROWS: Final = 12
_LAST: Final = 6
#: Lines besides the rows and the last alerts: head, frame, headings, and one above and one below the picture.
_FRAME: Final = 7
_MOMENT: Final = len("Wed 23 Apr 11:24")
_LOW: Final = 24
_NARROW: Final = 100
_WIDE: Final = 120
_WIDEST: Final = 140
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
        self._console = console
        self._live = Live(Text("Starting …", style="dim"), console=console, auto_refresh=False, transient=True)
        self._last: deque[Alert] = deque(maxlen=_LAST)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, scene: Scene, fresh: Sequence[Alert], board: Sequence[Alert]) -> None:
        """Draw everything anew."""
        self._last.extend(filter(is_news, fresh))
        width, height = self._console.size
        lines = _LAST if height >= _LOW else _LAST // 2
        # Tasks do not wait for each other, so what they find arrives in no order.
        last = sorted(self._last, key=lambda alert: (alert.opened_at, alert.alert_id))[-lines:]
        table = _table(board, width, max(1, min(_ROWS, height - lines - _FRAME)))
        self._live.update(Group(_head(scene), table, Text("Last opened", style="bold"), *_lines(last)), refresh=True)


def _head(scene: Scene) -> RenderableType:
    grid = Table.grid(padding=(0, 2), expand=True)
    when = moment(scene.moment) if scene.moment is not None else "–"
    day = f"day {scene.day} of {scene.days}"
    grid.add_column(width=len(f"day {scene.days} of {scene.days}"), no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(width=_MOMENT, no_wrap=True)
    grid.add_column(width=len("1,234,567 events"), justify="right", no_wrap=True)
    grid.add_column(width=len("12,345/s"), justify="right", no_wrap=True)
    bar = ProgressBar(total=scene.days, completed=scene.day)
    rate = Text(f"{scene.events_per_second:,.0f}/s", style="dim")
    grid.add_row(Text(day), bar, Text(when), Text(f"{scene.events:,} events"), rate)
    return grid


def _table(board: Sequence[Alert], width: int, rows: int) -> RenderableType:
    open_now = [alert for alert in board if alert.state in _OPEN]
    open_now.sort(key=lambda alert: (_ORDER[alert.severity], -(alert.money_at_risk or 0.0), alert.alert_id))
    columns = _columns(width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    for name, size in columns.items():
        justify: Literal["left", "right"] = "right" if name == "at risk" else "left"
        table.add_column(name, justify=justify, no_wrap=True, width=size, ratio=None if size else 1)
    for alert in open_now[:rows]:
        cells = _cells(alert)
        table.add_row(*(cells[name] for name in columns))
    for _ in range(rows - len(open_now)):
        table.add_row()
    count = f"{len(open_now)} open alert{'' if len(open_now) == 1 else 's'}"
    title = count if len(open_now) <= rows else f"{count}, the first {rows}"
    return Panel(table, title=title, title_align="left", border_style="dim")


def _columns(width: int) -> dict[str, int | None]:
    """Return the columns that a terminal has room for, with their widths; None takes what is left."""
    columns: dict[str, int | None] = {
        "kind": len("competitor out of stock") if width >= _WIDE else len("suspected stockout"),
        "product": None,
        "store": 17,
        "at risk": len("PEN 12,345.67"),
    }
    if width >= _NARROW:
        columns["runs out"] = _MOMENT
    if width >= _WIDEST:
        columns["state"] = len("acknowledged")
    return columns


def _cells(alert: Alert) -> dict[str, Text]:
    runs_out = alert.times.get("runs_out_p50")
    return {
        "kind": Text(alert.kind.replace("_", " "), style=_STYLES[alert.severity]),
        "product": Text(alert.names.product or alert.sku or alert.source or "–"),
        "store": Text(alert.names.store or alert.store_id or "all"),
        "at risk": Text(money(alert.money_at_risk, alert.currency) if alert.money_at_risk is not None else "–"),
        "runs out": Text(moment(runs_out) if runs_out is not None else "–"),
        "state": Text(alert.state),
    }


def _lines(last: Sequence[Alert]) -> list[Text]:
    lines = [to_line(alert) for alert in last]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines
