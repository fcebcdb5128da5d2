"""The dashboards' files: made by the code of this tree, and fit for whoever looks at them."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from deploy.dashboards.__main__ import DASHBOARDS, main
from deploy.dashboards.rendering import render
from streams.metrics import METRICS
from tests.dashboards import FOLDER, files, filled, queries, read
from tests.house.tree import ROOT
from tests.servers.prometheus import check_config

EACH = pytest.mark.parametrize("dashboard", [read(file) for file in files()], ids=[file.stem for file in files()])
Dashboard = Mapping[str, Any]


def test_the_files_are_what_the_code_makes() -> None:
    assert [file.name for file in files()] == sorted(DASHBOARDS)
    for name, build in DASHBOARDS.items():
        assert (FOLDER / name).read_text() == render(build()), "run python -m deploy.dashboards"
    assert main(["--check"]) == 0


@EACH
def test_every_panel_says_what_it_is(dashboard: Dashboard) -> None:
    for panel in dashboard["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel["id"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"], panel["title"]
        assert len(defaults["thresholds"]["steps"]) > 1, panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@EACH
def test_panels_stand_beside_each_other(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


@EACH
def test_every_query_asks_for_metrics_that_are_shown(dashboard: Dashboard) -> None:
    kinds = {metric.name: metric.kind for metric in METRICS}
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    for each in queries(dashboard):
        names = set(re.findall(r"demand_\w+", each.expr))
        assert names, each
        assert names <= kinds.keys(), each
        assert each.expr.count("demand_") == each.expr.count('job=~"$job", instance=~"$instance"'), each
        assert set(re.findall(r"\$(\w+)", each.expr)) <= variables | {"__rate_interval"}, each
        for name in names:
            if kinds[name] == "counter":
                assert re.search(rf"(rate|increase)\({name}", each.expr), f"{each}: a counter as it stands says nothing"
        assert "$" not in filled(each.expr, "1m")


@EACH
def test_it_is_provisioned_as_code(dashboard: Dashboard) -> None:
    assert dashboard["uid"]
    assert dashboard["editable"] is False
    assert "__inputs" not in dashboard
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert {"datasource", "job", "instance"} <= variables.keys()
    names = {metric.name for metric in METRICS}
    for variable in variables.values():
        if variable["type"] == "query":
            assert set(re.findall(r"demand_\w+", variable["query"])) <= names, variable["name"]
            assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")


@pytest.mark.usefixtures("prometheus_tools")
def test_the_scrape_configuration_is_valid() -> None:
    assert list(check_config(ROOT / "deploy" / "prometheus" / "prometheus.yml")) == []
