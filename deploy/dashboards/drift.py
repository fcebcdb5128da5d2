"""The *Drift* dashboard: whether demand has changed for good, and whether the forecasts notice.

::

    ┌ which stores drift now (state timeline) ───────────────────────────────┐
    ├ drift score and its threshold ─────┬ champion's error, naive beside it ┤
    ├ interval coverage ─────────────────┼ bias ─────────────────────────────┤
    ├ drifts found ──────────────────────┼ open alerts by kind ──────────────┤
    └ age of events and ticks ───────────┴ records waiting ──────────────────┘

The one rule: each panel answers one question that its title asks; what it shows is explained in `docs/metrics.md`.
"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, FieldColor
from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Graph
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardRangeMapOptions,
    FieldColorModeId,
    RangeMap,
    ValueMappingResult,
)

from deploy.dashboards.parts import (
    AMBER,
    GREEN,
    RED,
    SOURCE,
    graph,
    label_variable,
    placed,
    query,
    select,
    thresholds,
    variables,
    with_lines,
)
from online_models.scores import INTERVALS
from streams.metrics import (
    ALERTS_OPEN,
    BIAS,
    COVERAGE,
    DRIFT_SCORE,
    DRIFT_THRESHOLD,
    DRIFTING,
    DRIFTS,
    EVENT_AGE,
    LAG,
    RECENT,
    SCORED_UNITS,
    TICK_AGE,
    WAPE,
    Metric,
)

_RECENT: Final = f'scope="{RECENT}"'
_SCOPES: Final = 'scope=~"$scope"'


def drift() -> Dashboard:
    """Return the dashboard."""
    scopes = label_variable("scope", "Drift score of", f'{DRIFT_SCORE.name}{{job=~"$job"}}', "scope")
    board = (
        Dashboard("Demand Monitor: Drift")
        .uid("demand-drift")
        .description("Has demand changed for good, where, and are the forecasts still better than last week's sales?")
        .tags(["demand-monitor"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .timezone("browser")
        .refresh("30s")
        .annotation(_every_drift())
    )
    for variable in variables(scopes):
        board = board.with_variable(variable)
    board = board.with_panel(_drifting().id(1))
    graphs = (_score(), _error(), _coverage(), _bias(), _found(), _alerts(), _age(), _lag())
    for number, panel in enumerate(graphs, start=2):
        board = board.with_panel(panel.id(number))
    return board


def _every_drift() -> AnnotationQuery:
    found = f"sum (increase({select(DRIFTS)}[$__rate_interval])) > 0"
    return (
        AnnotationQuery()
        .name("Drift found")
        .datasource(SOURCE)
        .enable(True)
        .icon_color(RED)
        .expr(found)
        .title_format("Drift found")
        .step("60s")
    )


def _drifting() -> Timeline:
    steady = RangeMap(DashboardRangeMapOptions(0, 0.5, ValueMappingResult(text="steady", color=GREEN, index=0)))
    drifts = RangeMap(DashboardRangeMapOptions(0.5, 1e9, ValueMappingResult(text="drift", color=RED, index=1)))
    panel = placed(
        Timeline(),
        "Which stores have drifted?",
        "Stores with an open demand_drift alert. An alert stays open for 28 days of event time.",
        "short",
        (0, 0, 24, 7),
    )
    return (
        panel.thresholds(thresholds((None, GREEN), (1, RED)))
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .mappings([steady, drifts])
        .show_value(VisibilityMode.AUTO)
        .merge_values(True)
        .legend(VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM))
        .with_target(query("A", f"max by (store) ({select(DRIFTING)})", "{{store}}"))
    )


def _score() -> Graph:
    panel = graph(
        "How near is a drift?",
        'Highest score of any series: the sum of clipped log likelihood ratios of "60 % more" or "40 % less" against '
        "the forecast. Above the threshold line a drift is found, and the score starts again.",
        "none",
        (0, 7, 12, 8),
    )
    return (
        with_lines(panel, (None, GREEN), (6, RED))
        .min(0)
        .axis_label("nats")
        .with_target(query("A", f"max by (scope) ({select(DRIFT_SCORE, _SCOPES)})", "{{scope}}"))
        .with_target(query("B", f"max ({select(DRIFT_THRESHOLD)})", "threshold"))
    )


def _error() -> Graph:
    panel = graph(
        "Are the forecasts better than last week's sales?",
        "WAPE of the last weeks (half-life seven periods), each forecast scored before it was learnt from. The "
        "champion belongs below the seasonal naive; both rise when demand drifts, and the champion's falls first.",
        "percentunit",
        (12, 7, 12, 8),
    )
    return with_lines(panel, (None, GREEN), (1, RED)).min(0).with_target(query("A", _weighted(WAPE), "{{model}}"))


def _bias() -> Graph:
    panel = graph(
        "Are the forecasts too high or too low?",
        "Bias of the last weeks: above 0 is too high. A drift downwards shows as a bias upwards until it is learnt.",
        "percentunit",
        (12, 15, 12, 8),
    )
    return with_lines(panel, (None, AMBER), (-0.1, GREEN), (0.1, AMBER)).with_target(
        query("A", _weighted(BIAS), "{{model}}")
    )


def _weighted(metric: Metric) -> str:
    """Return a ratio over several processes: each weighs as much as the demand that it has scored."""
    ratio, units = select(metric, _RECENT), select(SCORED_UNITS, _RECENT)
    each = f"{ratio} * on (job, instance, scope) group_left () {units}"
    return f"sum by (model) ({each}) / on () group_left () sum ({units})"


def _coverage() -> Graph:
    panel = graph(
        "Do the intervals hold what they promise?",
        "Share of actuals inside the central interval of that probability, last weeks. Counts overcover by nature; a "
        "line below its own level means intervals that are too narrow.",
        "percentunit",
        (0, 15, 12, 8),
    )
    lines = [(None, RED), *((level, GREEN) for level in INTERVALS)]
    return (
        with_lines(panel, *lines)
        .min(0)
        .max(1)
        .with_target(query("A", f"avg by (level) ({select(COVERAGE, _RECENT)})", "{{level}} interval"))
    )


def _found() -> Graph:
    panel = graph(
        "How many drifts were found?",
        "Drifts found in the hour before each point, by direction. Many at once: look for a promotion, a holiday or a "
        "feed before believing in a hundred separate changes.",
        "short",
        (0, 23, 12, 7),
    )
    return (
        with_lines(panel, (None, GREEN), (10, AMBER))
        .min(0)
        .with_target(query("A", f"sum by (direction) (increase({select(DRIFTS)}[1h]))", "{{direction}}"))
    )


def _alerts() -> Graph:
    panel = graph(
        "What is open?",
        "Alerts that are firing or acknowledged, by kind; kinds without any are left out.",
        "short",
        (12, 23, 12, 7),
    )
    return (
        with_lines(panel, (None, GREEN), (50, AMBER))
        .min(0)
        .with_target(query("A", f"sum by (kind) ({select(ALERTS_OPEN)}) > 0", "{{kind}}"))
    )


def _age() -> Graph:
    panel = graph(
        "How old is what we know?",
        "Since the newest tick and since the newest event handled. No ticks: nothing is handled. Old events, young "
        "ticks: the tills are silent, or the shop is closed.",
        "s",
        (0, 30, 12, 7),
    )
    return (
        with_lines(panel, (None, GREEN), (3_600, AMBER), (86_400, RED))
        .min(0)
        .with_target(query("A", f"max ({select(TICK_AGE)})", "newest tick"))
        .with_target(query("B", f"min ({select(EVENT_AGE)})", "newest event"))
    )


def _lag() -> Graph:
    panel = graph(
        "How much waits to be handled?",
        "Records on each topic that are not handled yet.",
        "short",
        (12, 30, 12, 7),
    )
    return (
        with_lines(panel, (None, GREEN), (100_000, AMBER))
        .min(0)
        .with_target(query("A", f"sum by (topic) ({select(LAG)})", "{{topic}}"))
    )
