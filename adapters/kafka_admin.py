"""Topics and offsets of Kafka, asked from outside any group.

The one rule: one request for many places, never one each; a leader that has just moved is asked again, for a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from adapters.kafka_errors import cause_of, needs_operator, translated
from schemas.errors import BadSetup, BrokerDown
from streams.ports import Clock, Place

_BROKERS_CHOICE = -1
_AGAIN_SECONDS = 0.1


class KafkaAdmin:
    """An administrator (:class:`streams.ports.TopicAdmin`).

    Parameters
    ----------
    config
        librdkafka's properties: `bootstrap.servers`, security.
    clock
        For the time-outs.
    replication
        Replicas of a topic; -1 leaves it to the broker's `default.replication.factor`.
    patience_seconds
        How long an answer may take.
    """

    def __init__(
        self,
        config: Mapping[str, str],
        clock: Clock,
        replication: int = _BROKERS_CHOICE,
        patience_seconds: float = 10.0,
    ) -> None:
        self._config = dict(config)
        self._clock = clock
        self._replication = replication
        self._patience_seconds = patience_seconds
        # error_cb: without one, every refused connection is a line on standard error.
        self._admin = AdminClient(dict(config), error_cb=_ignore)

    def create(self, name: str, partitions: int, config: Mapping[str, str]) -> bool:
        topic = NewTopic(name, num_partitions=partitions, replication_factor=self._replication, config=dict(config))
        try:
            self._admin.create_topics([topic], request_timeout=self._patience_seconds)[name].result()
        except KafkaException as failure:
            error = cause_of(failure)
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return False
            if error.code() in (KafkaError.INVALID_CONFIG, KafkaError.INVALID_PARTITIONS, KafkaError.POLICY_VIOLATION):
                raise BadSetup(f"The broker refuses topic {name}: {error.str()}.") from failure
            raise translated(error, f"creating topic {name}") from failure
        self._await_leaders(name, partitions)
        return True

    def partitions(self) -> Mapping[str, int]:
        try:
            topics = self._admin.list_topics(timeout=self._patience_seconds).topics
        except KafkaException as failure:
            raise translated(cause_of(failure), "listing topics") from failure
        return {name: len(topic.partitions) for name, topic in topics.items()}

    def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        return self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def starts(self, places: Sequence[Place]) -> Mapping[Place, int]:
        return self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def committed(self, group: str, places: Sequence[Place]) -> Mapping[Place, int]:
        # A consumer that never subscribes only asks; it does not disturb the group.
        consumer = Consumer({**self._config, "group.id": group, "enable.auto.commit": False, "error_cb": _ignore})
        try:
            answers = consumer.committed([TopicPartition(*place) for place in places], timeout=self._patience_seconds)
        except KafkaException as failure:
            raise translated(cause_of(failure), f"reading the offsets of group {group}") from failure
        finally:
            consumer.close()
        return {Place(answer.topic, answer.partition): answer.offset for answer in answers if answer.offset >= 0}

    def _offsets(self, places: Sequence[Place], spec: OffsetSpec) -> Mapping[Place, int]:
        give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
        while places:
            try:
                return self._ask_offsets(places, spec)
            except KafkaException as failure:
                error = cause_of(failure)
                leaderless = self._is_leaderless(error, places)
                if needs_operator(error) and not leaderless:
                    raise translated(error, f"asking for offsets of {places[0].topic}") from failure
                if self._clock.monotonic_seconds() >= give_up_at:
                    raise BrokerDown(
                        f"asking for offsets of {places[0].topic}: {error.name()} ({error.str()})."
                    ) from failure
            self._clock.sleep(_AGAIN_SECONDS)
        return {}

    def _is_leaderless(self, error: KafkaError, places: Sequence[Place]) -> bool:
        """Return whether the topics are there and only their leaders are not: librdkafka says the same of both."""
        if error.code() != KafkaError._NOENT:
            return False
        known = self.partitions()
        return all(place.partition < known.get(place.topic, 0) for place in places)

    def _ask_offsets(self, places: Sequence[Place], spec: OffsetSpec) -> Mapping[Place, int]:
        wanted = {TopicPartition(*place): spec for place in places}
        answers = self._admin.list_offsets(wanted, request_timeout=self._patience_seconds)
        return {Place(tp.topic, tp.partition): answer.result().offset for tp, answer in answers.items()}

    def _await_leaders(self, name: str, partitions: int) -> None:
        """Wait until a new topic can be written to; the broker answers before that."""
        give_up_at = self._clock.monotonic_seconds() + self._patience_seconds
        while self._clock.monotonic_seconds() < give_up_at:
            known = self._admin.list_topics(name, timeout=self._patience_seconds).topics[name].partitions
            if len(known) == partitions and all(partition.leader >= 0 for partition in known.values()):
                return
            self._clock.sleep(_AGAIN_SECONDS)
        raise BrokerDown(f"Topic {name} was created, but has no leaders after {self._patience_seconds:g} s.")


def _ignore(error: KafkaError) -> None:
    """Drop what librdkafka mends by itself; what it cannot mend comes back from the call."""
