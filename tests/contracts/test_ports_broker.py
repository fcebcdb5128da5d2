"""Every broker behaves alike behind the ports: the one in memory and Kafka itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from adapters.clock import SystemClock
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_inlet import KafkaInlet
from adapters.kafka_outlet import KafkaOutlet
from adapters.kafka_tail import KafkaTail
from adapters.memory_broker import MemoryBroker
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_tail import MemoryTail
from schemas.errors import BadSetup, BrokerDown, LogTruncated
from streams.partitioner import partition_of
from streams.ports import Chunk, Inlet, LogTail, Outlet, Place, Record, TopicAdmin
from tests.servers.kafka import KafkaServer

CLOCK = SystemClock()


@dataclass
class World:
    """One broker behind the ports, whatever it is, and everything that was opened on it."""

    kind: str
    prefix: str
    admin: TopicAdmin
    outlet: Outlet
    tail: LogTail
    new_inlet: Callable[[str], Inlet]
    opened: list[Inlet] = field(default_factory=list)

    def inlet(self, group: str = "g") -> Inlet:
        self.opened.append(self.new_inlet(self.prefix + group))
        return self.opened[-1]

    def topic(self, partitions: int, name: str = "sales") -> str:
        assert self.admin.create(self.prefix + name, partitions, {"message.timestamp.type": "LogAppendTime"})
        return self.prefix + name


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.broker)])
def world(request: pytest.FixtureRequest, topic_prefix: str) -> Iterator[World]:
    if request.param == "memory":
        broker = MemoryBroker(CLOCK)
        memory = World(
            "memory",
            topic_prefix,
            MemoryAdmin(broker),
            MemoryOutlet(broker),
            MemoryTail(broker),
            lambda g: MemoryInlet(broker, g),
        )
        yield memory
        return
    server: KafkaServer = request.getfixturevalue("real_kafka")
    config = {"bootstrap.servers": server.bootstrap}
    kafka = World(
        "kafka",
        topic_prefix,
        KafkaAdmin(config, CLOCK),
        KafkaOutlet(config, CLOCK),
        KafkaTail(config, CLOCK),
        lambda group: KafkaInlet({**config, "group.id": group}, CLOCK),
    )
    yield kafka
    for inlet in kafka.opened:
        inlet.close()


@dataclass
class Answers:
    """An assignment that begins everything where it is told, and remembers."""

    starts: Mapping[Place, int] = field(default_factory=dict)
    held: set[Place] = field(default_factory=set)
    events: list[str] = field(default_factory=list)

    def assigned(self, places: Sequence[Place]) -> Mapping[Place, int]:
        self.events.append("assigned")
        self.held |= set(places)
        return {place: self.starts.get(place, -1) for place in places}

    def revoked(self, places: Sequence[Place]) -> None:
        self.events.append("revoked")
        self.held -= set(places)

    def lost(self, places: Sequence[Place]) -> None:
        self.events.append("lost")
        self.held -= set(places)


def read(inlet: Inlet, until: Callable[[dict[Place, int]], bool], max_records: int = 100) -> dict[Place, list[int]]:
    """Poll until the positions are as wanted; return the offsets delivered, by place."""
    offsets: dict[Place, list[int]] = {}
    positions: dict[Place, int] = {}
    for chunk in poll_until(inlet, lambda: until(positions), max_records):
        offsets.setdefault(chunk.place, []).extend(record.offset for record in chunk.records)
        positions[chunk.place] = chunk.position
    return offsets


def poll_until(inlet: Inlet, enough: Callable[[], bool], max_records: int = 100) -> Iterator[Chunk]:
    give_up_at = CLOCK.monotonic_seconds() + 20
    while not enough():
        assert CLOCK.monotonic_seconds() < give_up_at, "nothing more came"
        yield from inlet.poll(max_records, 0.05)


def fill(world: World, place: Place, count: int) -> None:
    for number in range(count):
        world.outlet.send(place.topic, b"k", str(number).encode(), partition=place.partition)
    world.outlet.flush()


def test_topics_are_created_once_and_counted(world: World) -> None:
    name = world.topic(3)
    assert world.admin.create(name, 3, {}) is False
    assert world.admin.partitions()[name] == 3


def test_a_record_comes_back_as_it_went(world: World) -> None:
    place = Place(world.topic(1), 0)
    world.outlet.send(place.topic, b"4711", b"\x00\xff", (("a", b"1"), ("a", b"\xff"), ("b", b"")))
    world.outlet.send(place.topic, None, None)
    world.outlet.send(place.topic, b"", b"")
    world.outlet.flush()
    assert world.outlet.ends() == {place: 3}
    inlet = world.inlet()
    inlet.assign({place: -1})
    at: dict[Place, int] = {}
    records: list[Record] = []
    for chunk in poll_until(inlet, lambda: at.get(place) == 3):
        records.extend(chunk.records)
        at[chunk.place] = chunk.position
    assert records == [
        (0, b"4711", b"\x00\xff", (("a", b"1"), ("a", b"\xff"), ("b", b""))),
        (1, None, None, ()),
        (2, b"", b"", ()),
    ]


def test_every_producer_puts_a_key_on_the_same_partition(world: World) -> None:
    name = world.topic(7)
    for number in range(40):
        world.outlet.send(name, f"sku-{number}".encode() * (1 + number % 5), b"")
    world.outlet.flush()
    inlet = world.inlet()
    inlet.assign({Place(name, number): 0 for number in range(7)})
    seen: dict[bytes | None, int] = {}
    for chunk in poll_until(inlet, lambda: len(seen) == 40):
        seen.update({record.key: chunk.place.partition for record in chunk.records})
    assert seen == {key: partition_of(key, 7) for key in seen if key is not None}


def test_ends_starts_and_committed_offsets(world: World) -> None:
    name = world.topic(2)
    places = [Place(name, 0), Place(name, 1)]
    fill(world, places[1], 3)
    assert world.admin.ends(places) == {places[0]: 0, places[1]: 3}
    assert world.admin.starts(places) == {places[0]: 0, places[1]: 0}
    assert world.admin.committed(world.prefix + "nobody", places) == {}
    assert world.admin.ends([]) == {}


def test_reading_begins_and_ends_where_it_is_told(world: World) -> None:
    name = world.topic(2)
    full, empty = Place(name, 0), Place(name, 1)
    fill(world, full, 10)
    inlet = world.inlet()
    inlet.assign({full: 4, empty: -1})
    # The end of a partition moves the position too: without it nobody knew that the empty one is read.
    assert read(inlet, lambda at: at == {full: 10, empty: 0}) == {full: [4, 5, 6, 7, 8, 9], empty: []}
    inlet.seek({full: 8})
    assert read(inlet, lambda at: at.get(full) == 10) == {full: [8, 9]}
    inlet.seek({full: -1})
    assert read(inlet, lambda at: at.get(full) == 10, max_records=3) == {full: list(range(10))}


def test_the_tail_comes_with_the_log_s_own_time(world: World) -> None:
    name = world.topic(2)
    full, empty = Place(name, 0), Place(name, 1)
    before_ms = CLOCK.now_ms()
    fill(world, full, 10)
    after_ms = CLOCK.now_ms()
    found = world.tail.read({full: (7, 10), empty: (0, 0)})
    assert [stamped.record for stamped in found[full]] == [(at, b"k", str(at).encode(), ()) for at in (7, 8, 9)]
    assert list(found[empty]) == []
    assert all(before_ms <= (stamped.log_ms or 0) <= after_ms for stamped in found[full])
    assert [stamped.record.offset for stamped in world.tail.read({full: (2, 4)})[full]] == [2, 3]


def test_seek_drops_what_was_fetched_before(world: World) -> None:
    place = Place(world.topic(1), 0)
    fill(world, place, 50)
    inlet = world.inlet()
    inlet.assign({place: 0})
    first = read(inlet, lambda at: at.get(place, 0) > 0, max_records=5)
    assert first[place] == list(range(len(first[place])))
    inlet.seek({place: 2})
    assert read(inlet, lambda at: at.get(place) == 50, max_records=5) == {place: list(range(2, 50))}


def test_seek_right_after_assign(world: World) -> None:
    place = Place(world.topic(1), 0)
    fill(world, place, 5)
    inlet = world.inlet()
    inlet.assign({place: 0})
    inlet.seek({place: 3})
    assert read(inlet, lambda at: at.get(place) == 5) == {place: [3, 4]}


def test_a_paused_place_is_silent_until_resumed(world: World) -> None:
    name = world.topic(2)
    left, right = Place(name, 0), Place(name, 1)
    inlet = world.inlet()
    inlet.assign({left: 0, right: 0})
    read(inlet, lambda at: at == {left: 0, right: 0})
    inlet.pause([left])
    fill(world, left, 3)
    fill(world, right, 3)
    assert read(inlet, lambda at: at.get(right) == 3) == {right: [0, 1, 2]}
    inlet.seek({left: 1})
    assert not [chunk for _ in range(5) for chunk in inlet.poll(10, 0.05) if chunk.place == left]
    inlet.resume([left])
    assert read(inlet, lambda at: at.get(left) == 3) == {left: [1, 2]}


def test_what_was_paused_is_read_again_once_it_is_assigned_anew(world: World) -> None:
    place = Place(world.topic(1), 0)
    fill(world, place, 5)
    inlet = world.inlet()
    inlet.assign({place: 0})
    read(inlet, lambda at: at.get(place) == 5)
    inlet.pause([place])
    inlet.assign({})
    inlet.assign({place: 2})
    assert read(inlet, lambda at: at.get(place) == 5) == {place: [2, 3, 4]}


def test_a_member_that_comes_back_reads_what_it_had_paused(world: World) -> None:
    name = world.topic(2)
    places = {Place(name, 0), Place(name, 1)}
    first, second = Answers(dict.fromkeys(places, 0)), Answers()
    inlets = [world.inlet(), world.inlet()]
    inlets[0].subscribe([name], first)
    turn_until([inlets[0]], lambda: first.held == places)
    inlets[0].pause(sorted(places))
    inlets[1].subscribe([name], second)
    turn_until(inlets, lambda: bool(first.held and second.held) and len(first.held | second.held) == 2)
    world.opened.remove(inlets[1])
    inlets[1].close()
    turn_until([inlets[0]], lambda: first.held == places)
    for place in places:
        fill(world, place, 3)
    found = read(inlets[0], lambda at: all(at.get(place) == 3 for place in places))
    assert found == {place: [0, 1, 2] for place in places}


def test_a_start_beyond_the_log_is_refused(world: World) -> None:
    place = Place(world.topic(1), 0)
    fill(world, place, 3)
    inlet = world.inlet()
    inlet.assign({place: 9})
    with pytest.raises(LogTruncated, match=r"\[0\]"):
        read(inlet, lambda at: False)


def test_an_unknown_topic_is_refused_and_the_next_command_named(world: World) -> None:
    inlet = world.inlet()
    with pytest.raises(BadSetup, match="topics create"):
        subscribe_and_read(inlet, world.prefix + "nowhere")
    with pytest.raises(BadSetup, match="topics create"):
        world.admin.ends([Place(world.prefix + "nowhere", 0)])


def subscribe_and_read(inlet: Inlet, topic: str) -> None:
    inlet.subscribe([topic], Answers())
    read(inlet, lambda at: False)


def test_a_group_of_one_has_everything_and_starts_where_told(world: World) -> None:
    one, two = world.topic(2, "one"), world.topic(2, "two")
    places = {Place(name, number) for name in (one, two) for number in (0, 1)}
    fill(world, Place(one, 0), 5)
    answers = Answers({Place(one, 0): 3})
    inlet = world.inlet()
    inlet.subscribe([one, two], answers)
    assert read(inlet, lambda at: at.keys() == places and at[Place(one, 0)] == 5)[Place(one, 0)] == [3, 4]
    assert answers.held == places
    inlet.advise({Place(one, 0): 5, Place(two, 0): -1})
    give_up_at = CLOCK.monotonic_seconds() + 10
    while not (committed := world.admin.committed(world.prefix + "g", sorted(places))):
        assert CLOCK.monotonic_seconds() < give_up_at
        inlet.poll(1, 0.05)
    assert committed == {Place(one, 0): 5}


def test_two_members_share_and_the_one_left_takes_over(world: World) -> None:
    one, two = world.topic(3, "one"), world.topic(3, "two")
    first, second = Answers(), Answers()
    inlets = [world.inlet(), world.inlet()]
    inlets[0].subscribe([one, two], first)
    turn_until([inlets[0]], lambda: len(first.held) == 6)
    inlets[1].subscribe([one, two], second)
    turn_until(inlets, lambda: bool(first.held and second.held) and len(first.held | second.held) == 6)
    assert not first.held & second.held
    # Range assignment with the same topics: partition p of both is never apart.
    for answers in (first, second):
        numbers = [{place.partition for place in answers.held if place.topic == topic} for topic in (one, two)]
        assert numbers[0] == numbers[1]
    world.opened.remove(inlets[1])
    inlets[1].close()
    assert second.events[-1] == "revoked"
    turn_until([inlets[0]], lambda: len(first.held) == 6)
    assert "lost" not in first.events + second.events


def turn_until(inlets: Sequence[Inlet], enough: Callable[[], bool]) -> None:
    give_up_at = CLOCK.monotonic_seconds() + 30
    while not enough():
        assert CLOCK.monotonic_seconds() < give_up_at, "the group did not settle"
        for inlet in inlets:
            inlet.poll(10, 0.05)


class Refusing(Answers):
    """An assignment that will not have it."""

    def assigned(self, places: Sequence[Place]) -> Mapping[Place, int]:
        raise LogTruncated("no")


def test_what_an_assignment_raises_comes_out_of_poll(world: World) -> None:
    name = world.topic(1)
    inlet = world.inlet()
    inlet.subscribe([name], Refusing())
    with pytest.raises(LogTruncated, match="no"):
        read(inlet, lambda at: False)


def test_a_record_kept_back_until_flush_is_lost_with_its_writer() -> None:
    broker = MemoryBroker()
    broker.create("sales", 1)
    outlet = MemoryOutlet(broker, hold=True)
    outlet.send("sales", None, b"1")
    assert not broker.records("sales")
    outlet.flush()
    assert [record.value for record in broker.records("sales")] == [b"1"]


def test_holes_and_lost_records_in_memory() -> None:
    broker = MemoryBroker()
    broker.create("sales", 1)
    place = Place("sales", 0)
    broker.append(place, None, b"0")
    broker.skip(place, 3)
    broker.append(place, None, b"4")
    broker.skip(place, 2)
    inlet = MemoryInlet(broker)
    inlet.assign({place: 1})
    assert read(inlet, lambda at: at.get(place) == 7) == {place: [4]}
    broker.truncate(place, 5)
    inlet.assign({place: 4})
    with pytest.raises(LogTruncated):
        inlet.poll(1, 0)


def test_a_member_thrown_out_is_told_that_it_has_lost() -> None:
    broker = MemoryBroker()
    broker.create("sales", 1)
    answers, inlet = Answers(), MemoryInlet(broker, "g")
    inlet.subscribe(["sales"], answers)
    turn_until([inlet], lambda: bool(answers.held))
    assert inlet.member is not None
    broker.leave("g", inlet.member)
    turn_until([inlet], lambda: answers.events == ["assigned", "lost", "assigned"])


def test_nobody_listening_is_an_outage_after_a_while() -> None:
    nobody = {"bootstrap.servers": "127.0.0.1:1", "group.id": "g"}
    inlet = KafkaInlet(nobody, CLOCK, outage_seconds=0.5)
    inlet.subscribe(["sales"], Answers())
    with pytest.raises(BrokerDown, match=r"0\.5 s"):
        read(inlet, lambda at: False)
    inlet.close()
    outlet = KafkaOutlet(nobody, CLOCK, patience_seconds=0.3)
    outlet.send("sales", b"k", b"v")
    with pytest.raises(BrokerDown):
        outlet.flush()
    outlet.flush()  # told once; the queue was forgotten
    with pytest.raises(BrokerDown):
        KafkaAdmin(nobody, CLOCK, patience_seconds=0.3).partitions()


def test_a_full_queue_that_does_not_drain_is_an_outage() -> None:
    nobody = {"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": "2"}
    outlet = KafkaOutlet(nobody, CLOCK, patience_seconds=0.3)
    outlet.send("sales", b"k", b"v")
    outlet.send("sales", b"k", b"v")
    with pytest.raises(BrokerDown, match="full"):
        outlet.send("sales", b"k", b"v")
    with pytest.raises(BrokerDown):
        outlet.flush()


@pytest.mark.broker
def test_a_topic_with_the_senders_time_has_no_log_time(real_kafka: KafkaServer, topic_prefix: str) -> None:
    config = {"bootstrap.servers": real_kafka.bootstrap}
    place = Place(topic_prefix + "sales", 0)
    KafkaAdmin(config, CLOCK).create(place.topic, 1, {"message.timestamp.type": "CreateTime"})
    outlet = KafkaOutlet(config, CLOCK)
    outlet.send(place.topic, b"k", b"v")
    outlet.flush()
    (stamped,) = KafkaTail(config, CLOCK).read({place: (0, 1)})[place]
    assert stamped == ((0, b"k", b"v", ()), None)


def test_a_tail_that_nobody_sends_is_an_outage() -> None:
    with pytest.raises(BrokerDown, match="sales"):
        KafkaTail({"bootstrap.servers": "127.0.0.1:1"}, CLOCK, patience_seconds=0.3).read({Place("sales", 0): (0, 1)})


@pytest.mark.broker
def test_a_record_too_large_is_refused(real_kafka: KafkaServer, topic_prefix: str) -> None:
    config = {"bootstrap.servers": real_kafka.bootstrap}
    KafkaAdmin(config, CLOCK).create(topic_prefix + "small", 1, {"max.message.bytes": "1000"})
    outlet = KafkaOutlet({**config, "compression.type": "none"}, CLOCK)
    outlet.send(topic_prefix + "small", b"k", b"v" * 2000)
    with pytest.raises(BadSetup, match=r"max\.message\.bytes"):
        outlet.flush()


@pytest.mark.broker
def test_a_bad_setting_of_a_topic_is_refused(real_kafka: KafkaServer, topic_prefix: str) -> None:
    with pytest.raises(BadSetup, match="refuses topic"):
        KafkaAdmin({"bootstrap.servers": real_kafka.bootstrap}, CLOCK).create(
            topic_prefix + "x", 1, {"retention.ms": "?"}
        )


@pytest.mark.broker
def test_who_does_not_poll_for_too_long_is_told_that_it_has_lost(real_kafka: KafkaServer, topic_prefix: str) -> None:
    config = {"bootstrap.servers": real_kafka.bootstrap, "group.id": topic_prefix + "g"}
    KafkaAdmin({"bootstrap.servers": real_kafka.bootstrap}, CLOCK).create(topic_prefix + "sales", 1, {})
    short = {"session.timeout.ms": "2000", "max.poll.interval.ms": "2000", "heartbeat.interval.ms": "500"}
    inlet, answers = KafkaInlet({**config, **short}, CLOCK), Answers()
    inlet.subscribe([topic_prefix + "sales"], answers)
    turn_until([inlet], lambda: bool(answers.held))
    CLOCK.sleep(3.5)
    turn_until([inlet], lambda: answers.events[-1] == "assigned" and len(answers.events) > 1)
    inlet.close()
    assert answers.events == ["assigned", "lost", "assigned", "revoked"]
