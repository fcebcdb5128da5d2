"""The servers of a demo: its own, which end with it, or the ones that were named on the command line.

The one rule: its own servers need no installation, no port of their choice and no cleaning up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from adapters.mock_kafka import MockKafka
from adapters.own_redis import OwnRedis, start_redis
from demand_monitor.settings import Settings, masked_url
from demand_monitor.wiring import Wiring
from schemas.topics import TOPICS
from streams.ports import Clock
from streams.settings import ShopSettings

RedisStarter = Callable[[Clock], OwnRedis | None]
#: What one process for everything is best served by: small commits keep the loader going.
_COMMIT_SECONDS = 0.25
#: The mock broker answers a fetch that found nothing only when its time is over, whatever has arrived meanwhile.
_MOCK_PROPERTIES = {"fetch.wait.max.ms": "20"}
_OPTIONS = {"bootstrap": "DEMAND_BOOTSTRAP", "redis": "DEMAND_REDIS"}


@dataclass(frozen=True, slots=True)
class Servers:
    """Where a demo plays.

    Parameters
    ----------
    settings
        Of its hosts.
    broker, redis
        What they are, in words for a person.
    kept
        Whether topics or keys stay behind.
    """

    settings: Settings
    broker: str
    redis: str
    kept: bool

    def line(self) -> str:
        """Return where it plays, in a line."""
        left = f"; what it writes stays there under the prefix {self.settings.prefix}" if self.kept else ""
        return f"Broker: {self.broker}. Redis: {self.redis}{left}."


@contextmanager
def open_servers(
    settings: Settings, shop: ShopSettings, clock: Clock, start: RedisStarter = start_redis
) -> Iterator[Servers]:
    """Yield the servers of a demo, topics included; end at the close those that are its own.

    Parameters
    ----------
    settings
        As given; a server is taken from them only where the command line names it.
    shop
        The market's.
    clock
        For waiting, and for a prefix that nobody else has.
    start
        Starts a Redis.
    """
    named = settings.environment()
    broker_named, redis_named = (variable in named for variable in _OPTIONS.values())
    changes: dict[str, object] = {"shop": shop, "commit_interval_seconds": _COMMIT_SECONDS}
    with ExitStack() as stack:
        broker = redis = None
        if broker_named or redis_named:
            changes["prefix"] = settings.prefix or f"demo-{clock.now_ms()}-"
        if not broker_named:
            broker = stack.enter_context(MockKafka())
            changes |= {"bootstrap": broker.bootstrap, "kafka": _MOCK_PROPERTIES, "kafka_password_file": None}
            changes["ssl_key_password_file"] = None
        if not redis_named:
            redis = start(clock)
            if redis is not None:
                stack.enter_context(redis)
                changes |= {"redis": redis.url, "redis_password_file": None}
        ours = settings.model_copy(update=changes)
        _create_topics(Wiring(ours), broker)
        yield Servers(
            ours,
            "librdkafka's mock cluster, in this process" if broker is not None else ours.bootstrap,
            redis.kind if redis is not None else masked_url(ours.redis),
            broker_named or redis_named,
        )


def _create_topics(wiring: Wiring, broker: MockKafka | None) -> None:
    """Make every topic; the mock broker makes none on a client's request."""
    for topic in TOPICS:
        name, partitions = wiring.topic(topic), wiring.partitions_of(topic)
        if broker is not None:
            broker.create(name, partitions)
        else:
            wiring.admin().create(name, partitions, topic.config())
