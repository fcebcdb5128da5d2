"""Wiring on the memory twins: one broker, one store, one clock."""

from collections.abc import Mapping
from functools import cached_property

from adapters.memory_broker import MemoryBroker
from adapters.memory_clock import MemoryClock
from adapters.memory_inlet import MemoryInlet
from adapters.memory_journal import MemoryJournal
from adapters.memory_outlet import MemoryAdmin, MemoryOutlet
from adapters.memory_store import MemoryStore
from adapters.memory_tail import MemoryTail
from adapters.memory_transactions import MemoryTransactions
from adapters.timed_store import Store
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BrokerDown
from schemas.topics import TOPICS
from streams.ports import Inlet, LogTail, Outlet, TopicAdmin


class SilentAdmin(MemoryAdmin):
    """An administrator whose broker does not answer."""

    def partitions(self) -> Mapping[str, int]:
        raise BrokerDown("listing topics: _TRANSPORT.")


class MemoryWiring(Wiring):
    """Builds twins instead of clients."""

    def __init__(self, settings: Settings, now_ms: int = 0, is_down: bool = False) -> None:
        super().__init__(settings, MemoryJournal(), MemoryClock(now_ms))
        self.broker = MemoryBroker(self.clock)
        self._is_down = is_down
        self._epochs: dict[str, int] = {}

    def create_topics(self) -> None:
        for topic in TOPICS:
            self.broker.create(self.topic(topic), self.partitions_of(topic))

    def admin(self) -> TopicAdmin:
        return SilentAdmin(self.broker) if self._is_down else MemoryAdmin(self.broker)

    def inlet(self, group: str | None = None) -> Inlet:
        return MemoryInlet(self.broker, group or "", self.clock)

    def tail(self) -> LogTail:
        return MemoryTail(self.broker)

    def outlet(self) -> Outlet:
        return MemoryOutlet(self.broker)

    def transactions(self, name: str) -> MemoryTransactions:
        return MemoryTransactions(self.broker, self._epochs, name)

    @cached_property
    def store(self) -> Store:
        return MemoryStore()
