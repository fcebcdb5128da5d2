"""The writer to Kafka: idempotent, compressed, and sure of what was delivered.

The one rule: what is queued counts for nothing; :meth:`KafkaOutlet.flush` returns only when every record is
acknowledged by all replicas in sync, and raises when a single one is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.kafka_errors import cause_of, translated
from schemas.errors import BrokerDown, DemandError
from schemas.quarantine import Headers
from schemas.topics import QUARANTINE_MESSAGE_BYTES
from streams.ports import Clock, Place

#: What every producer of ours shares; a setting of the same name wins, except where a record would land elsewhere.
DEFAULTS: Mapping[str, str] = {
    "compression.type": "lz4",
    "linger.ms": "5",
    "message.max.bytes": str(QUARANTINE_MESSAGE_BYTES),
    "delivery.timeout.ms": "30000",
    "queue.buffering.max.messages": "100000",
    "queue.buffering.max.kbytes": "65536",
}
FIXED: Mapping[str, str] = {"enable.idempotence": "true", "acks": "all", "partitioner": "murmur2_random"}

_SERVE_EVERY = 128


class KafkaOutlet:
    """A producer (:class:`streams.ports.Outlet`).

    Parameters
    ----------
    config
        librdkafka's properties: `bootstrap.servers`, security.
    clock
        For the time-outs.
    patience_seconds
        How long :meth:`send` waits for room and :meth:`flush` for deliveries before they raise.
    """

    def __init__(self, config: Mapping[str, str], clock: Clock, patience_seconds: float = 30.0) -> None:
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._failure: DemandError | None = None
        self._ends: dict[Place, int] = {}
        self._unserved = 0
        self._producer = Producer({**DEFAULTS, **config, **FIXED, "error_cb": self._erred})

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        if self._failure is not None:
            self._raise_failure()
        number = -1 if partition is None else partition
        try:
            self._produce(topic, key, value, headers, number)
        except BufferError:
            self._send_when_there_is_room(topic, key, value, headers, number)
        except KafkaException as failure:
            raise translated(cause_of(failure), f"writing to {topic}") from failure
        self._unserved += 1
        if self._unserved >= _SERVE_EVERY:
            self._unserved = 0
            self._producer.poll(0)

    def flush(self) -> None:
        left = self._producer.flush(self._patience_seconds)
        if left and self._failure is None:
            self._failure = BrokerDown(f"{left} records were not delivered within {self._patience_seconds:g} s.")
        if self._failure is not None:
            self._raise_failure()

    def ends(self) -> Mapping[Place, int]:
        return dict(self._ends)

    def close(self) -> None:
        self.flush()

    def _produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int) -> None:
        if headers:
            self._producer.produce(
                topic,
                value,
                key,
                partition,
                on_delivery=self._delivered,
                headers=[(name, text) for name, text in headers],
            )
        else:
            self._producer.produce(topic, value, key, partition, on_delivery=self._delivered)

    def _send_when_there_is_room(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int
    ) -> None:
        give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
        while self._clock.monotonic_seconds() < give_up_at:
            self._producer.poll(0.1)
            if self._failure is not None:
                self._raise_failure()
            try:
                return self._produce(topic, key, value, headers, partition)
            except BufferError:
                continue
        raise BrokerDown(f"The producer's queue stayed full for {self._patience_seconds:g} s.")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic is None or partition is None:
            return
        if error is not None:
            # The first failure names the cause; those that follow only follow.
            if self._failure is None:
                self._failure = translated(error, f"writing to {topic}")
            return
        place = Place(topic, partition)
        # A retried delivery may be acknowledged without an offset.
        if offset is not None and offset >= self._ends.get(place, 0):
            self._ends[place] = offset + 1

    def _erred(self, error: KafkaError) -> None:
        if error.fatal() and self._failure is None:
            self._failure = translated(error, "producing")

    def _raise_failure(self) -> None:
        """Raise what went wrong, and forget the queue: whoever is told of it sends all of it again."""
        self._producer.purge(in_queue=True, in_flight=False)
        self._producer.poll(0)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
