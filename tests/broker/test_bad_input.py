"""Bad input on real topics: each record in quarantine with its reason, as it came; every good one beside it counted."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.quarantine import Headers
from schemas.topics import SALES, STOCK, Topic
from streams.settings import ShopSettings
from tests.broker.installation import Installation, lines_as_json
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

NOW = datetime.now(UTC).replace(microsecond=0)
#: No text, so that a quarantine which decodes headers would be found out.
HEADERS: Headers = (("till", b"7"), ("trace", b"\xff\x00"))
SKUS = ("milk", "bread", "rice", "salt")
GOOD_ROUNDS = 30


class Bad(NamedTuple):
    """A record that cannot be used, and what is to be said of it."""

    reason: str
    topic: Topic
    key: bytes | None
    value: bytes | None


def sale(number: str, **changed: object) -> bytes:
    """Return a sale of two units of milk, with some fields changed; None leaves one out."""
    fields = {
        "schema_version": 1,
        "event_id": number,
        "event_time": (NOW - timedelta(minutes=10)).isoformat(),
        "kind": "sold",
        "store_id": "s1",
        "sku": "milk",
        "units": 2,
        "unit_price": 1.5,
        "currency": "EUR",
    } | changed
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def count(number: str, **changed: object) -> bytes:
    """Return a count of milk."""
    return sale(number, kind="counted", unit_price=None, currency=None, **changed)


BAD = (
    Bad("invalid_json", SALES, b"milk", b'{"event_id": "b1", '),
    Bad("invalid_json", SALES, b"milk", b"\xff\xfe\x00"),
    Bad("schema", SALES, b"milk", sale("b2", units=None)),
    Bad("schema", SALES, b"milk", sale("b3", kind="lent")),
    Bad("unknown_version", SALES, b"milk", sale("b4", schema_version=2)),
    Bad("unknown_version", SALES, b"milk", sale("b5", schema_version=2, units={"new": "shape"})),
    Bad("empty_key", SALES, None, sale("b6")),
    Bad("empty_key", SALES, b"", sale("b7")),
    Bad("key_mismatch", SALES, b"bread", sale("b8")),
    Bad("tombstone", SALES, b"milk", None),
    Bad("too_large", SALES, b"milk", sale("b9") + b" " * 1_000_000),
    Bad("not_finite", SALES, b"milk", sale("b10", units=float("nan"))),
    Bad("not_finite", SALES, b"milk", sale("b11", unit_price=float("inf"))),
    Bad("negative_price", SALES, b"milk", sale("b12", unit_price=-1.5)),
    Bad("naive_time", SALES, b"milk", sale("b13", event_time="2026-03-01T10:00:00")),
    Bad("ahead_of_clock", SALES, b"milk", sale("b14", event_time="2999-01-01T00:00:00+00:00")),
    Bad("beyond_horizon", SALES, b"milk", sale("b15", event_time=(NOW - timedelta(days=3)).isoformat())),
    Bad("unknown_currency", SALES, b"milk", sale("b16", currency="XQX")),
    Bad("implausible", SALES, b"milk", sale("b17", units=0)),
    Bad("invalid_json", STOCK, b"milk", b"[1, 2"),
    Bad("schema", STOCK, b"milk", count("b20", units="many")),
    Bad("unknown_version", STOCK, b"milk", count("b21", schema_version=9)),
    Bad("tombstone", STOCK, b"milk", None),
    Bad("not_finite", STOCK, b"milk", count("b22", units=float("nan"))),
    Bad("naive_time", STOCK, b"milk", count("b23", event_time="2026-03-01T10:00:00")),
    Bad("ahead_of_clock", STOCK, b"milk", count("b24", event_time="2999-01-01T00:00:00+00:00")),
    Bad("empty_key", STOCK, None, count("b25")),
)


@pytest.fixture
def installation(
    real_kafka: KafkaServer, redis_server: RedisServer, topic_prefix: str, tmp_path: Path
) -> Iterator[Installation]:
    with Installation(real_kafka.bootstrap, redis_server.url, topic_prefix, tmp_path, ShopSettings(), 2) as made:
        yield made


def send(installation: Installation) -> None:
    """Send every bad record among good ones: a round of good sales before each, the rest at the end."""
    outlet = installation.wiring.outlet()
    bad = list(BAD)
    for number in range(GOOD_ROUNDS):
        for sku in SKUS:
            good = sale(f"g{number}-{sku}", sku=sku)
            outlet.send(installation.wiring.topic(SALES), sku.encode(), good, HEADERS)
        if bad:
            each = bad.pop(0)
            outlet.send(installation.wiring.topic(each.topic), each.key, each.value, HEADERS)
    assert not bad
    outlet.close()


def test_each_bad_record_is_quarantined_as_it_came_and_each_good_one_counted(installation: Installation) -> None:
    installation.run("topics", "create")
    hosts = [installation.start(name) for name in ("heartbeat", "monitor")]
    send(installation)
    day = (NOW - timedelta(minutes=10)).date().isoformat()
    expected = {("s1", sku, day): (2.0 * GOOD_ROUNDS, 0.0) for sku in SKUS}
    installation.wait(lambda: installation.units() == expected, 60)
    installation.wait(lambda: len(installation.quarantined()) >= len(BAD), 30)
    check_quarantine(installation, times=1)
    redrive_twice(installation)
    check_quarantine(installation, times=2)
    assert installation.units() == expected
    assert [host.end() for host in hosts] == [0, 0]


def check_quarantine(installation: Installation, times: int) -> None:
    """Every bad record stands there so often, with its reason, its bytes and the sender's own headers."""
    refusals = installation.quarantined()
    found = Counter((str(each.reason), each.topic, each.key, each.value) for each in refusals)
    name = installation.wiring.topic
    told = Counter((bad.reason, name(bad.topic), bad.key, bad.value) for bad in BAD for _ in range(times))
    assert found == told
    assert all(each.headers[: len(HEADERS)] == HEADERS for each in refusals)
    assert all(each.detail for each in refusals)


def redrive_twice(installation: Installation) -> None:
    """Nothing was mended, so all is refused again; a second redrive sends nothing."""
    first = lines_as_json([installation.run("quarantine", "redrive", "--json")])[0]
    name = installation.wiring.topic
    assert first["sent"] == {name(topic): sum(bad.topic is topic for bad in BAD) for topic in (SALES, STOCK)}
    installation.wait(lambda: len(installation.quarantined()) >= 2 * len(BAD), 60)
    second = lines_as_json([installation.run("quarantine", "redrive", "--json")])[0]
    assert second["sent"] == {}
    assert second["already"] == second["came_back"] == len(BAD)
    listed = lines_as_json([installation.run("quarantine", "list", "--json")])[0]
    assert listed["counts"] == {reason: 2 * each for reason, each in Counter(bad.reason for bad in BAD).items()}
