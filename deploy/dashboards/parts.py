"""The parts that all dashboards share: variables, queries, thresholds, panels.

The one rule: every panel has a title, a description, a unit and thresholds, and every query can be narrowed to a job
and an instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import (
    DatasourceVariable,
    FieldColor,
    QueryVariable,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline
from grafana_foundation_sdk.builders.timeseries import Panel as Graph
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    FieldColorModeId,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from streams.metrics import BUILD, Metric

#: The uid under which `deploy/grafana/provisioning` makes the data source.
DATASOURCE_UID: Final = "prometheus"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, AMBER, RED = "green", "orange", "red"

_WHO: Final = ('job=~"$job"', 'instance=~"$instance"')

P = TypeVar("P", Graph, Timeline)


def select(metric: Metric, *matchers: str) -> str:
    """Return a selector of one metric, narrowed to the dashboard's jobs and instances.

    >>> select(BUILD, 'command="monitor"')
    'demand_build_info{job=~"$job", instance=~"$instance", command="monitor"}'
    """
    return f"{metric.name}{{{', '.join([*_WHO, *matchers])}}}"


def query(ref_id: str, expr: str, legend: str) -> Dataquery:
    """Return a range query of a panel."""
    return Dataquery().ref_id(ref_id).expr(expr).legend_format(legend).range().datasource(SOURCE)


def thresholds(*steps: tuple[float | None, str]) -> ThresholdsConfig:
    """Return absolute thresholds: from which value on, which colour; None begins."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value, color) for value, color in steps])


def placed(panel: P, title: str, description: str, unit: str, place: tuple[int, int, int, int]) -> P:
    """Return a panel with what each must have.

    Parameters
    ----------
    panel
        A new builder.
    title, description
        For the person who looks.
    unit
        One of Grafana's.
    place
        Column (of 24), row, width and height.
    """
    x, y, w, h = place
    return (
        panel.title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .grid_pos(GridPos(h=h, w=w, x=x, y=y))
        .no_value("no data")
    )


def graph(title: str, description: str, unit: str, place: tuple[int, int, int, int]) -> Graph:
    """Return a panel of lines over time."""
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    return (
        placed(Graph(), title, description, unit, place)
        .line_width(2)
        .fill_opacity(5)
        .show_points(VisibilityMode.AUTO)
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .legend(legend.show_legend(True).calcs([]))
    )


def with_lines(panel: Graph, *steps: tuple[float | None, str]) -> Graph:
    """Return a graph whose thresholds are drawn as dashed lines."""
    style = GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(thresholds(*steps)).thresholds_style(style)


def variables(*more: QueryVariable) -> Sequence[DatasourceVariable | QueryVariable]:
    """Return the variables of every dashboard, and these."""
    source = (
        DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(VariableOption(text="Prometheus", value=DATASOURCE_UID))
    )
    return [
        source,
        label_variable("job", "Job", BUILD.name, "job"),
        label_variable("instance", "Process", f'{BUILD.name}{{job=~"$job"}}', "instance"),
        *more,
    ]


def label_variable(name: str, label: str, selector: str, of: str) -> QueryVariable:
    """Return a variable that holds some or all values of a label."""
    return (
        QueryVariable(name)
        .label(label)
        .query(f"label_values({selector}, {of})")
        .definition(f"label_values({selector}, {of})")
        .datasource(SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )
