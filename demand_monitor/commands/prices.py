"""`prices`: the price desk on Faust."""

from __future__ import annotations

import typer

from demand_monitor.observing import observed
from demand_monitor.options import with_served_settings
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("prices")(prices)


@with_served_settings
def prices(settings: Settings) -> None:
    """Turn what scrapers read of rivals into prices of our own products until told to stop."""
    wiring = Wiring(settings)
    wiring.check_topics()
    host = wiring.price_host()
    # Faust and its noise come last: a setting that is wrong was said by now, in a sentence.
    from consumers.prices import serve_prices

    with observed(wiring, "prices", host.tasks.positions):
        serve_prices(host, wiring.price_watch(host))
