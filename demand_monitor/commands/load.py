"""`load`: files onto the topics, in the order of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demand_monitor.endings import resumable
from demand_monitor.options import Json, with_settings
from demand_monitor.printing import error_console, print_json
from demand_monitor.progress import LoadProgress
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.quantities import to_iso

if TYPE_CHECKING:
    from producers.load import LoadReport
    from producers.rows import RowSource

Files = Annotated[list[Path] | None, typer.Argument(help="CSV (also compressed) or Parquet files.", metavar="FILE...")]
Inputs = Annotated[list[Path] | None, typer.Option("--input", "-i", help="A file, as `replay` spells it.")]
Mappings = Annotated[
    list[str],
    typer.Option("--mapping", "-m", help="A mapping that ships, or FILE.toml; one for each file.", metavar="NAME"),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("load")(load)


@with_settings
def load(
    settings: Settings, mapping: Mappings, files: Files = None, inputs: Inputs = None, as_json: Json = False
) -> None:
    """Send files to the topics as events, merged by event time, with ticks; a load that died goes on where it was.

    Pairs repeat: load sales.csv --mapping a.toml stock.csv --mapping b.toml
    """
    wiring = Wiring(settings)
    wiring.check_topics()
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    paths = [*(files or ()), *(inputs or ())]
    if len(paths) != len(mapping):
        raise BadSetup(
            f"There are {len(paths)} files and {len(mapping)} mappings: each file needs its own --mapping.",
            "demand-monitor mapping list",
        )
    source = RowSource([(path, read_mapping(name)) for path, name in zip(paths, mapping, strict=True)])
    warn_of_zones(settings, source)
    with resumable("The load"), LoadProgress(source.name) as progress:
        report = wiring.loader(source.observes_prices, progress.moved).load(source)
    print_report(report, as_json)


def warn_of_zones(settings: Settings, source: RowSource) -> None:
    """Say when days begin elsewhere for the source than for the shop: a trap that no error would show."""
    shop = settings.shop
    if source.zone != shop.zone or source.period != shop.period:
        error_console().print(
            f"Note: {source.name} has {source.period}s of {source.zone}, the shop closes {shop.period}s of {shop.zone} "
            "(settings shop.zone and shop.period).",
            markup=False,
        )


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
