"""The host between a reader and the tasks: what is promised by coming back from `handle`. No Kafka, no Faust."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from consumers.price_host import PriceHost, PriceSettings
from schemas.errors import BadSetup, BrokerDown, Fenced
from streams.ports import Place, Record
from tests.unit.price_desk.facts import matched, seen
from tests.unit.price_desk.test_host_tasks import OBSERVATIONS, PLACE, Shop

SETTINGS = PriceSettings("nowhere:9092", "w", commit_interval_seconds=0.01)


class ScriptedReader:
    """A reader that plays a script once it is open."""

    def __init__(self, script: Callable[[], Awaitable[None]], reason: BaseException | None = None) -> None:
        self._script = script
        self._reason = reason
        self.advised: list[Mapping[Place, int]] = []
        self.has_left = False

    async def open(self) -> None:
        await self._script()

    async def advise(self, positions: Mapping[Place, int]) -> None:
        self.advised.append(dict(positions))

    async def leave(self) -> None:
        self.has_left = True

    def failure(self) -> BaseException | None:
        return self._reason


def play(host: PriceHost, script: Callable[[], Awaitable[None]], reason: BaseException | None = None) -> ScriptedReader:
    reader = ScriptedReader(script, reason)

    def make(made_for: PriceHost, folder: Path) -> ScriptedReader:
        assert made_for is host
        assert folder.is_dir()
        return reader

    try:
        asyncio.run(asyncio.wait_for(host.run(make), 10))
    finally:
        assert reader.has_left
    return reader


async def comes_back(handling: Awaitable[None]) -> bool:
    task = asyncio.ensure_future(handling)
    done, _ = await asyncio.wait([task], timeout=0.1)
    task.cancel()
    return bool(done)


def record(offset: int) -> Record:
    return Record(offset, b"nova", matched("m", "milk") if offset == 0 else seen(f"o{offset}", 4.0))


def test_stop_commits_what_is_in_hand_and_takes_no_more() -> None:
    shop = Shop()
    host = PriceHost(SETTINGS, shop.ports())

    async def script() -> None:
        host.allow_taking(True)
        assert await host.take([PLACE]) == {PLACE: 0}
        assert await comes_back(host.handle(PLACE, record(0)))
        assert await comes_back(host.handle(PLACE, record(1)))
        host.stop()
        assert not await comes_back(host.handle(PLACE, record(2)))

    reader = play(host, script)
    assert shop.store.marks("prices:0") == b'{"observations":2,"step":2}'
    assert len(shop.prices()) == 1
    assert reader.advised == [{PLACE: 2}]


def test_nothing_comes_back_after_a_failure_and_nothing_is_written() -> None:
    shop = Shop()
    host = PriceHost(SETTINGS, shop.ports())

    async def script() -> None:
        host.allow_taking(True)
        await host.take([PLACE])
        await host.handle(PLACE, record(0))
        shop.store.take("prices:0", "thief")
        await host.hand_over()
        assert not await comes_back(host.handle(PLACE, record(1)))

    with pytest.raises(Fenced):
        play(host, script)
    assert shop.store.marks("prices:0") is None
    assert [note["error"] for note in shop.journal.events("price_desk_failed")] == ["Fenced"]


def test_record_that_a_rebalance_has_overtaken_is_dropped() -> None:
    shop = Shop()
    shop.append(*(record(offset).value for offset in range(8)))
    host = PriceHost(SETTINGS, shop.ports())

    async def script() -> None:
        host.allow_taking(True)
        await host.take([PLACE])
        for offset in range(3):
            await host.handle(PLACE, record(offset))
        # The commit of the rebalance closes the gate; the record waits there while the group deals anew.
        host.forbid_taking()
        handing_over = asyncio.ensure_future(host.hand_over())
        for _ in range(5):  # until the commit has begun, in a thread
            await asyncio.sleep(0)
        overtaken = asyncio.ensure_future(host.handle(PLACE, record(7)))
        await handing_over
        assert await host.take([PLACE]) == {}, "a place in the air would be stolen from its next owner"
        host.allow_taking(True)
        assert await host.take([PLACE]) == {PLACE: 3}
        await overtaken
        host.stop()

    play(host, script)
    assert shop.store.marks("prices:0") == b'{"observations":3,"step":3}'


def test_bug_in_handling_ends_the_host_instead_of_being_acknowledged() -> None:
    shop = Shop()
    host = PriceHost(SETTINGS, shop.ports())

    async def script() -> None:
        host.allow_taking(True)
        await host.take([PLACE])
        not_a_record: Record = Record(0, b"nova", 7)  # type: ignore[arg-type]
        assert not await comes_back(host.handle(PLACE, not_a_record))

    with pytest.raises(TypeError):
        play(host, script)


def test_reader_that_has_given_up_ends_the_host() -> None:
    shop = Shop()

    async def script() -> None:
        return

    with pytest.raises(BrokerDown):
        play(PriceHost(SETTINGS, shop.ports()), script, BrokerDown("gone"))


def test_full_task_is_committed_before_more_is_handled() -> None:
    shop = Shop()
    host = PriceHost(PriceSettings("nowhere:9092", "w", commit_interval_seconds=60, commit_events=2), shop.ports())

    async def script() -> None:
        host.allow_taking(True)
        await host.take([PLACE])
        for offset in range(2):
            await host.handle(PLACE, record(offset))
        waiting = asyncio.ensure_future(host.handle(PLACE, record(2)))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert host.tasks.positions() == {PLACE: 2}
        host.stop()
        assert not await comes_back(waiting)

    play(host, script)
    assert shop.store.marks("prices:0") == b'{"observations":2,"step":2}'


def test_worker_without_places_is_ready_to_stand_by() -> None:
    host = PriceHost(SETTINGS, Shop().ports())
    host.allow_taking(False)
    assert host.ready.is_set()


def test_missing_topic_names_the_next_command() -> None:
    host = PriceHost(PriceSettings("nowhere:9092", "w", prefix="lima-"), Shop().ports())
    with pytest.raises(BadSetup, match=f"lima-{OBSERVATIONS}.*topics create"):
        asyncio.run(host.run(lambda host, folder: pytest.fail("no reader is wanted")))
