"""Replay: the log of a live run, and the source it came from, give what the live run gave.

::

    synth ─► topics ─► monitor × 2, prices, desk ─► outputs, alerts, state     live
               └─────► replay of the topics ──────► the same bytes
    market ──────────► replay of the source ──────► the same closes, the same alerts raised at closes

The live run is one for all tests of this file: real processes, the tasks shared by two workers.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from producers.market_source import MarketSource
from producers.synth import Market, MarketConfig
from schemas.alerts import Alert
from schemas.quantities import DAY_MS, to_iso
from schemas.reading import read_alert
from schemas.topics import ALERTS, FORECASTS, PRICES, SIGNALS
from streams.at import at_of
from streams.chain import Chain
from streams.settings import ShopSettings
from tests.broker.installation import Installation
from tests.broker.replaying import (
    Ear,
    check_state,
    check_words,
    closes,
    raised_at_closes,
    recorded,
    replay_source,
    replay_topics,
    revisions,
)
from tests.servers.kafka import KafkaServer
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

P = 4
MARKET = MarketConfig(seed=3, stores=1, products=6, days=90)
SHOP = ShopSettings(zone=MARKET.zone)


@pytest.fixture(scope="module")
def live(
    real_kafka: KafkaServer, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp(f"replay-{secrets.token_hex(6)}", numbered=False)
    with Installation(real_kafka.bootstrap, redis_server.url, f"{folder.name}.", folder, SHOP, P) as made:
        made.run("topics", "create")
        hosts = [made.start(*words) for words in (["monitor", "--processes", "2"], ["prices"], ["desk"])]
        size = ["--seed", str(MARKET.seed), "--stores", str(MARKET.stores), "--products", str(MARKET.products)]
        made.run("synth", *size, "--days", str(MARKET.days), seconds=200)
        made.wait_handled(100)
        assert [host.end() for host in hosts] == [0, 0, 0]
        yield made


@pytest.fixture(scope="module")
def topics_replayed(live: Installation) -> tuple[Chain, Ear]:
    return replay_topics(live)


def test_the_topics_give_the_same_words_byte_for_byte(live: Installation, topics_replayed: tuple[Chain, Ear]) -> None:
    check_words(live, topics_replayed[1])


def test_the_topics_give_the_same_state_byte_for_byte(live: Installation, topics_replayed: tuple[Chain, Ear]) -> None:
    check_state(live, topics_replayed[0])


def test_the_topics_give_the_same_alerts_byte_for_byte(live: Installation, topics_replayed: tuple[Chain, Ear]) -> None:
    told = revisions(recorded(live, ALERTS))
    assert len({alert_id for alert_id, _ in told}) >= 5
    assert revisions(topics_replayed[1].pairs(ALERTS)) == told


def test_small_windows_give_the_same_bytes(live: Installation) -> None:
    chain, ear = replay_topics(live, window_records=500)
    check_words(live, ear)
    check_state(live, chain)
    assert revisions(ear.pairs(ALERTS)) == revisions(recorded(live, ALERTS))


def test_the_price_desk_recomputed_gives_the_recorded_prices_and_all_that_follows(live: Installation) -> None:
    chain, ear = replay_topics(live, recompute_prices=True)
    told = recorded(live, PRICES)
    assert len({at_of(value)[0] for _, value in told}) > 1, "rivals of one task alone have one order anyway"
    assert sorted(ear.pairs(PRICES), key=str) == sorted(told, key=str)
    check_words(live, ear)
    check_state(live, chain)


def test_the_source_gives_the_same_closes_and_the_same_alerts_raised_at_closes(live: Installation) -> None:
    ear = replay_source(live, MarketSource(Market(MARKET)))
    assert closes(ear.pairs(FORECASTS)) == closes(recorded(live, FORECASTS))
    told = raised_at_closes(recorded(live, ALERTS))
    assert told
    assert raised_at_closes(ear.pairs(ALERTS)) == told


def test_what_is_compared_is_all_there_is(live: Installation) -> None:
    """Forecasts and signals of the live run stand once: nothing was refused, so nothing was said twice."""
    for topic in (FORECASTS, SIGNALS):
        ats = [at_of(value) for _, value in recorded(live, topic)]
        assert len(ats) == len(set(ats))


#: The sixtieth day's begin, in the market's zone.
SINCE = to_iso(Market(MARKET).starts_at_ms + 60 * DAY_MS)
DAY_BEFORE = to_iso(Market(MARKET).starts_at_ms + 59 * DAY_MS)


def test_a_range_after_a_warm_up_counts_what_was_raised_live_since(live: Installation) -> None:
    report = json.loads(live.run("replay", "--from", SINCE, "--warmup", "--json"))
    assert report["starts_empty_at"] is None
    newest = {alert_id: max(told, key=lambda each: each[0]) for alert_id, told in _alerts(live).items()}
    since = datetime.fromisoformat(SINCE)
    kinds = Counter(alert.kind for _, alert in newest.values() if alert.opened_at >= since)
    assert kinds
    assert {kind: counts["count"] for kind, counts in report["alerts"].items()} == kinds
    assert report["forecast"]["overall"]["champion"]["n"] > 0


def test_a_range_without_a_warm_up_begins_with_an_empty_state_and_says_so(live: Installation) -> None:
    printed = live.run("replay", "--from", SINCE, "--models", "none")
    # The source ticks once a day: the range's first tick is that of the sixtieth day's begin, the one before stands
    # a day earlier, and what came since is in the range.
    assert printed.startswith(f"State starts empty at {DAY_BEFORE}; use --warmup ")
    before = {place: live.wiring.store.marks(f"engine:{place}") for place in range(P)}
    ranged = json.loads(live.run("replay", "--from", SINCE, "--json"))
    whole = json.loads(live.run("replay", "--json"))
    # A third of the market's days, and what is late or stands at the edge.
    assert 0.25 < ranged["events"]["read"] / whole["events"]["read"] < 0.45
    assert (ranged["starts_empty_at"] is None, whole["starts_empty_at"]) == (False, None)
    assert {place: live.wiring.store.marks(f"engine:{place}") for place in range(P)} == before


def _alerts(live: Installation) -> dict[str, list[tuple[int, Alert]]]:
    found: dict[str, list[tuple[int, Alert]]] = {}
    for _, value in recorded(live, ALERTS):
        alert = read_alert(value)
        found.setdefault(alert.alert_id, []).append((alert.revision, alert))
    return found
