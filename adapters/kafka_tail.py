"""The newest records of Kafka with the time at which the log took them: for check-ups, beside the hot path.

The one rule: only the broker's own time counts. A topic that keeps the sender's time has no log time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_errors import cause_of, translated
from schemas.errors import BrokerDown
from streams.ports import Clock, Place, Record, Stamped

_POLL_RECORDS = 1_000
_POLL_SECONDS = 0.2


class KafkaTail:
    """A reader of tails (:class:`streams.ports.LogTail`).

    Parameters
    ----------
    config
        librdkafka's properties: `bootstrap.servers`, security.
    clock
        For the time-out.
    patience_seconds
        How long nothing may come.
    """

    def __init__(self, config: Mapping[str, str], clock: Clock, patience_seconds: float = 10.0) -> None:
        self._config = {
            "group.id": "none",
            **config,
            "enable.auto.commit": "false",
            "auto.offset.reset": "error",
            "enable.partition.eof": "true",
            "isolation.level": "read_committed",
        }
        self._clock = clock
        self._patience_seconds = patience_seconds

    def read(self, spans: Mapping[Place, tuple[int, int]]) -> Mapping[Place, Sequence[Stamped]]:
        found: dict[Place, list[Stamped]] = {place: [] for place in spans}
        behind = {place for place, (start, end) in spans.items() if start < end}
        if not behind:
            return found
        consumer = Consumer({**self._config, "error_cb": _ignore})
        try:
            consumer.assign([TopicPartition(*place, spans[place][0]) for place in behind])
            give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
            while behind:
                messages = consumer.consume(_POLL_RECORDS, _POLL_SECONDS)
                if messages:
                    give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
                elif self._clock.monotonic_seconds() >= give_up_at:
                    raise BrokerDown(f"{next(iter(behind)).topic} could not be read to its end.")
                for message in messages:
                    _take(message, spans, found, behind)
        except KafkaException as failure:
            raise translated(cause_of(failure), "reading the newest records") from failure
        finally:
            consumer.close()
        return found


def _take(
    message: Message,
    spans: Mapping[Place, tuple[int, int]],
    found: dict[Place, list[Stamped]],
    behind: set[Place],
) -> None:
    """Keep one record, or learn that a place is at its end."""
    topic, partition, offset, error = message.topic(), message.partition(), message.offset(), message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise translated(error, f"reading {topic}[{partition}]")
    place = Place(topic or "", -1 if partition is None else partition)
    end = spans[place][1]
    if error is None and offset is not None and offset < end:
        kind, log_ms = message.timestamp()
        record = Record(offset, message.key(), message.value())
        found[place].append(Stamped(record, log_ms if kind == TIMESTAMP_LOG_APPEND_TIME else None))
    # At the end of the partition the offset is the next one; a compacted tail has no record there.
    if offset is None or (offset if error is not None else offset + 1) >= end:
        behind.discard(place)


def _ignore(error: KafkaError) -> None:
    """Drop what librdkafka mends by itself; what it cannot mend ends in silence, and that in BrokerDown."""
