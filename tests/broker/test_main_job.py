"""The main job on real input: a year of a shop's invoices through real processes, and every unit accounted for."""

import csv
import gzip
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.mappings.mapping import read_mapping
from producers.rows import RowSource
from schemas.topics import ALERTS, FORECASTS, SALES, STOCK
from streams.settings import ShopSettings
from tests.broker.faults.counts import SOAK
from tests.broker.installation import Installation, lines_as_json
from tests.broker.replaying import (
    check_state,
    check_words,
    closes,
    raised_at_closes,
    recorded,
    replay_source,
    replay_topics,
    revisions,
)
from tests.oracles.uci import compute_uci
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.broker

LONDON = ShopSettings(zone="Europe/London")
#: The file begins on 2010-12-01; sixty days of it are the lines before this date.
SIXTY_DAYS_END = "2011-01-30"


@pytest.fixture
def uci_file(data_dir: Path) -> Path:
    return data_dir / "uci_online_retail" / "online_retail.csv.gz"


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, LONDON, 4) as made:
        yield made


def cut(source: Path, target: Path, end: str) -> Path:
    """Write the header and the lines before a date; the file is in the order of time."""
    with gzip.open(source, "rt", newline="") as reading, gzip.open(target, "wt", newline="") as writing:
        rows, out = csv.DictReader(reading), csv.writer(writing)
        out.writerow(rows.fieldnames or ())
        out.writerows(row.values() for row in itertools.takewhile(lambda row: row["InvoiceDate"] < end, rows))
    return target


def play(installation: Installation, file: Path, seconds: float) -> dict[str, float]:
    """Load a file beside all hosts and hold what came of it to the file; return how long it took."""
    installation.run("topics", "create")
    hosts = [installation.start(name) for name in ("monitor", "prices", "desk")]
    feed = installation.start("feed", "--json", "--all")
    began = time.monotonic()
    report = lines_as_json(
        [installation.run("load", str(file), "--mapping", "uci-online-retail", "--json", seconds=seconds)]
    )[0]
    loaded = time.monotonic()
    installation.wait_handled(seconds)
    handled = time.monotonic()
    check_units(installation, file)
    check_quarantine(installation, file, report)
    check_feed(installation, feed.lines)
    assert [host.end() for host in [*hosts, feed]] == [0, 0, 0, 0]
    lines = sum(sum(installation.ends(topic).values()) for topic in (SALES, STOCK))
    check_replay_of_topics(installation)
    return {"events": lines, "load_seconds": loaded - began, "seconds": handled - began}


def check_units(installation: Installation, file: Path) -> None:
    """Every unit sold and returned, by sku and day, as pandas counts them in the file."""
    units = {(sku, day): pair for (_, sku, day), pair in installation.units().items()}
    assert units == compute_uci(file).units()


def check_quarantine(installation: Installation, file: Path, report: dict[str, object]) -> None:
    """The rows that are no goods are left out and listed, and nothing else."""
    truth = compute_uci(file)
    refusals = installation.quarantined()
    assert Counter(str(each.reason) for each in refusals) == {"non_product": len(truth.refused)}
    assert report["refused"] == {"non_product": len(truth.refused)}
    assert sorted(each.offset for each in refusals) == truth.refused["row"].tolist()


def check_feed(installation: Installation, printed: Callable[[], list[str]]) -> None:
    """The feed prints every revision on the topic, each with its sentence."""
    (records,) = installation.records(ALERTS).values()
    installation.wait(lambda: len(printed()) == len(records), 30)
    alerts = lines_as_json(printed())
    assert alerts, "sixty days of a shop without one alert"
    for alert in alerts:
        summary = str(alert["summary"])
        # A product without a name anywhere in the file is called by its number.
        assert re.fullmatch(r"\S.+ .+\.", summary), summary
        assert "None" not in summary
    forecasts = installation.records(FORECASTS)
    assert all(forecasts.values()), "a task without a forecast"


def check_replay_of_topics(installation: Installation) -> None:
    """The topics give the same bytes."""
    chain, ear = replay_topics(installation)
    check_words(installation, ear)
    check_state(installation, chain)
    assert revisions(ear.pairs(ALERTS)) == revisions(recorded(installation, ALERTS))


def check_replay_of_file(installation: Installation, file: Path) -> None:
    """The file gives the same closes, and the same alerts raised at closes."""
    ear = replay_source(installation, RowSource([(file, read_mapping("uci-online-retail"))]))
    assert closes(ear.pairs(FORECASTS)) == closes(recorded(installation, FORECASTS))
    assert raised_at_closes(ear.pairs(ALERTS)) == raised_at_closes(recorded(installation, ALERTS))


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_sixty_days_of_invoices_are_counted_to_the_unit(
    installation: Installation, uci_file: Path, tmp_path: Path
) -> None:
    figures = play(installation, cut(uci_file, tmp_path / "online_retail_60_days.csv.gz", SIXTY_DAYS_END), 400)
    assert figures["events"] > 70_000


@pytest.mark.timeout(3_600)
@pytest.mark.slow
@pytest.mark.skipif(not SOAK, reason="the whole year takes minutes: make soak")
def test_the_whole_year_is_counted_to_the_unit(
    installation: Installation, uci_file: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = play(installation, uci_file, 1_800)
    check_replay_of_file(installation, uci_file)
    record_property("events", round(figures["events"]))
    record_property("faults", f"none: loaded in {figures['load_seconds']:.0f} s, handled in {figures['seconds']:.0f} s")
    assert figures["events"] > 535_000
