"""`demo`: a synthetic market through the whole product, with nothing installed but this package."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demand_monitor.endings import Flag, Interrupted, stopping
from demand_monitor.options import with_settings
from demand_monitor.printing import console
from demand_monitor.settings import Settings
from schemas.errors import BadSetup, DemandError

if TYPE_CHECKING:
    from demand_monitor.demo.market_report import MarketRun
    from demand_monitor.demo.performance import Performance
    from demand_monitor.demo.servers import Servers

Seed = Annotated[int, typer.Option("--seed", help="Of every draw.", min=0)]
Days = Annotated[int | None, typer.Option("--days", help="Local days of the market.", min=1)]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write alerts and scorecards there.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


@with_settings
def demo(settings: Settings, seed: Seed = 7, days: Days = None, json_file: JsonFile = None) -> None:
    """Play a seeded synthetic market: alerts as they fire, then a scorecard against what was planted in it.

    It brings its own broker and Redis, unless --bootstrap or --redis names one.
    """
    folder = Path(tempfile.mkdtemp(prefix="demand-demo-"))
    log = folder / "journal.jsonl"
    try:
        _play(settings, seed, days, json_file, log)
    except DemandError as failure:
        if not isinstance(failure, Interrupted) and log.exists() and log.stat().st_size:
            print(f"The hosts' journal is kept: {log}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _play(settings: Settings, seed: int, days: int | None, json_file: Path | None, log: Path) -> None:
    from adapters.clock import SystemClock
    from adapters.journal import JsonJournal
    from consumers.cards import CARD_WIDTH
    from demand_monitor.demo.end_card import end_card
    from demand_monitor.demo.market_report import judge_run, make_market, shop_of
    from demand_monitor.demo.performance import Stage
    from demand_monitor.demo.screen import LiveScreen, PlainScreen
    from demand_monitor.demo.servers import open_servers
    from demand_monitor.wiring import Wiring

    clock, page, flag = SystemClock(), console(), Flag()
    begun = clock.monotonic_seconds()
    market = make_market(seed, days)
    with log.open("w", encoding="utf-8") as lines, stopping(flag.set):
        with open_servers(settings, shop_of(market), clock) as servers:
            page.print(servers.line())
            wiring = Wiring(servers.settings, JsonJournal(lines, clock), clock)
            screen = LiveScreen(page) if page.is_terminal else PlainScreen(page)
            played = Stage(wiring, market, screen, flag).play()
        with page.status("Judging it against what was planted, and against the rules …"):
            run = judge_run(market, played.revisions)
    seconds = clock.monotonic_seconds() - begun
    page.print(end_card(run), width=min(page.width, CARD_WIDTH), soft_wrap=False)
    page.print(_times(played, seconds))
    if json_file is not None:
        _write(json_file, run, played, servers, seconds)


def _times(played: Performance, seconds: float) -> str:
    first = "never" if played.first_alert_seconds is None else f"after {played.first_alert_seconds:.1f} s"
    handling = max(1e-9, played.done_seconds - played.ready_seconds)
    return (
        f"{played.events:,} events in {handling:.1f} s, {played.events / handling:,.0f} a second; first alert {first}; "
        f"{seconds:.1f} s in all."
    )


def _write(path: Path, run: MarketRun, played: Performance, servers: Servers, seconds: float) -> None:
    from demand_monitor.demo.market_report import as_json

    document = {
        "seed": run.market.config.seed,
        "days": run.market.config.days,
        "partitions": servers.settings.partitions,
        "prefix": servers.settings.prefix,
        "broker": servers.broker,
        "redis": servers.redis,
        "events": played.events,
        "seconds": {
            "ready": played.ready_seconds,
            "first_alert": played.first_alert_seconds,
            "sent": played.sent_seconds,
            "done": played.done_seconds,
            "all": seconds,
        },
        "scorecard": as_json(run.scorecard),
        "rules": {name: as_json(card) for name, card in run.rules.items()},
        "card": run.card,
        "alerts": [json.loads(alert.encode()) for alert in run.alerts],
    }
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise BadSetup(f"The file {path} cannot be written: {error.strerror}.") from None
