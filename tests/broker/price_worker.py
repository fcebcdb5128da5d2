"""The price desk as a process of its own, so that tests can kill it: `python -m tests.broker.price_worker`.

Arguments: bootstrap, redis URL, topic prefix, key prefix, worker.
"""

import sys

from adapters.clock import SystemClock
from adapters.journal import JsonJournal
from adapters.kafka_admin import KafkaAdmin
from adapters.kafka_outlet import KafkaOutlet
from adapters.redis_store import RedisStore, connect
from consumers.price_host import PriceHost, PriceSettings
from consumers.price_tasks import PricePorts
from consumers.prices import serve_prices
from consumers.stall_watch import StallWatch
from schemas.errors import DemandError


def make_host(bootstrap: str, redis_url: str, topic_prefix: str, key_prefix: str, worker: str) -> PriceHost:
    """Return a host on real servers."""
    clock = SystemClock()
    journal = JsonJournal(sys.stderr, clock, worker=worker)
    config = {"bootstrap.servers": bootstrap}
    ports = PricePorts(
        KafkaOutlet(config, clock),
        RedisStore(connect(redis_url, journal), key_prefix),
        KafkaAdmin(config, clock),
        clock,
        journal,
    )
    settings = PriceSettings(
        bootstrap, worker, group=f"{topic_prefix}prices", prefix=topic_prefix, commit_interval_seconds=0.2
    )
    return PriceHost(settings, ports)


def main() -> int:
    """Run it until SIGTERM."""
    bootstrap, redis_url, topic_prefix, key_prefix, worker = sys.argv[1:]
    host = make_host(bootstrap, redis_url, topic_prefix, key_prefix, worker)
    admin = KafkaAdmin({"bootstrap.servers": bootstrap}, SystemClock())
    try:
        serve_prices(host, StallWatch(host.tasks.positions, admin, SystemClock(), 60.0))
    except DemandError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
