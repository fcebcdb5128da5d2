"""One task of the price desk: partition p of `price-observations.v1`.

The one rule: `at` of an output is (partition, offset, index), so a record that is handled again says the same again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.currencies import MINOR_DECIMALS
from schemas.errors import BadEvent
from schemas.ids import dedupe_key, derive_id
from schemas.prices import CompetitorPrice, MatchDecision, PriceObservation
from schemas.quantities import MILLIONTHS, to_millionths
from schemas.quarantine import Refusal
from schemas.reading import read_price_input
from schemas.reasons import Reason
from schemas.topics import PRICES, QUARANTINE
from streams.outcome import Output
from streams.ports import Place, Record, Snapshot, Writes
from streams.price_desk.head import HEAD, Head, read_head
from streams.price_desk.marks import PriceMarks
from streams.price_desk.matches import Factors, Matches
from streams.price_desk.references import References
from streams.price_desk.rules import MAX_PRICE_MILLIONTHS, PriceRules
from streams.price_desk.seen import SeenIds
from streams.price_desk.tally import Fate, Tally

#: The name of the task's only input.
OBSERVATIONS_INPUT: Final = "observations"

_HEAD_BYTES: Final = 256
_MATCH_BYTES: Final = 128
_ROUNDING: Final = MILLIONTHS // 2


def task_name(partition: int) -> str:
    """Return the name under which the state store knows a partition's task.

    >>> task_name(3)
    'prices:3'
    """
    return f"prices:{partition}"


class PriceDesk:
    """The price desk of one partition; fulfils :class:`streams.task.Task`.

    Parameters
    ----------
    place
        The partition, by the topic's full name on the broker.
    partitions
        How many partitions the topic has.
    snapshot
        State and marks as committed.
    rules
        What makes a price believable.

    Raises
    ------
    StateCorrupt
        When the snapshot is broken.
    TornTask
        When the snapshot was made for another number of partitions.

    >>> desk = PriceDesk(Place("price-observations.v1", 0), 4, Snapshot(None, {}))
    >>> desk.starts()
    {'observations': -1}
    """

    def __init__(self, place: Place, partitions: int, snapshot: Snapshot, rules: PriceRules | None = None) -> None:
        self.place = place
        self._rules = rules or PriceRules()
        marks = PriceMarks() if snapshot.marks is None else PriceMarks.decode(snapshot.marks)
        head = read_head(snapshot.state, partitions)
        self._partitions = partitions
        self._next, self._steps = marks.observations, marks.step
        self._fed = self._next
        self._written_steps = self._steps
        self._tally = Tally(head.fates)
        self._seen = SeenIds(head.seen, snapshot.state)
        self._matches = Matches(snapshot.state)
        self._references = References(snapshot.state)
        self._pending: deque[Record] = deque()
        self._loaded = self._tally.as_dict()
        #: Refused records by reason, since this object was made.
        self.rejected: Counter[str] = Counter()

    @property
    def marks(self) -> bytes:
        """The canonical marks after the last step handled."""
        return PriceMarks(self._next, self._steps).encode()

    @property
    def position(self) -> int:
        """The next offset to be fed; -1 for "from the oldest record"."""
        return self._fed

    def fates(self) -> dict[str, int]:
        """Return the number of records by what became of them, for metrics."""
        return self._tally.as_dict()

    def new_fates(self) -> dict[str, int]:
        """Return :meth:`fates` without those of the snapshot."""
        return {fate: number - self._loaded[fate] for fate, number in self.fates().items()}

    def starts(self) -> Mapping[str, int]:
        return {OBSERVATIONS_INPUT: self._fed}

    def feed(self, name: str, records: Sequence[Record], position: int) -> None:
        if name != OBSERVATIONS_INPUT:
            raise ValueError(f"the price desk has no input {name!r}")
        self._pending.extend(record for record in records if record.offset >= self._fed)
        self._fed = max(self._fed, position)

    def hungry(self) -> Mapping[str, bool]:
        return {OBSERVATIONS_INPUT: True}

    def idle(self) -> bool:
        return not self._pending

    def handle(self, budget: int) -> Sequence[Output]:
        outputs: list[Output] = []
        for _ in range(min(budget, len(self._pending))):
            record = self._pending.popleft()
            outputs.extend(self._handle_one(record))
            self._next = record.offset + 1
            self._steps += 1
        if not self._pending:
            self._next = self._fed
        return outputs

    def dirty_bytes(self) -> int:
        head = _HEAD_BYTES if self._steps != self._written_steps else 0
        matches = self._matches.dirty_fields() * _MATCH_BYTES
        return head + matches + self._references.dirty_bytes() + self._seen.dirty_bytes()

    def dirty_fields(self) -> int:
        """Return how many fields :meth:`writes` would give now."""
        head = 1 if self._steps != self._written_steps else 0
        return head + self._matches.dirty_fields() + self._references.dirty_fields() + self._seen.dirty_fields()

    def writes(self) -> Writes:
        if self._steps == self._written_steps:
            return {}
        self._written_steps = self._steps
        head = Head(self._partitions, self._seen.count, self._tally.as_dict())
        return {
            HEAD: head.encode(),
            **self._matches.writes(),
            **self._references.writes(),
            **self._seen.writes(),
        }

    def _handle_one(self, record: Record) -> Sequence[Output]:
        try:
            event = _admit(record)
            digest = dedupe_key(event.event_id)
            if digest in self._seen:
                self._tally.count(Fate.DUPLICATE)
                return ()
            outputs = self._decide(event) if isinstance(event, MatchDecision) else self._observe(event, record.offset)
        except BadEvent as refused:
            self._tally.count(Fate.QUARANTINED)
            self.rejected[str(refused.reason)] += 1
            return (self._quarantine(record, refused),)
        # Only now: a refused record that is redriven must not pass for a duplicate.
        self._seen.add(digest)
        return outputs

    def _decide(self, decision: MatchDecision) -> Sequence[Output]:
        self._matches.decide(decision)
        self._tally.count(Fate.DECISION)
        return ()

    def _observe(self, observation: PriceObservation, offset: int) -> Sequence[Output]:
        factors = self._matches.of(observation.rival, observation.rival_product)
        price = 0 if observation.price is None else to_millionths(observation.price)
        reference = self._references.price(observation)
        fate = _fate_before_judging(observation, price) if factors else Fate.UNMATCHED
        if fate is None:
            _check_size(max(price, reference or 0), factors)
            believed = self._references.believes(observation, price, self._rules)
            fate = Fate.PUBLISHED if believed else Fate.HELD
        self._tally.count(fate)
        if fate is Fate.PUBLISHED:
            return self._publish(observation, offset, factors, price, reference)
        if fate is Fate.OUT_OF_STOCK:
            return self._publish(observation, offset, factors, None, reference)
        return ()

    def _publish(
        self,
        observation: PriceObservation,
        offset: int,
        factors: Factors,
        price: int | None,
        reference: int | None,
    ) -> Sequence[Output]:
        return [
            Output(
                PRICES,
                sku.encode(),
                CompetitorPrice(
                    event_id=derive_id("competitor-price", observation.event_id, sku),
                    event_time=observation.event_time,
                    sku=sku,
                    rival=observation.rival,
                    region=observation.region,
                    unit_price=_scaled(price, factors[sku]),
                    reference_price=_scaled(reference, factors[sku]),
                    currency=observation.currency,
                    availability=observation.availability,
                    observed_at=observation.event_time,
                    at=(self.place.partition, offset, index),
                ).encode(),
            )
            for index, sku in enumerate(sorted(factors))
        ]

    def _quarantine(self, record: Record, refused: BadEvent) -> Output:
        refusal = Refusal(
            reason=refused.reason,
            detail=refused.detail,
            topic=self.place.topic,
            partition=self.place.partition,
            offset=record.offset,
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
        return Output(QUARANTINE, record.key, record.value, refusal.to_headers())


def _admit(record: Record) -> PriceObservation | MatchDecision:
    if not record.key:
        raise BadEvent(Reason.EMPTY_KEY, "the key is the rival's name")
    event = read_price_input(record.value)
    if event.rival.encode() != record.key:
        raise BadEvent(Reason.KEY_MISMATCH, "the key is not the rival in the record")
    if isinstance(event, PriceObservation) and event.currency not in (None, *MINOR_DECIMALS):
        raise BadEvent(Reason.UNKNOWN_CURRENCY, f"currency: {event.currency}")
    return event


def _fate_before_judging(observation: PriceObservation, price: int) -> Fate | None:
    if observation.status != "ok":
        return Fate.FAILED_READ
    if observation.copied:
        return Fate.COPIED
    if price > 0:
        return None
    if observation.availability == "out_of_stock":
        # An empty shelf often has no price tag, or a zero: the read itself went well.
        return Fate.OUT_OF_STOCK
    return Fate.NO_PRICE if observation.price is None else Fate.ZERO_PRICE


def _check_size(price: int, factors: Factors) -> None:
    if price * max(factors.values()) > MAX_PRICE_MILLIONTHS * MILLIONTHS:
        raise BadEvent(Reason.IMPLAUSIBLE, "price: times the match's price_factor it is above 10 million")


def _scaled(price: int | None, factor: int) -> float | None:
    return None if price is None else ((price * factor + _ROUNDING) // MILLIONTHS) / MILLIONTHS
