"""The command line on real servers: from an empty broker to an acknowledged alert, each host a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.quarantine import Refusal
from schemas.reasons import Reason
from schemas.sales import Sale
from schemas.topics import ACTIONS, QUARANTINE, SALES
from streams.settings import ShopSettings
from tests.broker.installation import Installation, Process, lines_as_json
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker

DAYS = 35
FIRST_DAY = date(2025, 1, 6)
MAPPING = """
name = "corner-shop"
zone = "UTC"
currency = "PEN"
grain = "day"
sorted = true

[time]
of = "{date}"
format = "%Y-%m-%d"

[defaults]
store_id = "{store}"
sku = "{sku}"

[[event]]
kind = "sold"
when = [{ of = { of = "{units}", number = true }, greater = 0 }]
fields = { units = { of = "{units}", number = true }, unit_price = 4.5 }

[[event]]
kind = "counted"
fields = { units = { of = "{stock}", number = true } }
"""


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    shop = ShopSettings(grain="day")
    made = Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, shop, 2)
    yield made
    made.close()


def write_shop(folder: Path) -> tuple[Path, Path]:
    """Write five weeks of two products: milk runs empty on the last day, bread never does."""
    lines = ["date,store,sku,units,stock"]
    for day in range(DAYS):
        for sku, stock in (("milk", 0 if day == DAYS - 1 else 120), ("bread", 500)):
            lines.append(f"{FIRST_DAY + timedelta(days=day)},lima,{sku},{9 + day % 3},{stock}")
    file, mapping = folder / "shop.csv", folder / "shop.toml"
    file.write_text("\n".join(lines) + "\n")
    mapping.write_text(MAPPING)
    return file, mapping


def alerts(installation: Installation, *filters: str) -> list[dict[str, object]]:
    return lines_as_json(installation.run("feed", "--once", "--json", *filters).splitlines())


def test_from_an_empty_broker_to_an_acknowledged_alert(installation: Installation, tmp_path: Path) -> None:
    file, mapping = write_shop(tmp_path)
    assert "demand-monitor topics create" in failed(installation, "doctor", code=1)
    created = json.loads(installation.run("topics", "create", "--json"))
    assert [row["created"] for row in created] == [True] * 12
    assert not any(row["created"] for row in json.loads(installation.run("topics", "create", "--json")))

    # 35 days × (2 sold + 2 counted).
    loaded = json.loads(installation.run("load", str(file), "--mapping", str(mapping), "--json"))
    assert loaded["sent"] == {"sales.v1": 2 * DAYS, "stock.v1": 2 * DAYS}
    assert json.loads(installation.run("load", str(file), "-m", str(mapping), "--json"))["already_done"]

    hosts = [installation.start("monitor", "--processes", "2"), installation.start("desk")]
    installation.wait_handled(60)

    (alert,) = alerts(installation, "--kind", "stockout")
    assert (alert["store_id"], alert["sku"], alert["state"]) == ("lima", "milk", "firing")
    assert alerts(installation, "--store", "cusco") == []
    assert "milk" in installation.run("feed", "--once", "--card", "--kind", "stockout")

    acknowledge = ("alerts", "acknowledge", str(alert["alert_id"])[:12], "--actor", "ana")
    assert "is at revision" in failed(installation, *acknowledge, "--revision", "99", code=2)
    installation.run(*acknowledge)
    assert list(installation.ends(ACTIONS).values()) == [1]
    installation.wait(lambda: alerts(installation, "--kind", "stockout")[0]["state"] == "acknowledged", 30)
    (acknowledged,) = alerts(installation, "--state", "acknowledged")
    assert acknowledged["acknowledged_by"] == "ana"

    checked = installation.run("doctor")
    assert "WRONG" not in checked
    # The file's last day is long ago, and a tick names the file: no till is slow.
    assert f"{installation.settings.prefix}sales.v1: loaded history, no live records yet; slack is 5 min" in checked
    states = {row["task"]: row for row in json.loads(installation.run("state", "show", "--json"))}
    assert states.keys() == {"engine:0", "engine:1", "prices:0", "prices:1", "desk:0"}
    assert states["engine:0"]["newest_time"] == loaded["last_tick"]
    assert [host.end() for host in hosts] == [0, 0], "\n".join(host.told() for host in hosts)


def failed(installation: Installation, *words: str, code: int) -> str:
    """Run a command that must fail; return what it says, which is never a traceback."""
    command = [sys.executable, "-m", "demand_monitor", *words]
    environment = {
        **os.environ,
        "DEMAND_BOOTSTRAP": installation.settings.bootstrap,
        "DEMAND_REDIS": installation.settings.redis,
        "DEMAND_PREFIX": installation.settings.prefix,
        "DEMAND_PARTITIONS": "2",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


def child_pids(monitor: Process) -> list[int]:
    noted = [json.loads(line) for line in monitor.err.read_text().splitlines()]
    return [line["pid"] for line in noted if line["event"] == "child_started"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process whose parent has died is reaped by somebody else: until then it is there, but does nothing.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def started(monitor: Process) -> bool:
    return monitor.err.read_text().count('"event":"worker_started"') == 2


@pytest.mark.parametrize("victim", ["parent", "child"])
def test_no_worker_outlives_its_parent_and_no_failure_is_hidden(installation: Installation, victim: str) -> None:
    installation.run("topics", "create")
    monitor = installation.start("monitor", "--processes", "2")
    installation.wait(lambda: started(monitor), 40)
    pids = child_pids(monitor)
    os.kill(monitor.process.pid if victim == "parent" else pids[0], signal.SIGKILL)
    # -9: the parent itself was killed; 137: a child was, and the parent says so.
    assert monitor.process.wait(40) == (-9 if victim == "parent" else 137)
    deadline = time.monotonic() + 30
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_was_refused_is_listed_and_sent_again_once(installation: Installation) -> None:
    installation.run("topics", "create")
    outlet = installation.wiring.outlet()
    for number in range(3):
        refusal = Refusal(
            Reason.UNKNOWN_CURRENCY, "XXX", installation.wiring.topic(SALES), 0, number, b"milk", b"%d" % number
        )
        quarantine = installation.wiring.topic(QUARANTINE)
        outlet.send(quarantine, refusal.key, refusal.value, refusal.to_headers())
    outlet.close()
    listed = json.loads(installation.run("quarantine", "list", "--json"))
    assert listed["counts"] == {"unknown_currency": 3}
    assert [record["state"] for record in listed["records"]] == ["waiting"] * 3

    assert json.loads(installation.run("quarantine", "redrive", "--number", "1", "--json"))["already"] == 0
    assert json.loads(installation.run("quarantine", "redrive", "--json"))["already"] == 1
    assert json.loads(installation.run("quarantine", "redrive", "--json"))["already"] == 3
    sent = [record.value for records in installation.records(SALES).values() for record in records]
    assert sent == [b"1", b"0", b"2"]


def test_a_redriven_sale_is_handled_by_a_live_engine(installation: Installation) -> None:
    # The marker that ends the redrive's transaction has an offset of its own, which the engine must pass.
    installation.run("topics", "create")
    now = datetime.now(UTC)
    sale = Sale(event_id="e1", event_time=now, store_id="lima", sku="milk", units=3)
    sales, quarantine = installation.wiring.topic(SALES), installation.wiring.topic(QUARANTINE)
    refusal = Refusal(Reason.UNKNOWN_CURRENCY, "mended since", sales, 0, 0, b"milk", sale.encode())
    outlet = installation.wiring.outlet()
    outlet.send(quarantine, refusal.key, refusal.value, refusal.to_headers())
    outlet.close()
    hosts = [installation.start(*words) for words in (("monitor",), ("desk",), ("heartbeat",), ("feed", "--json"))]
    installation.run("quarantine", "redrive")
    installation.wait(lambda: bool(installation.units()), 40)
    installation.wait_handled(20)
    assert installation.units() == {("lima", "milk", now.date().isoformat()): (3.0, 0.0)}
    assert [host.end() for host in hosts] == [0, 0, 0, 0], "\n".join(host.told() for host in hosts)


def test_a_missing_broker_is_told_within_ten_seconds() -> None:
    began = time.monotonic()
    command = [sys.executable, "-m", "demand_monitor", "monitor", "--bootstrap", "127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    # Eight seconds for the broker; the rest is the start of the interpreter on a busy machine.
    assert time.monotonic() - began < 15
    assert done.returncode == 3
    assert done.stderr.startswith("Kafka at 127.0.0.1:1 did not answer: ")
    assert "Traceback" not in done.stderr
