"""How an alert looks: one line, one full card, one line of JSON.

::

    ┌ ▲ CRITICAL · stockout risk ───────────────── Lima Centro ┐
    │ what has happened, in a sentence                          │
    │ Runs out      Tue 12 May 17:00 (80 %: Tue 14:00 – Wed …)  │
    │ Money at risk …    Why …    Do …    By …    Clears if …   │
    └───────────────────────────────────────── id · revision 3 ┘

The one rule: it only says what the alert holds; times stand on the clock they carry, which is the store's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.alerts import Alert
from schemas.signals import Measure, Severity
from streams.desk.phrases import amount, moment, money, percent

CARD_WIDTH: Final = 100
_MARKS: Final[dict[Severity, tuple[str, str]]] = {
    "critical": ("▲", "bold red"),
    "warning": ("●", "yellow"),
    "info": ("·", "cyan"),
}
_TIMES: Final = {"order_by": "Order by", "next_delivery": "Next delivery", "since": "Since"}
_RUNS_OUT: Final = ("runs_out_p10", "runs_out_p50", "runs_out_p90")


def to_line(alert: Alert) -> Text:
    """Return the alert in one line: when, how bad, how it stands, and the sentence."""
    mark, style = _MARKS[alert.severity]
    line = Text(f"{moment(alert.updated_at)}  ")
    line.append(f"{mark} {alert.severity}", style=style)
    if alert.state != "firing":
        line.append(f" ({alert.state})", style="dim")
    line.append(f"  {alert.summary}")
    if alert.money_at_risk is not None:
        line.append(f"  [{money(alert.money_at_risk, alert.currency)} at risk]", style="bold")
    return line


def to_card(alert: Alert) -> Panel:
    """Return the full card as a Rich renderable."""
    mark, style = _MARKS[alert.severity]
    kind = alert.kind.replace("_", " ")
    early = " · early" if alert.early else ""
    state = "" if alert.state == "firing" else f" · {alert.state}"
    return Panel(
        Group(Text(alert.summary, style="bold"), Text(""), _grid(alert)),
        title=Text(f"{mark} {alert.severity.upper()} · {kind}{early}{state}", style=style),
        title_align="left",
        subtitle=Text(f"{alert.alert_id[:12]} · revision {alert.revision}", style="dim"),
        subtitle_align="right",
        border_style=style,
    )


def to_json_line(alert: Alert) -> str:
    """Return the alert's record as one line of JSON."""
    return alert.encode().decode()


def render_line(alert: Alert) -> str:
    """Return the one-line form as plain text."""
    return to_line(alert).plain


def render_card(alert: Alert, width: int = CARD_WIDTH) -> str:
    """Return the full card as plain text of a fixed width, the same on every terminal."""
    return _print(to_card(alert), width)


def _print(renderable: RenderableType, width: int) -> str:
    page = StringIO()
    console = Console(
        file=page,
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    console.print(renderable)
    return page.getvalue()


def _grid(alert: Alert) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _rows(alert):
        # Text, not str: a name with square brackets is no markup.
        grid.add_row(Text(label), Text(text))
    return grid


def _rows(alert: Alert) -> Iterator[tuple[str, str]]:
    yield from _who(alert)
    yield from _when(alert)
    if alert.money_at_risk is not None:
        yield "Money at risk", money(alert.money_at_risk, alert.currency)
    yield from _why(alert)
    yield from _what_to_do(alert)
    if alert.clears_if:
        yield "Clears if", alert.clears_if
    if alert.acknowledged_by and alert.acknowledged_at:
        yield "Acknowledged", f"by {alert.acknowledged_by}, {moment(alert.acknowledged_at)}"
    if alert.resolved_at:
        yield "Resolved", moment(alert.resolved_at)


def _who(alert: Alert) -> Iterator[tuple[str, str]]:
    for label, name, code in (
        ("Product", alert.names.product, alert.sku),
        ("Store", alert.names.store, alert.store_id),
        ("Source", None, alert.source),
    ):
        if name and code:
            yield label, f"{name} ({code})"
        elif code:
            yield label, code
    if alert.names.manager:
        yield "Manager", alert.names.manager


def _when(alert: Alert) -> Iterator[tuple[str, str]]:
    low, middle, high = (alert.times.get(name) for name in _RUNS_OUT)
    if middle:
        yield "Runs out", moment(middle) + _interval(low, high)
    elif low or high:
        yield "Runs out", _interval(low, high).strip(" ()")
    for name, label in _TIMES.items():
        at = alert.times.get(name)
        if at and not (name == "order_by" and alert.action and alert.action.latest_useful_at):
            yield label, moment(at)


def _interval(low: datetime | None, high: datetime | None) -> str:
    if low and high:
        return f" (80 % sure: {moment(low)} – {moment(high)})"
    if low:
        return f" (not before {moment(low)}, 90 % sure)"
    return f" (not after {moment(high)}, 90 % sure)" if high else ""


def _why(alert: Alert) -> Iterator[tuple[str, str]]:
    if alert.evidence:
        yield "Evidence", ", ".join(f"{_label(name)} {_measure(name, it)}" for name, it in alert.evidence.items())
    for cause in alert.causes:
        numbers = ", ".join(f"{_label(name)} {_measure(name, it)}" for name, it in cause.evidence.items())
        yield "Cause", f"{cause.label.replace('_', ' ')}{f': {numbers}' if numbers else ''}"
    if alert.reasons:
        yield "Why", ", ".join(f"{each.driver} {each.units:+.1f} units" for each in alert.reasons)


def _label(name: str) -> str:
    for suffix in ("_units", "_share", "_days", "_hours"):
        name = name.removesuffix(suffix)
    return name.replace("_", " ")


def _measure(name: str, measure: Measure) -> str:
    if name.endswith("_share"):
        return percent(measure.value)
    return f"{amount(measure.value)} {measure.unit}"


def _what_to_do(alert: Alert) -> Iterator[tuple[str, str]]:
    if alert.action is None:
        return
    yield "Do", alert.action.what
    if alert.action.units is not None:
        yield "How many", f"{amount(alert.action.units)} units"
    if alert.action.latest_useful_at:
        yield "By", moment(alert.action.latest_useful_at)
