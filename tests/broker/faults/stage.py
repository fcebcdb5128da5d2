"""A market on an installation's topics and workers in this process, so that a test can put a fault between two steps.

The one rule: what is wired is what ships; only times are shorter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from adapters.memory_journal import Fields, MemoryJournal
from consumers.worker import Worker
from demand_monitor.settings import Settings, read_settings
from demand_monitor.wiring import Wiring
from schemas.topics import TICKS, TOPICS, Topic
from streams.ports import Journal, Place
from tests.broker.faults.flow import Flow
from tests.broker.faults.market import Market
from tests.broker.faults.oracle import check_exact
from tests.broker.installation import Installation

SEED = 5


class Hand(NamedTuple):
    """A worker in this process, and its journal."""

    worker: Worker
    journal: MemoryJournal

    def notes(self, event: str) -> list[Fields]:
        """Return what its journal says of an event."""
        return self.journal.events(event)

    def reasons(self) -> str:
        """Return why its tasks were in doubt."""
        return "\n".join(str(note["reason"]) for note in self.notes("task_in_doubt"))


class Stage:
    """Topics, a flow and the workers on it.

    Parameters
    ----------
    live
        The installation.
    events, days, skus
        Of the market.
    make_topics
        False where they are there already.
    """

    def __init__(self, live: Installation, events: int, days: int = 2, skus: int = 8, make_topics: bool = True) -> None:
        self.live = live
        self.market = Market(SEED, events, days, skus)
        if make_topics:
            create_topics(live)
        self.flow = Flow(live, self.market)
        self.hands: list[Hand] = []

    def hire(self, make: Callable[[Settings, Journal], Wiring] = Wiring, **options: object) -> Hand:
        """Start a worker; `make` wires it, `options` are settings."""
        base = self.live.settings
        given = {name: getattr(base, name) for name in ("bootstrap", "redis", "prefix", "partitions", "shop")}
        journal = MemoryJournal()
        settings = read_settings({**given, "commit_interval_seconds": 0.1, **options})
        hand = Hand(make(settings, journal).engine_worker(), journal)
        hand.worker.start()
        self.hands.append(hand)
        return hand

    def write_part(self, parts: int) -> None:
        """Write one of so many equal parts of the market."""
        self.flow.write(len(self.market.facts) // parts)

    def step_until(self, is_so: Callable[[], bool], seconds: float = 90.0) -> None:
        """Let every worker take steps, in turn, until something is so."""
        give_up_at = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up_at, "\n".join(str(hand.journal.lines[-12:]) for hand in self.hands)
            for hand in self.hands:
                hand.worker.step()

    def step_for(self, seconds: float) -> None:
        """Let every worker take steps for a while."""
        until = time.monotonic() + seconds
        self.step_until(lambda: time.monotonic() >= until, seconds + 60)

    def is_handled(self) -> bool:
        """Return whether everything written is committed."""
        return self.live.is_handled("engine", TICKS, "ticks", self.live.settings.partitions)

    def dismiss(self) -> None:
        """Let every worker commit and leave."""
        for hand in self.hands:
            hand.worker.leave()
            hand.worker.close()
        self.hands = []

    def abandon(self) -> None:
        """Let every worker leave without a commit, as one does that an error has ended."""
        for hand in self.hands:
            hand.worker.close()
        self.hands = []

    def finish(self) -> None:
        """Write the rest of the market, handle it, and hold the result to the oracle."""
        self.flow.finish()
        self.step_until(self.is_handled)
        self.dismiss()
        check_exact(self.live, self.market)

    def marks(self) -> dict[int, dict[str, int]]:
        """Return where the marks of each task stand."""
        return self.live.marks()

    def ends(self, topic: Topic) -> dict[int, int]:
        """Return where the partitions of a topic end."""
        return {place.partition: end for place, end in self.live.ends(topic).items()}

    def place(self, topic: Topic, partition: int) -> Place:
        """Return a partition by its full name."""
        return Place(self.live.wiring.topic(topic), partition)


def create_topics(live: Installation) -> None:
    """Make every topic, in this process: a command would take seconds."""
    admin = live.wiring.admin()
    for topic in TOPICS:
        admin.create(live.wiring.topic(topic), live.wiring.partitions_of(topic), topic.config())
