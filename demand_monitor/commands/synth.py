"""`synth`: the synthetic market onto the topics, as its shops would have sent it."""

from __future__ import annotations

from typing import Annotated

import typer

from demand_monitor.commands.load import print_report, warn_of_zones
from demand_monitor.endings import resumable
from demand_monitor.options import Json, with_settings
from demand_monitor.printing import print_json
from demand_monitor.progress import LoadProgress
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring

Seed = Annotated[int, typer.Option("--seed", help="Of every draw.", min=0)]
Stores = Annotated[int, typer.Option("--stores", help="How many stores.", min=1)]
Products = Annotated[int, typer.Option("--products", help="How many products in each.", min=1)]
Days = Annotated[int, typer.Option("--days", help="Local days of data.", min=1)]
Prices = Annotated[bool, typer.Option("--prices/--no-prices", help="With rival prices (a price desk must run).")]
Truth = Annotated[bool, typer.Option("--truth", help="Send nothing; print what was planted, and when.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("synth")(synth)


@with_settings
def synth(
    settings: Settings,
    seed: Seed = 7,
    stores: Stores = 3,
    products: Products = 40,
    days: Days = 105,
    prices: Prices = True,
    truth: Truth = False,
    as_json: Json = False,
) -> None:
    """Send a seeded synthetic market to the topics, with ticks of its own; what was planted in it is known."""
    from producers.market_source import MarketSource
    from producers.synth import Market, MarketConfig

    size = MarketConfig(seed=seed, stores=stores, products=products, days=days)
    if truth:
        from dataclasses import asdict

        print_json([asdict(each) for each in Market(size).truth() if each.planted])
        return
    wiring = Wiring(settings)
    wiring.check_topics()
    source = MarketSource(Market(size), prices)
    warn_of_zones(settings, source)
    with resumable("The synthetic market"), LoadProgress(source.name) as progress:
        report = wiring.loader(prices, progress.moved).load(source)
    print_report(report, as_json)
