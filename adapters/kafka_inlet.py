"""The reader of Kafka: batches by place, starts told by us, errors in our words.

::

    consume(batch) ─► runs of one place ─► Chunk (records, position)
         │
         ├── end of partition ─► position alone
         ├── rebalance ─► Assignment.assigned / revoked / lost   (inside poll; what they raise, poll raises)
         └── error ─► kafka_errors, or silence until `outage_seconds` have passed

The one rule: where to read is never Kafka's decision. No offset is committed for us, none is reset for us; a start that
is gone is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_errors import cause_of, needs_operator, translated
from schemas.errors import BrokerDown, LogTruncated
from schemas.quarantine import Headers
from streams.ports import Assignment, Chunk, Clock, Place, Record

#: A setting of the same name in the configuration wins.
DEFAULTS: Mapping[str, str] = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "2000",
    "socket.timeout.ms": "10000",
    "fetch.wait.max.ms": "100",
    "fetch.error.backoff.ms": "100",
    "fetch.queue.backoff.ms": "10",
    "queued.min.messages": "50000",
    "queued.max.messages.kbytes": "32768",
    "fetch.message.max.bytes": "4194304",
}
#: What the guarantees rest on; no setting changes it.
FIXED: Mapping[str, str] = {
    "partition.assignment.strategy": "range",
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "auto.offset.reset": "error",
    "enable.partition.eof": "true",
    "isolation.level": "read_committed",
}

_GONE = frozenset({KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET})
_PROBE_SECONDS = 2.0


@dataclass(slots=True)
class _Run:
    """Consecutive records of one place inside a batch."""

    position: int = 0
    records: list[Record] = field(default_factory=list)


class KafkaInlet:
    """A consumer (:class:`streams.ports.Inlet`).

    Parameters
    ----------
    config
        librdkafka's properties: `bootstrap.servers`, `group.id` for :meth:`subscribe`, security.
    clock
        For the time-outs.
    outage_seconds
        How long no broker may answer before :meth:`poll` raises.
    """

    def __init__(self, config: Mapping[str, str], clock: Clock, outage_seconds: float = 60.0) -> None:
        self._clock = clock
        self._outage_seconds = outage_seconds
        self._assignment: Assignment | None = None
        self._positions: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self._down_since: float | None = None
        self._failure: BaseException | None = None
        self._rebalanced = False
        settings = {"group.id": "none", **DEFAULTS, **config, **FIXED, "error_cb": self._erred}
        self._consumer = Consumer(settings)

    def subscribe(self, topics: Sequence[str], assignment: Assignment) -> None:
        self._assignment = assignment
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def assign(self, starts: Mapping[Place, int]) -> None:
        self._positions = dict(starts)
        self._forget_pauses()
        self._consumer.assign(_partitions(starts))

    def poll(self, max_records: int, timeout_seconds: float) -> Sequence[Chunk]:
        messages = self._consume(max_records, timeout_seconds)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._rebalanced:
            # Some of these may have been fetched for the assignment before: read again from where we stand.
            self._rebalanced = False
            if messages and self._positions:
                self._start_again()
            return ()
        if not messages:
            self._check_outage()
            return ()
        return self._chunks(messages)

    def seek(self, starts: Mapping[Place, int]) -> None:
        known = {place: start for place, start in starts.items() if place in self._positions}
        self._positions.update(known)
        try:
            for partition in _partitions(known):
                self._consumer.seek(partition)
        except KafkaException:
            # A place whose fetching has not begun cannot be sought; assigned anew, it can be anything.
            self._start_again()

    def pause(self, places: Sequence[Place]) -> None:
        known = self._positions.keys() & set(places)
        self._paused |= known
        if known:
            self._consumer.pause([TopicPartition(*place) for place in known])

    def resume(self, places: Sequence[Place]) -> None:
        known = self._paused & set(places)
        self._paused -= known
        if known:
            self._consumer.resume([TopicPartition(*place) for place in known])

    def advise(self, positions: Mapping[Place, int]) -> None:
        try:
            self._consumer.commit(
                offsets=[TopicPartition(*place, position) for place, position in positions.items() if position >= 0],
                asynchronous=True,
            )
        except KafkaException:
            return  # Advice for lag tools: the truth is in the marks.

    def close(self) -> None:
        self._consumer.close()
        if self._failure is not None:
            raise self._failure

    def _consume(self, max_records: int, timeout_seconds: float) -> list[Message]:
        """Take what is there; only if nothing is, wait for the first (`consume` would wait for a full batch)."""
        try:
            messages = self._consumer.consume(max_records, 0)
            if not messages and timeout_seconds > 0:
                messages = self._consumer.consume(1, timeout_seconds)
                if messages and max_records > 1:
                    messages += self._consumer.consume(max_records - 1, 0)
        except KafkaException as failure:
            raise translated(cause_of(failure), "reading") from failure
        return messages

    def _chunks(self, messages: Sequence[Message]) -> Sequence[Chunk]:
        """Cut a batch into runs of one place: the hot path, as few calls a message as can be."""
        runs: dict[Place, _Run] = {}
        topic: str | None = None
        partition: int | None = None
        run = _Run()
        records = run.records
        new = tuple.__new__  # Record(...) would go through a Python frame for its default
        offset: int | None = None
        for message in messages:
            error = message.error()
            if message.partition() != partition or message.topic() != topic:
                if offset is not None:
                    run.position = offset + 1
                topic, partition, offset = message.topic(), message.partition(), None
                run = runs.setdefault(Place(topic or "", -1 if partition is None else partition), _Run(-1))
                records = run.records
            if error is not None:
                offset = self._position_from(error, message, offset)
                continue
            offset = message.offset()
            headers = message.headers()
            told = () if headers is None else _headers(headers)
            records.append(new(Record, (offset, message.key(), message.value(), told)))
        if offset is not None:
            run.position = offset + 1
        chunks = self._known(runs)
        if chunks:
            self._down_since = None
        return chunks

    def _position_from(self, error: KafkaError, message: Message, offset: int | None) -> int | None:
        """Return the offset before the position that an event tells of; raise what is an error."""
        end = message.offset()
        if error.code() == KafkaError._PARTITION_EOF:
            return offset if end is None else end - 1
        self._judge(error, message)
        return offset

    def _known(self, runs: Mapping[Place, _Run]) -> Sequence[Chunk]:
        chunks = []
        for place, run in runs.items():
            if place in self._positions and run.position >= 0:
                self._positions[place] = run.position
                chunks.append(Chunk(place, run.records, run.position))
        return chunks

    def _judge(self, error: KafkaError, message: Message) -> None:
        """Raise what an error event means, if it means anything."""
        code = error.code()
        where = f"{message.topic()}[{message.partition()}]"
        if code in _GONE:
            raise LogTruncated(
                f"{where} holds no record at the offset it is to be read at ({error.str()}).",
                "restore a snapshot, or wipe the task's state to rebuild it",
            )
        if code == KafkaError._MAX_POLL_EXCEEDED:
            self._lose()
        elif needs_operator(error):
            raise translated(error, f"reading {where}")
        else:
            self._erred(error)

    def _erred(self, error: KafkaError) -> None:
        """Take note of an error of the client: what time mends stays silent, for a while."""
        if self._failure is None and (error.fatal() or needs_operator(error)):
            self._failure = translated(error, "reading")
        elif error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT) and self._down_since is None:
            self._down_since = self._clock.monotonic_seconds()

    def _check_outage(self) -> None:
        if self._down_since is None or self._clock.monotonic_seconds() - self._down_since < self._outage_seconds:
            return
        # Nothing tells that a broker is back while no record comes: ask.
        try:
            self._consumer.list_topics(timeout=_PROBE_SECONDS)
        except KafkaException as failure:
            raise BrokerDown(f"No broker has answered for {self._outage_seconds:g} s.") from failure
        self._down_since = None

    def _start_again(self) -> None:
        self._consumer.assign(_partitions(self._positions))
        if self._paused:
            self._consumer.pause([TopicPartition(*place) for place in self._paused])

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = [Place(partition.topic, partition.partition) for partition in partitions]
        self._rebalanced, self._paused, self._positions = True, set(), {}
        try:
            if self._assignment is not None:
                self._positions = dict(self._assignment.assigned(places))
        except BaseException as failure:
            self._failure = failure
        consumer.assign(_partitions(self._positions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = [Place(partition.topic, partition.partition) for partition in partitions]
        self._rebalanced = True
        try:
            if self._assignment is not None:
                self._assignment.revoked(places)
        except BaseException as failure:
            self._failure = failure
        self._positions = {}
        self._forget_pauses()
        consumer.unassign()

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._rebalanced = True
        self._lose()
        consumer.unassign()

    def _forget_pauses(self) -> None:
        """Resume what was paused: the client keeps a place paused through every assignment to come."""
        if self._paused:
            self._consumer.resume([TopicPartition(*place) for place in self._paused])
        self._paused = set()

    def _lose(self) -> None:
        places, self._positions = list(self._positions), {}
        self._forget_pauses()
        try:
            if self._assignment is not None and places:
                self._assignment.lost(places)
        except BaseException as failure:
            self._failure = failure


def _partitions(starts: Mapping[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(*place, OFFSET_BEGINNING if start < 0 else start) for place, start in starts.items()]


def _headers(headers: object) -> Headers:
    """Return headers as they are kept; a value that is absent counts as empty."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    if not isinstance(pairs, list):
        return ()
    return tuple((name, text.encode() if isinstance(text, str) else text or b"") for name, text in pairs)
