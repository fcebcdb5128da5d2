"""`replay`: any past through the very processors that run live, in memory, with a report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from demand_monitor.options import Json, with_settings
from demand_monitor.printing import console, print_json, to_text
from demand_monitor.progress import LoadProgress
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.quantities import to_datetime, to_iso, to_ms
from streams.settings import ShopSettings

if TYPE_CHECKING:
    from rich.table import Table

    from consumers.replay import Replay
    from consumers.row_files import RowFiles
    from producers.rows import RowSource
    from streams.chain import ChainSettings
    from streams.engine.watch import Watch
    from streams.outcome import Output
    from streams.report import Collector, Report

Inputs = Annotated[
    list[Path] | None, typer.Option("--input", "-i", help="A file instead of the topics; repeatable.", metavar="FILE")
]
Mappings = Annotated[
    list[str] | None, typer.Option("--mapping", "-m", help="A mapping for each --input.", metavar="NAME")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Score from here on (ISO 8601). Of topics, reading begins behind the last tick before it, with an empty "
        "state; a file is always played from its first row.",
    ),
]
Warmup = Annotated[
    bool, typer.Option("--warmup", help="Of topics with --from: learn from the oldest record first, unscored.")
]
To = Annotated[str | None, typer.Option("--to", help="Stop at the last tick up to here (ISO 8601).")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write the report as JSON.", metavar="FILE")]
Rows = Annotated[
    Path | None,
    typer.Option("--rows", help="Write forecasts, residuals, features, alerts as Parquet.", metavar="DIR"),
]
Recompute = Annotated[bool, typer.Option("--recompute", help="Chain the price desk, not the recorded prices.")]
Models = Annotated[Literal["champion", "none"] | None, typer.Option("--models", help="none: the stream part alone.")]
_TABLE_WIDTH = 130
#: Scores shown to people, with their headings.
_SHOWN = {
    "n": "n",
    "wape": "WAPE",
    "mase": "MASE",
    "rmsse": "RMSSE",
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "bias": "bias",
    "pinball_0.9": "pin .9",
    "coverage_80": "cov 80",
    "coverage_90": "cov 90",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


@with_settings
def replay(
    settings: Settings,
    inputs: Inputs = None,
    mapping: Mappings = None,
    from_: From = None,
    to: To = None,
    warmup: Warmup = False,
    report_file: ReportFile = None,
    recompute: Recompute = False,
    models: Models = None,
    rows: Rows = None,
    as_json: Json = False,
) -> None:
    """Replay files, or a range of the topics, and report what was forecast, found and raised.

    Nothing live is written: no group, no commits.
    """
    since_ms, until_ms = _moment(from_, "--from"), _moment(to, "--to")
    if warmup and since_ms is None:
        raise BadSetup("--warmup is what lies before --from, and there is no --from.", "demand-monitor replay --help")
    shop = settings.shop if models is None else replace(settings.shop, models=models)
    wiring = Wiring(settings)
    with _row_files(rows, since_ms) as writer:
        if inputs:
            source = _source(inputs, mapping or [])
            done = _play_files(wiring, source, shop_of(shop, source), (since_ms, until_ms), writer)
            report = done.report([source.name])
        else:
            report = _play_topics(wiring, shop, (since_ms, until_ms), warmup, recompute, writer)
    if report_file is not None:
        report_file.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        print_report(report)


def shop_of(shop: ShopSettings, source: RowSource) -> ShopSettings:
    """Return the shop as a source has it: what was left at its default is taken from the mappings."""
    default = ShopSettings()
    grain = source.files[0].mapping.grain
    return replace(
        shop,
        zone=source.zone if shop.zone == default.zone else shop.zone,
        period=source.period if shop.period == default.period else shop.period,
        grain=grain if shop.grain == default.grain else shop.grain,
    )


def _source(inputs: list[Path], mappings: list[str]) -> RowSource:
    from producers.mappings.mapping import read_mapping
    from producers.rows import RowSource

    if len(inputs) != len(mappings):
        raise BadSetup(
            f"There are {len(inputs)} inputs and {len(mappings)} mappings: each --input needs its own --mapping.",
            "demand-monitor mapping list",
        )
    return RowSource([(path, read_mapping(name)) for path, name in zip(inputs, mappings, strict=True)])


def _chain_settings(wiring: Wiring, shop: ShopSettings, since_ms: int | None, recompute: bool) -> ChainSettings:
    from streams.chain import ChainSettings

    settings = wiring.settings
    return ChainSettings(settings.partitions, shop, settings.prefix, since_ms, recompute)


def _row_files(folder: Path | None, since_ms: int | None) -> AbstractContextManager[RowFiles | None]:
    if folder is None:
        return nullcontext()
    from consumers.row_files import RowFiles

    return RowFiles(folder, since_ms)


def _listeners(collector: Collector, writer: RowFiles | None) -> tuple[Callable[[Output], None], Watch | None]:
    """Return who takes the chain's outputs, and who watches its closes."""
    if writer is None:
        return collector.take, None

    def take(output: Output) -> None:
        collector.take(output)
        writer.take(output)

    return take, writer.watch


def _play_files(
    wiring: Wiring,
    source: RowSource,
    shop: ShopSettings,
    span_ms: tuple[int | None, int | None],
    writer: RowFiles | None,
) -> Replay:
    from consumers.replay import Replay
    from producers.ticking import TickPlan
    from streams.chain import Chain
    from streams.report import Collector

    since_ms, until_ms = span_ms
    collector = Collector(since_ms=since_ms)
    take, watch = _listeners(collector, writer)
    chain = Chain(_chain_settings(wiring, shop, since_ms, True), take, watch=watch)
    with LoadProgress(source.name) as progress:
        done = Replay(chain, collector, wiring.clock, progress.moved)
        plan = TickPlan(source.zone, source.period, ceiling_ms=until_ms)
        batches = source.batches()
        if until_ms is not None:
            batches = ([event for event in batch if event.event_time_ms <= until_ms] for batch in batches)
        done.play(plan.cut(batches), source.name, source.digest())
    return done


def _play_topics(
    wiring: Wiring,
    shop: ShopSettings,
    span_ms: tuple[int | None, int | None],
    warmup: bool,
    recompute: bool,
    writer: RowFiles | None,
) -> Report:
    from consumers.replay import Replay
    from consumers.topic_log import TopicLog, blank_snapshots, starts_at_ms
    from streams.chain import Chain
    from streams.report import Collector

    wiring.check_topics()
    settings, (since_ms, until_ms) = wiring.settings, span_ms
    log = TopicLog(wiring.inlet(), wiring.admin(), settings.prefix, settings.partitions)
    # There are no stored snapshots yet: one of the same marks would take a blank one's place.
    begins = [] if since_ms is None or warmup else log.beginnings(since_ms)
    collector = Collector(since_ms=since_ms)
    take, watch = _listeners(collector, writer)
    chain = Chain(_chain_settings(wiring, shop, since_ms, recompute), take, blank_snapshots(begins, shop), watch)
    done = Replay(chain, collector, wiring.clock)
    done.read(log, until_ms, since_ms if begins else None)
    at_ms = starts_at_ms(begins)
    return done.report([f"{settings.prefix}topics"], starts_empty_at=None if at_ms is None else to_datetime(at_ms))


def _moment(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetup(f"{option} is no ISO 8601 time: {text!r}.") from error
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


# --- printing ---------------------------------------------------------------------------------------------------


def print_report(report: Report) -> None:
    """Print a report as people read it."""
    if report.starts_empty_at is not None:
        begun = to_iso(to_ms(report.starts_empty_at))
        print(f"State starts empty at {begun}; use --warmup to learn from the oldest record first.")
    events = report.events
    print(
        f"{events.read:,} events read: {events.accepted:,} accepted, {events.duplicate:,} duplicate, "
        f"{events.late:,} late, {sum(events.quarantined.values()):,} quarantined."
    )
    for reason, count in events.quarantined.items():
        print(f"{count:>12,}  {reason}")
    if report.observations:
        print(
            "Price observations: " + ", ".join(f"{count:,} {fate}" for fate, count in report.observations.items()) + "."
        )
    print(
        f"{report.series:,} series, {report.periods_closed:,} {report.period}s closed in {report.seconds:,.1f} s: "
        f"{report.events_per_second:,.0f} events/s, {report.closes_per_second:,.0f} closes/s, "
        f"P = {report.partitions}."
    )
    if report.forecast.overall:
        console().print(_scores(report), width=_TABLE_WIDTH)
    for currency, lost in report.money.items():
        print(
            f"Wrong forecasts cost {currency} {lost.total:,.0f}: {lost.under:,.0f} on demand unmet, {lost.over:,.0f} "
            f"on stock left over (critical ratio {lost.mean_critical_ratio:.2f}); by the seasonal naive "
            f"{lost.naive_total:,.0f}."
        )
    _print_promotions(report)
    for kind, counts in report.alerts.items():
        print(f"{counts.count:>8,}  {kind}: {counts.critical:,} critical, {counts.resolved:,} resolved")
    if not report.alerts:
        print("No alerts.")
    if report.lost_sales is not None and report.lost_sales.units:
        money = ", ".join(f"{amount:,.0f} {currency}" for currency, amount in report.lost_sales.money.items())
        print(f"Empty shelves: {report.lost_sales.units:,.0f} units not sold{f', {money}' if money else ''}.")
    for one in report.candidates:
        if one.member:
            print(
                f"{one.name} counts in {one.category or 'all products'} (task {one.task}): effect {one.effect:+.3f}, "
                f"{one.gain:.1%} of the loss [{one.low:.1%}, {one.high:.1%}]"
            )


def _print_promotions(report: Report) -> None:
    promotions = report.promotions
    if promotions:
        sold, more, dip = (
            sum(getattr(one, name) for one in promotions) for name in ("sold_units", "incremental_units", "dip_units")
        )
        print(
            f"{len(promotions):,} promotions of a series sold {sold:,.0f} units, {more:,.0f} more than without; "
            f"afterwards {dip:+,.0f}."
        )


def _scores(report: Report) -> Table:
    from rich.table import Table

    table = Table(title="Forecast one period ahead", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("who", no_wrap=True)
    for heading in _SHOWN.values():
        table.add_column(heading, justify="right", no_wrap=True)
    scored = report.forecast
    rows = {
        **scored.overall,
        **{f"model {name}": scores for name, scores in scored.by_model.items()},
        **{f"{group}: {who}": scores for group, both in scored.by_volume_class.items() for who, scores in both.items()},
    }
    for who, scores in rows.items():
        table.add_row(who, *(_number(scores.get(name)) for name in _SHOWN))
    return table


def _number(value: float | int | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else to_text(value)
