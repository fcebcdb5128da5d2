"""`load`: files onto the topics, in the order of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demand_monitor.endings import resumable
from demand_monitor.options import Json, with_settings
from demand_monitor.printing import print_json
from demand_monitor.progress import LoadProgress
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.quantities import to_iso

if TYPE_CHECKING:
    from producers.load import LoadReport

Files = Annotated[list[Path], typer.Argument(help="CSV (also compressed) or Parquet files.", metavar="FILE...")]
Mappings = Annotated[
    list[str],
    typer.Option("--mapping", "-m", help="A mapping that ships, or FILE.toml; one for each file.", metavar="NAME"),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("load")(load)


@with_settings
def load(settings: Settings, files: Files, mapping: Mappings, as_json: Json = False) -> None:
    """Send files to the topics as events, merged by event time, with ticks; a load that died goes on where it was.

    Pairs repeat: load sales.csv --mapping a.toml stock.csv --mapping b.toml
    """
    wiring = Wiring(settings)
    wiring.check_topics()
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    if len(files) != len(mapping):
        raise BadSetup(
            f"There are {len(files)} files and {len(mapping)} mappings: each file needs its own --mapping.",
            "demand-monitor mapping list",
        )
    source = RowSource([(path, read_mapping(name)) for path, name in zip(files, mapping, strict=True)])
    with resumable("The load"), LoadProgress(source.name) as progress:
        report = wiring.loader(source.observes_prices, progress.moved).load(source)
    print_report(report, as_json)


def print_report(report: LoadReport, as_json: bool) -> None:
    """Print what a load has done."""
    last = None if report.last_tick_ms is None else to_iso(report.last_tick_ms)
    if as_json:
        print_json(
            {
                "source": report.source,
                "already_done": report.already_done,
                "resumed_after": report.resumed_after,
                "sent": dict(sorted(report.sent.items())),
                "refused": dict(sorted(report.refused.items())),
                "ticks": report.ticks,
                "last_tick": last,
            }
        )
        return
    if report.already_done:
        print(f"{report.source} was loaded before; nothing was sent.")
        return
    if report.resumed_after:
        print(f"Went on after the {report.resumed_after:,} events that an earlier run had sent.")
    for topic, count in sorted(report.sent.items()):
        print(f"{count:>12,}  {topic}")
    for reason, count in sorted(report.refused.items()):
        print(f"{count:>12,}  rows refused: {reason} (see demand-monitor quarantine list)")
    print(f"{report.source}: {report.ticks} ticks to each partition, the last at {last}.")
