"""Every state store gives the same answers: in memory, in a fake Redis, in a real one."""

import os
from collections.abc import Callable

import fakeredis
import pytest

from adapters.memory_journal import MemoryJournal
from adapters.memory_store import MemoryStore
from adapters.redis_store import MAX_FIELDS, RedisStore, check_server, connect
from adapters.state_keys import keys_of
from schemas.errors import BadSetup, StateCorrupt, StoreDown
from streams.ports import Snapshot, Verdict
from tests.servers.choose import needs_disturbable
from tests.servers.redis import RedisServer

Store = MemoryStore | RedisStore

FOREIGN = bytes(range(256))


@pytest.fixture(params=["memory", "fake", pytest.param("redis", marks=pytest.mark.broker)])
def store(request: pytest.FixtureRequest, key_prefix: str) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "fake":
        return RedisStore(fakeredis.FakeRedis(), key_prefix)
    server: RedisServer = request.getfixturevalue("redis_server")
    return RedisStore(connect(server.url, MemoryJournal()), key_prefix)


def test_a_task_never_seen_is_empty(store: Store) -> None:
    assert store.marks("engine:0") is None
    assert store.take("engine:0", "a:1") == Snapshot(None, {})
    assert store.fields("engine:0", ["x"]) == [None]
    assert store.fields("engine:0", []) == []


def test_what_is_committed_is_read_back(store: Store) -> None:
    store.take("engine:0", "a:1")
    assert store.commit("engine:0", "a:1", None, FOREIGN, {"p": FOREIGN, "a|b": b"", "gone": b"1"}) is Verdict.OK
    assert store.commit("engine:0", "a:1", FOREIGN, b"m2", {"q": b"2", "gone": None, "never": None}) is Verdict.OK
    assert store.take("engine:0", "b:1") == Snapshot(b"m2", {"p": FOREIGN, "a|b": b"", "q": b"2"})
    assert store.marks("engine:0") == b"m2"
    assert store.fields("engine:0", ["q", "gone", "p"]) == [b"2", None, FOREIGN]
    assert store.all_fields("engine:0") == {"p": FOREIGN, "a|b": b"", "q": b"2"}


def test_tasks_do_not_touch_each_other(store: Store) -> None:
    store.take("engine:0", "a:1")
    store.take("engine:1", "b:1")
    assert store.commit("engine:0", "a:1", None, b"m", {"x": b"0"}) is Verdict.OK
    assert store.commit("engine:1", "b:1", None, b"n", {"x": b"1"}) is Verdict.OK
    store.wipe("engine:0")
    assert store.take("engine:0", "a:2") == Snapshot(None, {})
    assert store.take("engine:1", "b:2") == Snapshot(b"n", {"x": b"1"})


def test_an_earlier_owner_is_fenced_and_writes_nothing(store: Store) -> None:
    store.take("engine:0", "a:1")
    store.take("engine:0", "b:1")
    assert store.commit("engine:0", "a:1", None, b"m", {"x": b"a"}) is Verdict.FENCED
    assert store.all_fields("engine:0") == {}
    assert store.commit("engine:0", "b:1", None, b"m", {"x": b"b"}) is Verdict.OK


def test_a_wiped_task_fences_its_owner(store: Store) -> None:
    store.take("engine:0", "a:1")
    store.wipe("engine:0")
    assert store.commit("engine:0", "a:1", None, b"m", {"x": b"a"}) is Verdict.FENCED
    assert store.marks("engine:0") is None


def test_a_commit_whose_answer_was_lost_is_done(store: Store) -> None:
    store.take("engine:0", "a:1")
    assert store.commit("engine:0", "a:1", None, b"m1", {"x": b"1"}) is Verdict.OK
    assert store.commit("engine:0", "a:1", None, b"m1", {"x": b"1"}) is Verdict.DONE
    assert store.all_fields("engine:0") == {"x": b"1"}


def test_other_marks_than_expected_are_a_gap(store: Store) -> None:
    store.take("engine:0", "a:1")
    assert store.commit("engine:0", "a:1", b"m0", b"m1", {"x": b"1"}) is Verdict.GAP
    assert store.commit("engine:0", "a:1", None, b"m1", {"x": b"1"}) is Verdict.OK
    assert store.commit("engine:0", "a:1", b"m0", b"m2", {"x": b"2"}) is Verdict.GAP
    assert store.commit("engine:0", "a:1", None, b"m2", {"x": b"2"}) is Verdict.GAP
    assert store.take("engine:0", "a:2") == Snapshot(b"m1", {"x": b"1"})


def test_state_may_change_while_the_marks_stay(store: Store) -> None:
    """Close items are handled between two records, so two commits may carry the same marks."""
    store.take("engine:0", "a:1")
    store.commit("engine:0", "a:1", None, b"m1", {"x": b"1"})
    assert store.commit("engine:0", "a:1", b"m1", b"m1", {"x": b"2"}) is Verdict.OK
    assert store.fields("engine:0", ["x"]) == [b"2"]


def test_empty_marks_are_not_absent_marks(store: Store) -> None:
    store.take("engine:0", "a:1")
    assert store.commit("engine:0", "a:1", b"", b"m", {}) is Verdict.GAP
    assert store.commit("engine:0", "a:1", None, b"", {}) is Verdict.OK
    assert store.commit("engine:0", "a:1", b"", b"m", {}) is Verdict.OK


@pytest.mark.parametrize("count", [MAX_FIELDS, 5_001])
def test_many_fields_in_one_commit(store: Store, count: int) -> None:
    """5,001 pairs are more than Lua's stack takes in one `unpack`."""
    fields = {f"f{number}": str(number).encode() for number in range(count)}
    store.take("engine:0", "a:1")
    assert store.commit("engine:0", "a:1", None, b"m", fields) is Verdict.OK
    assert store.take("engine:0", "a:2").state == fields
    assert store.commit("engine:0", "a:2", b"m", b"n", dict.fromkeys(fields)) is Verdict.OK
    assert store.all_fields("engine:0") == {}


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.broker)])
def test_state_without_marks_is_refused(request: pytest.FixtureRequest, key_prefix: str, real: bool) -> None:
    url = request.getfixturevalue("redis_server").url if real else ""
    client = connect(url, MemoryJournal()) if real else fakeredis.FakeRedis()
    store = RedisStore(client, key_prefix)
    store.take("engine:0", "a:1")
    store.commit("engine:0", "a:1", None, b"m", {"x": b"1"})
    client.delete(keys_of(key_prefix, "engine:0").marks)
    with pytest.raises(StateCorrupt, match=r"engine:0 .*state wipe engine:0"):
        store.take("engine:0", "a:2")


def test_state_without_marks_is_refused_in_memory() -> None:
    store = MemoryStore()
    store.restore("engine:0", Snapshot(None, {"x": b"1"}))
    with pytest.raises(StateCorrupt):
        store.take("engine:0", "a:1")


def test_a_prefix_with_a_brace_is_refused() -> None:
    with pytest.raises(BadSetup, match="brace"):
        RedisStore(fakeredis.FakeRedis(), "a{b").marks("engine:0")


def test_the_keys_of_a_task_share_a_slot_of_a_cluster() -> None:
    tags = {key[key.index("{") + 1 : key.index("}")] for key in keys_of("lima-", "engine:3")}
    assert tags == {"lima-engine:3"}


def test_a_server_that_is_away_is_an_outage() -> None:
    fake = fakeredis.FakeServer()
    store = RedisStore(fakeredis.FakeRedis(server=fake))
    fake.connected = False
    for ask in _every_call(store):
        with pytest.raises(StoreDown):
            ask()


def _every_call(store: RedisStore) -> list[Callable[[], object]]:
    return [
        lambda: store.take("engine:0", "a:1"),
        lambda: store.commit("engine:0", "a:1", None, b"m", {}),
        lambda: store.marks("engine:0"),
        lambda: store.wipe("engine:0"),
        lambda: store.fields("engine:0", ["x"]),
        lambda: store.all_fields("engine:0"),
    ]


class Old(fakeredis.FakeRedis):
    """A server of another time."""

    def info(self, section: str | None = None, *arguments: str, **options: object) -> dict[str, str]:
        return {"redis_version": "6.0.16"}


def test_a_server_that_is_too_old_is_refused() -> None:
    with pytest.raises(BadSetup, match=r"6\.0\.16 is too old"):
        check_server(Old(), MemoryJournal())


def test_a_server_that_does_not_tell_what_it_is_is_taken_as_it_is() -> None:
    journal = MemoryJournal()
    check_server(fakeredis.FakeRedis(), journal)
    assert not journal.lines


def test_nobody_listening_is_an_outage() -> None:
    with pytest.raises(StoreDown):
        connect("redis://127.0.0.1:1/0", MemoryJournal(), timeout_seconds=0.5)


@pytest.mark.broker
def test_a_frozen_server_is_an_outage_and_then_the_truth(redis_server: RedisServer, key_prefix: str) -> None:
    needs_disturbable(redis_server)
    store = RedisStore(connect(redis_server.url, MemoryJournal(), timeout_seconds=0.3), key_prefix)
    store.take("engine:0", "a:1")
    redis_server.pause()
    try:
        with pytest.raises(StoreDown):
            store.commit("engine:0", "a:1", None, b"m", {"x": b"1"})
    finally:
        redis_server.resume()
    # The script reached the server and ran after all; whoever takes the task sees it whole.
    assert store.take("engine:0", "a:2") in (Snapshot(b"m", {"x": b"1"}), Snapshot(None, {}))


@pytest.mark.broker
def test_a_server_that_evicts_is_noted(redis_server: RedisServer) -> None:
    if redis_server.kind == "environment" and not os.environ.get("CI"):
        pytest.skip("the setting of a server that is not ours stays as it is")
    journal = MemoryJournal()
    client = connect(redis_server.url, journal)
    assert not journal.lines
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        check_server(client, journal)
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert [line["is_now"] for line in journal.events("redis_may_evict")] == ["allkeys-lru"]
    client.close()


@pytest.mark.broker
def test_out_of_memory_is_an_outage_and_writes_nothing(redis_server: RedisServer, key_prefix: str) -> None:
    needs_disturbable(redis_server)
    client = connect(redis_server.url, MemoryJournal())
    store = RedisStore(client, key_prefix)
    store.take("engine:0", "a:1")
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreDown, match="memory"):
            store.commit("engine:0", "a:1", None, b"m", {"x": b"1"})
    finally:
        client.config_set("maxmemory", "0")
    assert store.take("engine:0", "a:2") == Snapshot(None, {})
    client.close()
