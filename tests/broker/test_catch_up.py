"""Thirty days of history, then live: the heartbeat closes the days between, and the next close knows the history."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.clock import SystemClock
from demand_monitor.wiring import Wiring
from schemas.forecasts import ForecastIssued
from schemas.reading import read_forecast
from schemas.sales import Sale
from schemas.topics import FORECASTS, SALES, TICKS
from streams.engine.history import History
from streams.settings import ShopSettings
from tests.broker.installation import Installation
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

NOW = datetime.now(UTC).replace(microsecond=0)
#: A zone in which it is noon now: no midnight falls into the test, whenever it runs.
AHEAD_HOURS = 12 - NOW.hour
ZONE = ZoneInfo(f"Etc/GMT{-AHEAD_HOURS:+d}" if AHEAD_HOURS else "Etc/GMT")
TODAY = NOW.astimezone(ZONE).date()
DAYS, GAP_DAYS = 30, 3
#: The last day of history; the days after it and before today are the gap, in which nobody told us of a sale.
LAST = TODAY - timedelta(days=GAP_DAYS + 1)
#: Enough of them in each task that a day without one sale is no luck, but silence.
SKUS = ("milk", *(f"sku{number}" for number in range(15)))
#: Two units of each in each hour from 8 to 19: 24 a day, every day.
HOURS, UNITS = range(8, 20), 2
MAPPING = f"""
name = "till-lines"
about = "A till's lines."
zone = "{ZONE.key}"
currency = "EUR"
grain = "line"
sorted = true

[time]
of = "{{when}}"
format = "%Y-%m-%d %H:%M:%S"

[[event]]
kind = "sold"
fields = {{ store_id = "s1", sku = "{{sku}}", units = {{ of = "{{units}}", number = true }} }}
"""


class ShiftedClock(SystemClock):
    """The wall clock of another moment."""

    def __init__(self, shift: timedelta) -> None:
        super().__init__()
        self._shift_ms = round(shift.total_seconds() * 1_000)

    def now_ms(self) -> int:
        return super().now_ms() + self._shift_ms


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    with Installation(
        real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, ShopSettings(zone=ZONE.key), 2
    ) as made:
        yield made


def write_history(folder: Path) -> tuple[Path, Path]:
    """Write the file and its mapping."""
    file, mapping = folder / "history.csv", folder / "till-lines.toml"
    mapping.write_text(MAPPING)
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["when", "sku", "units"])
        for back in range(DAYS - 1, -1, -1):
            day = LAST - timedelta(days=back)
            rows.writerows([f"{day} {hour:02}:30:00", sku, UNITS] for hour in HOURS for sku in SKUS)
    return file, mapping


def test_the_next_close_uses_the_loaded_history(installation: Installation, tmp_path: Path) -> None:
    file, mapping = write_history(tmp_path)
    installation.run("topics", "create")
    installation.run("load", str(file), "--mapping", str(mapping))
    refused = installation.run("heartbeat", code=2)
    assert refused == ""
    hosts = [installation.start(*words) for words in (["monitor"], ["heartbeat", "--catch-up"])]
    sell(installation)
    sold_today = ("s1", "milk", TODAY.isoformat())
    installation.wait(lambda: installation.units().get(sold_today) == (5.0, 0.0), 60)
    check_days(installation, closed_until=TODAY - timedelta(days=1))
    # Nothing was lost, nothing came twice: the history and today's five.
    past = [(LAST - timedelta(days=back)).isoformat() for back in range(DAYS)]
    whole = {("s1", sku, day): (24.0, 0.0) for sku in SKUS for day in past}
    assert installation.units() == {**whole, sold_today: (5.0, 0.0)}
    assert 22 < forecast_for(installation, TODAY).mean_units < 26
    assert hosts.pop().end() == 0

    close_today(installation)
    check_days(installation, closed_until=TODAY)
    tomorrow = forecast_for(installation, TODAY + timedelta(days=1))
    # A week before tomorrow lies in the loaded file; a model without it would know of today's five alone.
    assert tomorrow.seasonal_naive_units == 24
    assert tomorrow.mean_units > 10
    assert hosts.pop().end() == 0


def sell(installation: Installation) -> None:
    """Send a live sale of five."""
    sale = Sale(event_id="live", event_time=NOW, store_id="s1", sku="milk", units=5)
    outlet = installation.wiring.outlet()
    outlet.send(installation.wiring.topic(SALES), b"milk", sale.encode())
    outlet.close()


def close_today(installation: Installation) -> None:
    """Let the wall clock be of tomorrow afternoon, for one heartbeat."""
    ahead = Wiring(installation.settings, installation.wiring.journal, ShiftedClock(timedelta(hours=26)))
    assert ahead.heartbeat(catch_up=True).start() in (26, 27)
    installation.wait(lambda: installation.is_handled("engine", TICKS, "ticks", 2), 60)


def check_days(installation: Installation, closed_until: date) -> None:
    """Every day up to this one is closed; those of the gap hold nothing and have taught nothing."""
    (field,) = [
        field for state in installation.state().values() for name, field in state.items() if name == "m:s1|milk"
    ]
    history = History.decode(field, "m:s1|milk")
    days = [date.fromordinal(period) for period in history.periods()]
    assert days == [LAST + timedelta(days=offset) for offset in range(1 - DAYS, (closed_until - LAST).days + 1)]
    taught = dict(zip(days, history.taught, strict=True))
    gap = [LAST + timedelta(days=offset) for offset in range(1, GAP_DAYS + 1)]
    assert [day for day in days if not taught[day]] == gap
    assert [history.sold_in(day.toordinal()) for day in gap] == [0] * GAP_DAYS


def forecast_for(installation: Installation, day: date) -> ForecastIssued:
    """Return milk's forecast whose target is a day."""
    records = [record for each in installation.records(FORECASTS).values() for record in each]
    forecasts = [read_forecast(record.value) for record in records if record.key == b"s1|milk"]
    (found,) = [each for each in forecasts if each.target.astimezone(ZONE).date() == day]
    return found
