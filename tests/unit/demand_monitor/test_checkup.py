"""The check-up: each thing that can be wrong is found, named, and answered with a command."""

import json
from collections.abc import Sequence

import pytest

from demand_monitor.checkup import Checkup, Finding
from demand_monitor.settings import Settings
from schemas.quantities import DAY_MS, HOUR_MS, to_datetime
from schemas.sales import Sale
from schemas.ticks import Tick, TickSource
from schemas.topics import SALES, TICKS, TOPICS
from streams.marks import encode_marks
from streams.ports import Place
from streams.sealing import seal
from streams.settings import ShopSettings
from tests.unit.demand_monitor.memory_wiring import MemoryWiring

NOW_MS = 1_700_000_000_000


def bare(is_down: bool = False, shop: ShopSettings | None = None) -> MemoryWiring:
    return MemoryWiring(Settings(prefix="t-", partitions=2, shop=shop or ShopSettings()), NOW_MS, is_down)


def wiring(shop: ShopSettings | None = None) -> MemoryWiring:
    made = bare(shop=shop)
    made.create_topics()
    return made


def wrong(made: MemoryWiring) -> list[Finding]:
    return [finding for finding in Checkup(made).run() if not finding.is_well]


def tick(made: MemoryWiring, t_ms: int, sales: int = 0) -> None:
    for task in range(2):
        value = Tick(t_ms, sales if task == 0 else 0, 0, 0, 0, 0).encode()
        made.broker.append(Place(made.topic(TICKS), task), None, value)


def commit(made: MemoryWiring, task: str, **positions: int) -> None:
    made.store.take(task, "w")
    clock = {"tasks": 2, "settings": ShopSettings().fingerprint(), "clock": {"newest_ms": 0}}
    writes = {"clock": seal(json.dumps(clock).encode())}
    made.store.commit(task, "w", None, encode_marks(positions, 1), writes)


def test_an_empty_installation_is_well() -> None:
    assert wrong(wiring()) == []


def test_a_property_that_the_price_desk_cannot_follow_is_found() -> None:
    # librdkafka would log in by Kerberos; the price desk's client cannot.
    kafka = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI"}
    made = MemoryWiring(Settings(prefix="t-", partitions=2, kafka=kafka), NOW_MS)
    made.create_topics()
    (finding,) = wrong(made)
    assert finding.text.startswith("[kafka] sasl.mechanism=GSSAPI")


def test_a_broker_that_is_away_is_named_once() -> None:
    (finding,) = wrong(bare(is_down=True))
    assert finding.check == "kafka"
    assert "localhost:9092" in finding.text


def test_missing_topics_are_named_with_the_command_that_makes_them() -> None:
    made = bare()
    for topic in TOPICS:
        if topic is not SALES:
            made.broker.create(made.topic(topic), made.partitions_of(topic))
    (finding,) = wrong(made)
    assert finding.text == "1 of 12 are missing: t-sales.v1"
    assert finding.next_command == "demand-monitor topics create --prefix t-"


def test_torn_topics_are_named() -> None:
    made = bare()
    for topic in TOPICS:
        made.broker.create(made.topic(topic), 3 if topic is SALES else made.partitions_of(topic))
    (finding,) = wrong(made)
    assert "t-sales.v1 has 3, not 2" in finding.text


def test_records_without_a_tick_are_told_with_their_number() -> None:
    made = wiring()
    for _ in range(3):
        made.broker.append(Place(made.topic(SALES), 0), b"milk", SALE)
    (finding,) = wrong(made)
    assert finding.text == "none was ever written, 3 records wait for one"
    assert finding.next_command == "demand-monitor heartbeat --prefix t-"


# Two hours without a tick and one record more than the tick has seen; the engine has handled the tick.
@pytest.mark.parametrize(("age_ms", "command"), [(2 * HOUR_MS, "heartbeat --catch-up"), (120_000, "heartbeat")])
def test_a_heartbeat_that_has_died_is_found_by_the_age_of_its_tick(age_ms: int, command: str) -> None:
    made = wiring()
    made.broker.append(Place(made.topic(SALES), 0), b"milk", SALE)
    tick(made, NOW_MS - age_ms)
    for task in ("engine:0", "engine:1"):
        commit(made, task, sales=0, stock=0, prices=0, ticks=1)
    (finding,) = wrong(made)
    assert finding.check == "ticks"
    assert finding.next_command == f"demand-monitor {command} --prefix t-"


def test_an_old_tick_that_has_seen_everything_is_well() -> None:
    made = wiring()
    made.broker.append(Place(made.topic(SALES), 0), b"milk", SALE)
    tick(made, NOW_MS - 900 * HOUR_MS, sales=1)
    commit(made, "engine:0", sales=1, stock=0, prices=0, ticks=1)
    commit(made, "engine:1", sales=0, stock=0, prices=0, ticks=1)
    assert wrong(made) == []


def test_an_engine_that_stands_still_is_found() -> None:
    made = wiring()
    tick(made, NOW_MS)
    (finding,) = wrong(made)
    assert finding.text == "monitor: 2 records behind, and no step in 4 s"
    assert finding.next_command == "demand-monitor monitor --prefix t-"


def test_marks_that_the_log_does_not_hold_are_found() -> None:
    made = wiring()
    tick(made, NOW_MS)
    commit(made, "engine:0", sales=50, stock=0, prices=0, ticks=1)
    commit(made, "engine:1", sales=0, stock=0, prices=0, ticks=1)
    (finding,) = wrong(made)
    assert finding.text == "engine:0 stands at 50, but t-sales.v1[0] holds 0 to 0"
    assert finding.next_command == "demand-monitor state wipe engine:0 --prefix t-"


def test_a_state_made_under_other_settings_is_found() -> None:
    made = wiring(ShopSettings(zone="America/Lima"))
    commit(made, "engine:0", sales=0, stock=0, prices=0, ticks=0)
    (finding,) = wrong(made)
    assert finding.text == "engine:0 was made under other settings of the shop"


def test_a_newest_record_of_another_version_is_found() -> None:
    made = wiring()
    tick(made, NOW_MS, sales=1)
    made.broker.append(Place(made.topic(SALES), 0), b"milk", SALE.replace(b'"schema_version":1', b'"schema_version":2'))
    for task in ("engine:0", "engine:1"):
        commit(made, task, sales=1 - int(task[-1]), stock=0, prices=0, ticks=1)
    (finding,) = wrong(made)
    assert finding.check == "contracts"
    assert "t-sales.v1 does not read: unknown_version" in finding.text


SALE = (
    b'{"schema_version":1,"event_id":"e1","event_time":"2023-11-14T22:00:00Z","store_id":"lima","sku":"milk","units":1}'
)


def sell(made: MemoryWiring, delays_ms: Sequence[int], task: int = 0) -> int:
    """Let tills send sales that happened so long ago; return the end of the sales."""
    for number, delay_ms in enumerate(delays_ms):
        at = to_datetime(made.clock.now_ms() - delay_ms)
        sale = Sale(event_id=f"{task}-{number}", event_time=at, store_id="s", sku="a", units=1)
        end = made.broker.append(Place(made.topic(SALES), task), b"a", sale.encode()) + 1
    return end


def delays(made: MemoryWiring) -> list[Finding]:
    return [finding for finding in Checkup(made).run() if finding.check == "delay"]


def test_the_usual_delay_of_a_live_feed_is_shown() -> None:
    made = wiring()
    # 99 sales after 1, 2 … 99 s and one after an hour: half take 50 s at most, 99 % at most 99 s.
    sell(made, [*range(1_000, 100_000, 1_000), HOUR_MS])
    (finding,) = delays(made)
    told = "t-sales.v1: of the newest 100 live records half took 50 s, 99 % at most 99 s; slack is 5 min"
    assert (finding.is_well, finding.text) == (True, told)


def test_a_slack_below_the_usual_delay_is_found() -> None:
    made = wiring()
    sell(made, [HOUR_MS] * 50)
    sell(made, [1_000] * 50, task=1)
    (finding,) = delays(made)
    assert not finding.is_well
    assert finding.text.endswith(
        "99 % at most 60 min; slack is 5 min: later ones count as corrections. Set shop.slack_ms to 3,600,000 or more"
    )
    assert finding.next_command is not None


@pytest.mark.parametrize("delay_ms", [8 * HOUR_MS, 400 * DAY_MS])
def test_loaded_history_is_no_slow_feed(delay_ms: int) -> None:
    made = wiring()
    end = sell(made, [delay_ms] * 30)
    loaded = Tick(NOW_MS - delay_ms, end, 0, 0, 0, 0, TickSource("sales.csv", "0" * 64, 30, True))
    made.broker.append(Place(made.topic(TICKS), 0), None, loaded.encode())
    made.broker.append(Place(made.topic(TICKS), 0), None, Tick(NOW_MS, end, 0, 0, 0, 0).encode())
    (finding,) = delays(made)
    told = "t-sales.v1: loaded history, no live records yet; slack is 5 min"
    assert (finding.is_well, finding.text) == (True, told)
    sell(made, [2_000])
    (finding,) = delays(made)
    # One till's first sale does not tell what is usual.
    assert "of the newest 1 live records half took 2 s" in finding.text


def test_a_load_of_years_is_history_even_where_no_tick_tells() -> None:
    made = wiring()
    sell(made, [400 * DAY_MS] * 30)
    (finding,) = delays(made)
    assert "loaded history" in finding.text


def test_a_feed_without_log_times_has_no_known_delay() -> None:
    made = wiring()
    sell(made, [1_000])
    made.broker.partition(Place(made.topic(SALES), 0)).log_ms.clear()
    (finding,) = delays(made)
    assert (finding.is_well, finding.text.partition(",")[0]) == (True, "t-sales.v1: unknown")
