"""`evaluate`: how good forecasts, alarms and alerts are, beside what a user would pick instead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from demand_monitor.options import Json
from demand_monitor.printing import error_console, print_json
from schemas.errors import BadSetup

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumers.evaluate.sets import DataSet
    from demand_monitor.evaluation.bench import Bench, Part
    from producers.rows import RowSource
    from streams.evaluation.hour_panel import HourPanel

_CACHE: Final = Path(".cache/evaluation")

Sets = Annotated[list[str] | None, typer.Option("--set", "-s", help="A public data set; repeatable.", metavar="NAME")]
Inputs = Annotated[list[Path] | None, typer.Option("--input", "-i", help="Own data; repeatable.", metavar="FILE")]
Mappings = Annotated[list[str] | None, typer.Option("--mapping", "-m", help="A mapping for each --input.")]
Tail = Annotated[int | None, typer.Option("--tail", help="Periods scored, at the end of the data.", min=2)]
Block = Annotated[int | None, typer.Option("--block", help="Periods of a block, between two refits.", min=1)]
Parts = Annotated[
    list[str] | None,
    typer.Option("--part", "-p", help="accuracy (default), shock, drift, censoring, stockout, suspect, speed; or all."),
]
SeriesCount = Annotated[int | None, typer.Option("--series", help="Draw so many series by the seed.", min=2)]
Baselines = Annotated[
    list[str] | None,
    typer.Option("--baseline", "-b", help="auto_ets, mstl, croston_sba, tsb, adida, imapa, lightgbm, or none."),
]
ForecastFile = Annotated[
    Path | None,
    typer.Option("--forecasts", help="Score this file: store, sku, origin, target, mean, q05 … q95.", metavar="FILE"),
]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the public sets.", envvar="DEMAND_DATA")]
Cache = Annotated[Path, typer.Option("--cache", help="Where panels and baseline forecasts are kept.")]
Partitions = Annotated[int, typer.Option("--partitions", help="P: what is pooled is pooled inside a task.", min=1)]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write all figures as JSON.", metavar="FILE")]
Plots = Annotated[Path | None, typer.Option("--plots", help="Draw PNG and SVG into this folder.", metavar="DIR")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    sets: Sets = None,
    inputs: Inputs = None,
    mapping: Mappings = None,
    tail: Tail = None,
    block: Block = None,
    part: Parts = None,
    series: SeriesCount = None,
    baseline: Baselines = None,
    forecasts: ForecastFile = None,
    data: Data = None,
    cache: Cache = _CACHE,
    partitions: Partitions = 1,
    seed: Seed = 7,
    report: ReportFile = None,
    plots: Plots = None,
    as_json: Json = False,
) -> None:
    """Score forecasts, drift alarms and stock-out alerts; nothing sees its future.

    Every forecast is made from what lies before its origin, then the period is learnt. Baselines are computed once and
    kept. Beside every ratio stands its 90 % interval over series.
    """
    wanted = _parts(part)
    sources = [_own(inputs, mapping or [], tail, block)] if inputs else [_public(name, data) for name in sets or []]
    if not sources:
        from consumers.evaluate.sets import SETS

        raise BadSetup(f"There is nothing to evaluate: give --set ({', '.join(SETS)}) or --input with --mapping.")
    found: dict[str, object] = {}
    for each, source in sources:
        bench = _bench(each, source, series, seed, partitions, cache, data)
        found[each.name] = _evaluate(bench, wanted, baseline, forecasts, plots, quiet=as_json)
        if report is not None:
            _write(report, found)
    if as_json:
        print_json(found)


def _parts(names: list[str] | None) -> tuple[Part, ...]:
    from demand_monitor.evaluation.bench import PARTS

    if names == ["all"]:
        return PARTS
    wanted = tuple(known for known in PARTS if known in (names or ["accuracy"]))
    strange = sorted(set(names or []) - set(PARTS))
    if strange:
        raise BadSetup(f"There is no part {', '.join(strange)}; there are {', '.join(PARTS)}, or all.")
    return wanted


def _public(name: str, folder: Path | None) -> tuple[DataSet, RowSource]:
    from consumers.evaluate.sets import SETS
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    if name not in SETS:
        raise BadSetup(f"There is no data set {name!r}; there are {', '.join(SETS)}.")
    if folder is None:
        raise BadSetup("Where the public data sets lie is not known: give --data FOLDER, or set DEMAND_DATA.")
    one = SETS[name]
    return one, RowSource([(folder / file, read_mapping(mapping)) for file, mapping in one.inputs])


def _own(inputs: list[Path], mappings: list[str], tail: int | None, block: int | None) -> tuple[DataSet, RowSource]:
    from consumers.evaluate.sets import own_set
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    if len(inputs) != len(mappings):
        raise BadSetup(f"There are {len(inputs)} inputs and {len(mappings)} mappings: each --input needs its own.")
    source = RowSource([(path, read_mapping(name)) for path, name in zip(inputs, mappings, strict=True)])
    return own_set(source.name, source.period, source.files[0].mapping.grain, tail, block), source


def _bench(
    each: DataSet, source: RowSource, series: int | None, seed: int, partitions: int, cache: Path, data: Path | None
) -> Bench:
    from consumers.evaluate.panels import load_panel
    from demand_monitor.evaluation.bench import Bench

    panel = load_panel(each.name, source, each.period, each.grain, cache)
    if panel.n_periods <= each.tail + panel.season:
        raise BadSetup(
            f"{each.name} has {panel.n_periods} periods: too few for a tail of {each.tail} and a season before."
        )
    chosen = panel.with_history(each.tail, each.least_nonzero).sample(series, seed)
    if not chosen.n_series:
        raise BadSetup(f"No series of {each.name} sold in {each.least_nonzero} periods before the tail.")
    console = error_console()

    def progress(what: str, done: int, count: int) -> None:
        if console.is_terminal:
            console.print(f"{each.name}: {what} {done} of {count}", end="\r")

    return Bench(each, chosen, seed, partitions, cache, progress, hours=_hours(each, data, cache))


def _hours(each: DataSet, data: Path | None, cache: Path) -> Callable[[], HourPanel] | None:
    """Return what loads the hours of a set; None where it has none."""
    if not each.hourly or data is None:
        return None
    from consumers.evaluate.hours import load_hours
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    source = RowSource([(data / file, read_mapping(mapping)) for file, mapping in each.hourly])
    return lambda: load_hours(each.name, source, cache)


def _evaluate(
    bench: Bench,
    wanted: tuple[Part, ...],
    baselines: list[str] | None,
    forecasts: Path | None,
    plots: Path | None,
    *,
    quiet: bool,
) -> dict[str, object]:
    from demand_monitor.evaluation.parts import run_part
    from demand_monitor.evaluation.plain import to_plain
    from demand_monitor.evaluation.tables import print_file

    found: dict[str, object] = {"protocol": bench.protocol()}
    if forecasts is not None:
        scored = bench.against_file(forecasts)
        found["file"] = to_plain(scored)
        if not quiet:
            print_file(scored)
        return found
    names = None if baselines is None else [name for name in baselines if name != "none"]
    for part in wanted:
        result = run_part(bench, part, names, quiet=quiet)
        if result is not None:
            found[part] = to_plain(result)
    if plots is not None:
        from consumers.evaluate.plots import draw_all

        draw_all(bench.panel, bench.make, bench.data.tail, plots, bench.seed)
    return found


def _write(path: Path, found: dict[str, object]) -> None:
    import json

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
