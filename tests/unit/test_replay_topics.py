"""Replay of topics in memory: what workers have said and kept comes out again, byte for byte."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest

from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin
from consumers.replay import Replay
from consumers.topic_log import TopicLog
from schemas.actions import AlertAction
from schemas.alerts import Alert
from schemas.errors import BadSetup
from schemas.quantities import to_ms
from schemas.reading import read_alert
from schemas.topics import ALERTS, FORECASTS, QUARANTINE, SIGNALS
from streams.chain import Chain, ChainSettings
from streams.engine.table import canonical_state
from streams.outcome import Output
from streams.ports import Place
from streams.report import Collector
from tests.unit.small_shop import (
    DESK,
    ENGINE,
    MONDAY,
    SHOP,
    P,
    desk_is_done,
    desk_tasks,
    engine_is_done,
    engine_tasks,
    filled_shop,
    said,
    state_of,
)
from tests.unit.worker_world import Crash, Fault, World, steps

Said = set[tuple[str, bytes | None, bytes | None]]


def live(at_call: int = 0, clicks: Sequence[AlertAction] = ()) -> World:
    """Return a shop after its workers' day; one of them fell at a call, and people clicked."""
    world = filled_shop(hold=False)
    worker = world.worker(ENGINE, Fault(at_call, "crash after"), engine_tasks())
    try:
        worker.start()
        steps(world, lambda: engine_is_done(world), worker)
    except Crash:
        world.evict()
        worker = world.worker(ENGINE, factory=engine_tasks())
        worker.start()
        steps(world, lambda: engine_is_done(world), worker)
    world.evict()
    for click in clicks:
        world.broker.append(Place("t.alert-actions.v1", 0), click.alert_id.encode(), click.encode())
    desk = world.worker(DESK, factory=desk_tasks())
    desk.start()
    steps(world, lambda: desk_is_done(world), desk)
    return world


def replay(world: World, until_ms: int | None = None) -> tuple[Chain, list[Output]]:
    """Play the topics of a world."""
    outputs: list[Output] = []
    chain = Chain(ChainSettings(P, SHOP, "t.", recompute_prices=False), outputs.append)
    log = TopicLog(MemoryInlet(world.broker), MemoryAdmin(world.broker), "t.", P)
    Replay(chain, Collector(), MemoryClock()).read(log, until_ms)
    return chain, outputs


def heard(outputs: list[Output]) -> Said:
    return {(f"t.{each.topic.name}", each.key, each.value) for each in outputs}


@pytest.mark.parametrize("at_call", [0, 40, 75])
def test_words_state_and_alerts_are_the_same_bytes_whatever_the_workers_went_through(at_call: int) -> None:
    world = live(at_call)
    chain, outputs = replay(world)
    topics = [f"t.{topic.name}" for topic in (FORECASTS, SIGNALS, ALERTS, QUARANTINE)]
    told = {(topic, key, value) for topic, key, value, _ in said(world, topics)}
    assert heard(outputs) == told
    for task, engine in enumerate(chain.engines):
        snapshot = state_of(world)[f"engine:{task}"]
        assert engine.marks == snapshot.marks
        fields = {name: value for name, value in engine.writes().items() if value is not None}
        assert canonical_state(fields) == snapshot.state


def test_a_range_ends_at_its_last_tick() -> None:
    world = live()
    _, whole = replay(world)
    # Two days and six hours: the closes of two days of both products.
    _, outputs = replay(world, to_ms(MONDAY) + 54 * 3_600_000)
    assert sum(each.topic is FORECASTS for each in outputs) == 2 * P
    assert heard(outputs) < heard(whole)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_signals_that_retention_has_taken_come_where_their_task_had_come(share: float) -> None:
    """The order between tasks is lost then; what one task says makes the same alerts."""
    world = live()
    whole = {each for each in heard(replay(world)[1]) if each[0] == "t.alerts.v1"}
    signals = world.broker.records("t.signals.v1")
    world.broker.truncate(Place("t.signals.v1", 0), round(share * len(signals)))
    assert {each for each in heard(replay(world)[1]) if each[0] == "t.alerts.v1"} == whole


def newest(values: Iterable[bytes | None]) -> dict[str, Alert]:
    """Return the highest revision of each alert, as a reader keeps it."""
    alerts = sorted(map(read_alert, values), key=lambda alert: alert.revision)
    return {alert.alert_id: alert for alert in alerts}


def test_what_people_clicked_is_heard_again() -> None:
    before = newest(record.value for record in live().broker.records("t.alerts.v1"))
    clicks = [
        AlertAction(
            event_id=f"click-{alert.alert_id}",
            event_time=alert.opened_at + timedelta(minutes=30),
            kind="acknowledge",
            alert_id=alert.alert_id,
            revision=1,
            severity="critical",
            actor="Rosa",
        )
        for alert in before.values()
    ]
    world = live(clicks=clicks)
    told = newest(record.value for record in world.broker.records("t.alerts.v1"))
    assert {alert.acknowledged_by for alert in told.values()} == {"Rosa"}
    assert newest(each.value for each in replay(world)[1] if each.topic is ALERTS) == told


def test_topics_without_a_tick_are_refused() -> None:
    with pytest.raises(BadSetup, match="no tick"):
        replay(live(), to_ms(MONDAY) - 1)
