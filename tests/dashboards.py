"""The dashboards as the tests read them: panels, queries, and queries with their variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.jars import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"

Panel = Mapping[str, Any]


class Query(NamedTuple):
    """One query of one panel, or of an annotation."""

    panel: str
    ref_id: str
    expr: str


def files() -> Sequence[Path]:
    """Return the files of all dashboards."""
    return sorted(FOLDER.glob("*.json"))


def read(file: Path) -> Mapping[str, Any]:
    """Return one dashboard."""
    loaded: Mapping[str, Any] = json.loads(file.read_text())
    return loaded


def queries(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Yield every query of a dashboard."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield Query(panel["title"], target["refId"], target["expr"])
    for annotation in dashboard["annotations"]["list"]:
        yield Query(annotation["name"], "annotation", annotation["expr"])


def filled(expr: str, rate_interval: str) -> str:
    """Return a query as Grafana sends it with every variable on "All".

    >>> filled('rate(a_total{job=~"$job"}[$__rate_interval])', "10s")
    'rate(a_total{job=~".+"}[10s])'
    """
    expr = expr.replace("$__rate_interval", rate_interval)
    return re.sub(r"\$\w+|\$\{\w+\}", ".+", expr)
