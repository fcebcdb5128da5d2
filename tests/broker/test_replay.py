"""Replay: the log of a live run, and the source it came from, give what the live run gave.

::

    synth ─► topics ─► monitor × 2, prices, desk ─► outputs, alerts, state     live
               └─────► replay of the topics ──────► the same bytes
    market ──────────► replay of the source ──────► the same closes, the same alerts raised at closes

The live run is one for all tests of this file: real processes, the tasks shared by two workers.
"""

import secrets
from collections.abc import Iterator, Sequence

import pytest

from adapters.clock import SystemClock
from consumers.replay import Replay, TopicLog
from producers.market_source import MarketSource
from producers.synth import Market, MarketConfig
from producers.ticking import TickPlan
from schemas.reading import read_alert, read_forecast
from schemas.topics import ALERTS, FORECASTS, PRICES, SIGNALS, Topic
from streams.chain import Chain, ChainSettings, at_of
from streams.outcome import Output
from streams.ports import Record
from streams.report import Collector
from streams.settings import ShopSettings
from tests.broker.installation import Installation
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


class Ear:
    """Takes every output of a chain, by topic."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Output]] = {}

    def take(self, output: Output) -> None:
        self.heard.setdefault(output.topic.name, []).append(output)

    def pairs(self, topic: Topic) -> list[tuple[bytes | None, bytes | None]]:
        return [(output.key, output.value) for output in self.heard.get(topic.name, [])]


def replayed(live: Installation, recompute_prices: bool = False) -> tuple[Chain, Ear]:
    """Play the topics from the oldest record to the last tick."""
    ear = Ear()
    settings = ChainSettings(P, SHOP, live.settings.prefix, recompute_prices=recompute_prices)
    chain = Chain(settings, ear.take)
    log = TopicLog(live.wiring.inlet(), live.wiring.admin(), live.settings.prefix, P)
    Replay(chain, Collector(), SystemClock()).read(log, None)
    return chain, ear


@pytest.fixture(scope="module")
def topics_replayed(live: Installation) -> tuple[Chain, Ear]:
    return replayed(live)


def by_task(pairs: Sequence[tuple[bytes | None, bytes | None]]) -> list[list[tuple[bytes | None, bytes | None]]]:
    """Return what each task has said, in its order, what was said twice once."""
    said: list[list[tuple[bytes | None, bytes | None]]] = [[] for _ in range(P)]
    newest: dict[int, tuple[int, int, int]] = {}
    for key, value in pairs:
        at = at_of(value)
        if at > newest.get(at[0], (at[0], -1, -1)):
            newest[at[0]] = at
            said[at[0]].append((key, value))
    return said


def recorded(live: Installation, topic: Topic) -> list[tuple[bytes | None, bytes | None]]:
    """Return what stands on a topic, partition by partition."""
    return [(record.key, record.value) for records in live.records(topic).values() for record in records]


@pytest.mark.parametrize("topic", [FORECASTS, SIGNALS], ids=lambda topic: topic.name)
def test_the_topics_give_the_same_words_byte_for_byte(
    live: Installation, topics_replayed: tuple[Chain, Ear], topic: Topic
) -> None:
    told = by_task(recorded(live, topic))
    assert all(told), "a task that said nothing proves nothing"
    assert by_task(topics_replayed[1].pairs(topic)) == told


def test_the_topics_give_the_same_state_byte_for_byte(
    live: Installation, topics_replayed: tuple[Chain, Ear]
) -> None:
    for task, engine in enumerate(topics_replayed[0].engines):
        name = f"engine:{task}"
        marks, fields = engine.marks, {field: value for field, value in engine.writes().items() if value is not None}
        stored = live.wiring.store.all_fields(name)
        assert fields.keys() == stored.keys()
        assert [field for field, value in fields.items() if stored[field] != value] == []
        assert marks == live.wiring.store.marks(name)


def test_the_topics_give_the_same_alerts_byte_for_byte(
    live: Installation, topics_replayed: tuple[Chain, Ear]
) -> None:
    told = revisions(recorded(live, ALERTS))
    assert len({alert_id for alert_id, _ in told}) >= 5
    assert revisions(topics_replayed[1].pairs(ALERTS)) == told


def revisions(pairs: Sequence[tuple[bytes | None, bytes | None]]) -> dict[tuple[str, int], set[bytes]]:
    """Return every content that a revision was told with."""
    found: dict[tuple[str, int], set[bytes]] = {}
    for _, value in pairs:
        alert = read_alert(value)
        found.setdefault((alert.alert_id, alert.revision), set()).add(value or b"")
    return found


def test_the_price_desk_recomputed_gives_the_recorded_prices(live: Installation) -> None:
    _, ear = replayed(live, recompute_prices=True)
    told = recorded(live, PRICES)
    assert told
    assert sorted(ear.pairs(PRICES), key=str) == sorted(told, key=str)


def test_the_source_gives_the_same_closes_and_the_same_alerts_raised_at_closes(live: Installation) -> None:
    ear = Ear()
    source = MarketSource(Market(MARKET))
    replay = Replay(Chain(ChainSettings(P, SHOP), ear.take), Collector(), SystemClock())
    replay.play(TickPlan(source.zone, source.period).cut(source.batches()), source.name, source.digest())

    def closes(pairs: Sequence[tuple[bytes | None, bytes | None]]) -> set[str]:
        return {read_forecast(value).model_dump_json(exclude={"at"}) for _, value in pairs}

    def raised(pairs: Sequence[tuple[bytes | None, bytes | None]]) -> dict[str, tuple[str, str]]:
        alerts = [read_alert(value) for _, value in pairs]
        return {each.alert_id: (each.kind, each.opened_at.isoformat()) for each in alerts if not each.early}

    assert closes(ear.pairs(FORECASTS)) == closes(recorded(live, FORECASTS))
    told = raised(recorded(live, ALERTS))
    assert told
    assert raised(ear.pairs(ALERTS)) == told


def test_what_is_compared_is_all_there_is(live: Installation) -> None:
    """Forecasts and signals of the live run stand once: nothing was refused, so nothing was said twice."""
    for topic in (FORECASTS, SIGNALS):
        records: list[Record] = [record for records in live.records(topic).values() for record in records]
        assert len(records) == len({at_of(record.value) for record in records})
