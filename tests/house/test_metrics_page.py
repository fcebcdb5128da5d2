"""`docs/metrics.md` says what the table in `streams/metrics.py` says, and the code shows nothing else."""

import re

from streams import metrics
from streams.metrics import METRICS, Metric, render_table
from tests.dashboards import files, read
from tests.house.tree import ROOT, modules

PAGE = (ROOT / "docs" / "metrics.md").read_text()
NAME = re.compile(
    r"\bdemand_[a-z_]+_(?:total|seconds|ratio|records|scored_units|score|threshold|series|open|info|tasks)\b"
)


def test_the_page_holds_the_table() -> None:
    (table,) = re.findall(r"<!-- metrics -->\n(.*?)<!-- /metrics -->", PAGE, re.DOTALL)
    assert table == render_table(), "run python -m streams.metrics and put what it prints between the marks"


def test_every_metric_of_the_module_is_in_the_table() -> None:
    assert {each for each in vars(metrics).values() if isinstance(each, Metric)} == set(METRICS)


def test_nothing_is_named_outside_the_table() -> None:
    known = {metric.name for metric in METRICS}
    texts = [path for path in modules() if path.parts[-2:] != ("streams", "metrics.py") and "tests" not in path.parts]
    assert texts
    for path in texts:
        named = set(NAME.findall(path.read_text()))
        assert named <= known, f"{path}: {named - known}"
    assert set(NAME.findall(PAGE)) <= known


def test_every_panel_of_a_dashboard_is_explained() -> None:
    for file in files():
        for panel in read(file)["panels"]:
            assert f"| {panel['title']} |" in PAGE, f"{file.name}: {panel['title']}"
