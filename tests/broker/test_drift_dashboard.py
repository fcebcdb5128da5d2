"""The Drift dashboard on the running pipeline: demand halves, and every panel shows it.

Real processes on a real Kafka and Redis, scraped each second by a real Prometheus; then each panel's own query is asked
of Prometheus as Grafana would ask it.
"""

import random
import time
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.topics import ALERTS
from streams.metrics import DRIFT_SCORE, DRIFT_THRESHOLD, DRIFTING, DRIFTS, METRICS, MONEY_OVER, MONEY_UNDER, WAPE
from streams.settings import ShopSettings
from tests.broker.installation import Installation, lines_as_json
from tests.dashboards import files, filled, queries, read
from tests.servers.kafka import KafkaServer
from tests.servers.process import free_ports
from tests.servers.prometheus import Prometheus, lint_metrics
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker

FIRST_DAY = date(2025, 1, 6)
STEADY_DAYS, STEP_DAYS, MOST_STEPS = 63, 2, 12
SKUS = tuple(f"sku-{number}" for number in range(6))
STORES = ("lima", "cusco")
#: The store whose demand halves, and the mean sales of a product and day.
FALLS, MEAN_UNITS = "lima", 30
MAPPING = """
name = "two-shops"
zone = "UTC"
currency = "PEN"
grain = "day"
sorted = true

[time]
of = "{time}"
format = "%Y-%m-%d %H:%M"

[defaults]
store_id = "{store}"
sku = "{sku}"

[[event]]
kind = "sold"
fields = { units = { of = "{units}", number = true }, unit_price = 4.5 }
"""


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    shop = ShopSettings(grain="day")
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, 2) as made:
        yield made


def write_days(folder: Path, first: int, count: int, fallen: bool) -> Path:
    """Write the sales of some days: the mean with a scatter of a tenth, more at weekends, half of it once it fell."""
    chance = random.Random(first)
    lines = ["time,store,sku,units"]
    for day in (FIRST_DAY + timedelta(days=first + number) for number in range(count)):
        for store in STORES:
            for sku in SKUS:
                mean = MEAN_UNITS * (1.3 if day.weekday() >= 5 else 1.0) * (0.5 if fallen and store == FALLS else 1.0)
                lines.append(f"{day} 12:00,{store},{sku},{max(1, round(chance.gauss(mean, mean / 10)))}")
    file = folder / f"days-{first}.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def drift_alerts(installation: Installation) -> Sequence[dict[str, object]]:
    (records,) = installation.records(ALERTS).values()
    alerts = lines_as_json([(record.value or b"{}").decode() for record in records])
    return [alert for alert in alerts if alert["kind"] == "demand_drift"]


def values(prometheus: Prometheus, expr: str, start: float) -> list[list[float]]:
    """Return the values over time of every series that a query gives."""
    series = prometheus.query_range(expr, start, time.time())
    return [[float(value) for _, value in each["values"]] for each in series]


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.usefixtures("prometheus_tools")
def test_every_panel_shows_a_drift(installation: Installation, tmp_path: Path) -> None:
    installation.run("topics", "create")
    ports = dict(zip(("monitor", "desk"), free_ports(2), strict=True))
    for name, port in ports.items():
        installation.start(name, "--metrics-port", str(port))
    mapping = tmp_path / "shops.toml"
    mapping.write_text(MAPPING)
    with Prometheus(tmp_path, {name: f"127.0.0.1:{port}" for name, port in ports.items()}) as prometheus:
        began = time.time()
        load(installation, write_days(tmp_path, 0, STEADY_DAYS, fallen=False), mapping)
        wait_for(installation, prometheus, f'{WAPE.name}{{model="champion", scope="recent"}}')
        assert drift_alerts(installation) == [], "demand was steady so far"
        let_demand_fall(installation, prometheus, mapping)
        check_panels(prometheus, began)
        check_what_moved(prometheus, began)
        check_exposition(prometheus, ports)
        assert [process.end() for process in installation.processes] == [0, 0]


def load(installation: Installation, file: Path, mapping: Path) -> None:
    installation.run("load", str(file), "--mapping", str(mapping))
    installation.wait_handled(120)


def let_demand_fall(installation: Installation, prometheus: Prometheus, mapping: Path) -> None:
    """Load days of halved demand, a few at a time, until the drift is an alert and Prometheus has seen it."""
    for step in range(MOST_STEPS):
        load(installation, write_days(mapping.parent, STEADY_DAYS + step * STEP_DAYS, STEP_DAYS, fallen=True), mapping)
        time.sleep(2.5)  # Prometheus scrapes each second; a step that nobody saw is no step of the panels.
        if drift_alerts(installation):
            break
    found = drift_alerts(installation)
    assert found, f"no drift after {MOST_STEPS * STEP_DAYS} days of half the demand"
    assert {alert["store_id"] for alert in found} == {FALLS}
    wait_for(installation, prometheus, f"sum({DRIFTS.name}) > 0")
    wait_for(installation, prometheus, f'{DRIFTING.name}{{store="{FALLS}"}} > 0')
    time.sleep(3)


def wait_for(installation: Installation, prometheus: Prometheus, expr: str) -> None:
    installation.wait(lambda: bool(prometheus.query(expr)), 60)


def check_panels(prometheus: Prometheus, began: float) -> None:
    """Every query of every panel, and of the annotations, gives series with numbers in them."""
    for file in files():
        for each in queries(read(file)):
            found = values(prometheus, filled(each.expr, "10s"), began)
            assert found, f"{file.name}, {each.panel} {each.ref_id}: no series\n{each.expr}"
            assert all(value == value for series in found for value in series), f"{each.panel} {each.ref_id}: NaN"


def check_what_moved(prometheus: Prometheus, began: float) -> None:
    """The score climbs over its threshold, and the champion's error rises with the drift."""
    (threshold,) = {value for series in values(prometheus, DRIFT_THRESHOLD.name, began) for value in series}
    (fallen,) = values(prometheus, f'{DRIFT_SCORE.name}{{scope="store:{FALLS}"}}', began)
    assert min(fallen) < threshold < max(fallen)
    (steady,) = values(prometheus, f'{DRIFT_SCORE.name}{{scope="store:cusco"}}', began)
    assert max(steady) < threshold
    (champion,) = values(prometheus, f'{WAPE.name}{{model="champion", scope="recent"}}', began)
    (naive,) = values(prometheus, f'{WAPE.name}{{model="seasonal_naive", scope="recent"}}', began)
    for error in (champion, naive):
        assert max(error) > 1.3 * error[0], "half of the units were lost, and the forecasts did not notice"


def check_exposition(prometheus: Prometheus, ports: dict[str, int]) -> None:
    """What is scraped is clean, and each process shows every metric that the table says it shows."""
    for name, port in ports.items():
        text = exposition(port)
        assert list(lint_metrics(text)) == [], name
        shown = {line.split()[2] for line in text.decode().splitlines() if line.startswith("# TYPE demand_")}
        # Money is counted by currency, and no store of these shops has one.
        wanted = {metric for metric in METRICS if name in metric.processes} - {MONEY_OVER, MONEY_UNDER}
        assert shown == {metric.name for metric in wanted}, name
        assert all(b"sku-" not in line for line in text.splitlines())
    assert len(prometheus.query("up == 1")) == len(ports)


def exposition(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: bytes = answer.read()
    return text
