"""The writer of Kafka transactions, for the rare command whose records must become visible together.

The one rule: one `transactional.id` is one writer; whoever opens it last fences every other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from adapters.kafka_errors import cause_of, translated
from adapters.kafka_outlet import DEFAULTS, FIXED
from schemas.errors import Fenced
from schemas.quarantine import Headers
from streams.ports import Clock

_FENCED: Final = frozenset(
    {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_TXN_STATE}
)


class KafkaTransactions:
    """A transactional producer (:class:`producers.redrive.Transactions`).

    Parameters
    ----------
    config
        librdkafka's properties: `bootstrap.servers`, security.
    name
        Its `transactional.id`.
    clock
        For the time-outs.
    patience_seconds
        How long one step may take.
    """

    def __init__(self, config: Mapping[str, str], name: str, clock: Clock, patience_seconds: float = 30.0) -> None:
        self._name = name
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._producer = Producer(
            {**DEFAULTS, **config, **FIXED, "transactional.id": name, "error_cb": _ignore, "linger.ms": "0"}
        )

    def open(self) -> None:
        self._patiently(self._producer.init_transactions, "opening transactions")

    def begin(self) -> None:
        self._patiently(lambda timeout: self._producer.begin_transaction(), "beginning a transaction")

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None) -> None:
        self._producer.produce(
            topic, value, key, -1 if partition is None else partition, headers=[(name, text) for name, text in headers]
        )
        self._producer.poll(0)

    def commit(self) -> None:
        self._patiently(self._producer.commit_transaction, "committing a transaction")

    def _patiently(self, step: Callable[[float], None], what: str) -> None:
        """Take a step, again while the client says that the same step may succeed."""
        give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
        while True:
            try:
                return step(self._patience_seconds)
            except KafkaException as failure:
                error = cause_of(failure)
                if error.code() in _FENCED:
                    raise Fenced(f"Another process writes as {self._name} now; this one has stopped.") from failure
                if not error.retriable() or self._clock.monotonic_seconds() >= give_up_at:
                    # An abort is not asked for: the next `open` does it, or the broker after its time-out.
                    raise translated(error, what) from failure


def _ignore(error: KafkaError) -> None:
    """Drop what the client tells in passing; what matters comes back from a step."""
