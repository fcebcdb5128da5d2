"""The board and its server: what was published is what is scraped, in the words of the table."""

import socket
import urllib.request
from typing import Any

import pytest

from adapters.memory_clock import MemoryClock
from adapters.memory_store import MemoryStore
from adapters.metrics import MetricsBoard, MetricsServer
from adapters.timed_store import TimedStore
from schemas.errors import BadSetup
from streams.metrics import BUILD, COMMIT, CONSUMED, EVENT_AGE, LATE, METRICS, WAPE, Durations, Metric, Sample
from tests.servers.prometheus import lint_metrics


def scrape(board: MetricsBoard) -> bytes:
    with MetricsServer(board, "127.0.0.1", 0) as server, _get(server.port) as answer:
        text: bytes = answer.read()
    return text


def _get(port: int) -> Any:
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)


def lines(board: MetricsBoard) -> list[str]:
    return [line for line in scrape(board).decode().splitlines() if line.startswith(("demand_", "# TYPE demand_"))]


def any_sample(metric: Metric) -> Sample:
    value = Durations((0.1, 1.0), (2, 1, 1), 7.5) if metric.kind == "histogram" else 3
    return Sample(metric, tuple(f"a {label}" for label in metric.labels), value)


def test_a_counter_a_gauge_an_age_and_a_histogram() -> None:
    board = MetricsBoard(MemoryClock(61_500))
    board.publish("host", [Sample(CONSUMED, ("stock.v1",), 1), Sample(CONSUMED, ("sales.v1",), 12)])
    board.publish("task", [Sample(WAPE, ("champion", "recent"), 0.25), Sample(EVENT_AGE, (), 60_000)])
    board.watch("store", lambda: [Sample(COMMIT, (), Durations((0.1, 1.0), (2, 1, 1), 7.5))])
    assert lines(board) == [
        "# TYPE demand_events_consumed_total counter",
        'demand_events_consumed_total{topic="sales.v1"} 12.0',
        'demand_events_consumed_total{topic="stock.v1"} 1.0',
        "# TYPE demand_event_age_seconds gauge",
        "demand_event_age_seconds 1.5",
        "# TYPE demand_commit_seconds histogram",
        'demand_commit_seconds_bucket{le="0.1"} 2.0',
        'demand_commit_seconds_bucket{le="1.0"} 3.0',
        'demand_commit_seconds_bucket{le="+Inf"} 4.0',
        "demand_commit_seconds_count 4.0",
        "demand_commit_seconds_sum 7.5",
        "# TYPE demand_forecast_wape_ratio gauge",
        'demand_forecast_wape_ratio{model="champion",scope="recent"} 0.25',
    ]


def test_what_is_published_replaces_what_was() -> None:
    board = MetricsBoard(MemoryClock(0))
    board.publish("lag", [Sample(LATE, (), 1)])
    board.publish("lag", [])
    assert lines(board) == [], "unknown is absent"


def test_an_age_grows_while_nobody_publishes() -> None:
    clock = MemoryClock(1_000)
    board = MetricsBoard(clock)
    board.publish("task", [Sample(EVENT_AGE, (), 1_000)])
    clock.sleep(42)
    assert lines(board)[-1] == "demand_event_age_seconds 42.0"


@pytest.mark.usefixtures("prometheus_tools")
def test_promtool_has_nothing_against_any_metric_of_the_table() -> None:
    board = MetricsBoard(MemoryClock(0))
    board.publish("all", [any_sample(metric) for metric in METRICS])
    assert list(lint_metrics(scrape(board))) == []
    # The negative control: a counter without its suffix is found.
    wrong = lint_metrics(b"# HELP demand_late Late.\n# TYPE demand_late counter\ndemand_late 1\n")
    assert any("_total" in line for line in wrong)


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadSetup, match="--metrics-port"):
        MetricsServer(MetricsBoard(MemoryClock(0)), "127.0.0.1", taken.getsockname()[1])


def test_names_are_said_once_and_name_no_sku() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert not any("sku" in label for metric in METRICS for label in metric.labels)
    assert all(metric.name.startswith("demand_") for metric in METRICS)
    assert all((metric.kind == "counter") == metric.name.endswith("_total") for metric in METRICS)
    assert set(BUILD.processes) == {process for metric in METRICS for process in metric.processes}


def test_calls_of_the_store_are_timed_those_that_fail_too() -> None:
    clock = MemoryClock(0)

    class SlowStore(MemoryStore):
        def marks(self, task: str) -> bytes | None:
            clock.sleep(0.2)
            raise BadSetup("refused")

    store = TimedStore(SlowStore(), clock.monotonic_seconds)
    store.take("engine:0", "me")
    with pytest.raises(BadSetup):
        store.marks("engine:0")
    found = {sample.labels[0]: sample.value for sample in store.samples()}
    assert isinstance(found["marks"], Durations)
    assert isinstance(found["take"], Durations)
    assert (sum(found["take"].counts), found["take"].seconds) == (1, 0.0)
    assert sum(found["marks"].counts) == 1
    assert found["marks"].seconds == pytest.approx(0.2)
