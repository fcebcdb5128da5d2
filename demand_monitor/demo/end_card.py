"""The end of a demo: the scorecard beside the rule's, and one full alert.

The one rule: it shows figures of the run that has just been played, and says how they were scored.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from consumers.cards import to_card
from demand_monitor.demo.market_report import WARM_UP_DAYS, MarketRun, tell
from streams.scorecard import Scorecard


def end_card(run: MarketRun) -> RenderableType:
    """Return everything that is shown at the end."""
    return Group(*_parts(run))


def _parts(run: MarketRun) -> Iterator[RenderableType]:
    if run.card_alert is not None:
        yield Text("The alert before the planted stock-out, as it looked when it opened:")
        yield to_card(run.card_alert)
    yield Panel(
        Group(_table(run), Text(""), *_events(run), Text(""), _note(run)), title="Scorecard", title_align="left"
    )


def _table(run: MarketRun) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "caught", "missed", "false", "warning", "others", "alerts"):
        table.add_column(name, justify="left" if not name else "right")
    for name, card in {"Demand Monitor": run.scorecard, **run.rules}.items():
        table.add_row(Text(name, style="bold" if card is run.scorecard else ""), *_figures(card))
    return table


def _figures(card: Scorecard) -> Iterator[str]:
    days = card.median_warning_days
    yield f"{card.caught} of {len(card.judgements)}"
    yield str(card.missed)
    yield str(card.false)
    yield "none" if days is None else f"{days:.1f} days"
    yield f"{sum(judgement.caught for judgement in card.natural)} of {len(card.natural)}"
    yield f"{card.alerts_per_manager_day:.1f}"


def _events(run: MarketRun) -> Iterator[Text]:
    for judgement in run.scorecard.judgements:
        mark, style = ("✓", "green") if judgement.caught else ("✗", "red")
        yield Text.assemble((f"{mark} ", style), tell(judgement))


def _note(run: MarketRun) -> Text:
    config = run.market.config
    return Text(
        f"Market {config.seed}: {config.stores} stores, {config.products} products, {config.days} days, of which the "
        f"first {WARM_UP_DAYS} are not scored. Warning: median time from the alert to the empty shelf. Others: "
        "stock-outs that nobody planted and that cost sales. Alerts: a manager and day.",
        style="dim",
    )
