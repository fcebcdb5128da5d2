"""Redrive: what was refused is sent again, once, after its cause was mended.

::

    quarantine.v1:  refused 0   refused 1   receipt {0, 1}   refused 2   …
                       │           │            ▲
                       └─► sales.v1 ◄──────────┘   one Kafka transaction: the records sent again and their receipt

The receipt stands in `quarantine.v1` itself and becomes visible in the same instant as the records that it speaks of. A
crash at any moment leaves both or neither: opening the transactions aborts what an earlier redrive has left open, and
fences one that still runs. So running twice sends nothing twice, and no second store has to agree. (A record that is
sent again keeps its `event_id`: the engine would drop a double as well, as far back as its dedupe horizon.)

The one rule: what was sent is what is sent: same key, value and headers, and one header more, by which a record that is
refused again is known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from schemas.errors import BrokerDown
from schemas.quarantine import Headers, Refusal
from schemas.topics import (
    ACTIONS,
    CATALOG,
    CONTEXT,
    MAX_MESSAGE_BYTES,
    OBSERVATIONS,
    PRICES,
    QUARANTINE,
    SALES,
    STOCK,
    full_name,
)
from streams.ports import Inlet, Place, Record, TopicAdmin

RECEIPT_HEADER: Final = "demand-receipt"
REDRIVEN_HEADER: Final = "demand-redriven"
#: Topics that a refused record can be sent to again; ticks and signals speak of an order that has passed.
REDRIVABLE: Final = (SALES, STOCK, PRICES, OBSERVATIONS, CONTEXT, CATALOG, ACTIONS)

_BATCH_RECORDS: Final = 500
_BATCH_BYTES: Final = 1_000_000
_LARGEST_BYTES: Final = MAX_MESSAGE_BYTES - 16_384
_POLL_RECORDS: Final = 5_000
_POLL_SECONDS: Final = 0.5
_PATIENCE_POLLS: Final = 60


class Transactions(Protocol):
    """A writer whose records of one transaction become visible together or not at all."""

    def open(self) -> None:
        """Abort what an earlier writer of this name has left open, and fence one that still runs."""

    def begin(self) -> None:
        """Begin a transaction."""

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None) -> None:
        """Add one record to it."""

    def commit(self) -> None:
        """Make it visible.

        Raises
        ------
        Fenced
            When another writer of this name was opened.
        Outage
            When the broker is away; whether it became visible is known after the next :meth:`open`.
        """


class Refused(NamedTuple):
    """One record of `quarantine.v1`.

    Parameters
    ----------
    offset
        Where it stands in the quarantine: its number for people.
    refusal
        The record as it came, and why it was refused.
    redriven
        Whether it was sent again.
    came_back
        Whether it is itself a record that was sent again, and refused again.
    """

    offset: int
    refusal: Refusal
    redriven: bool
    came_back: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Which refused records are meant; an empty set means all.

    Parameters
    ----------
    reasons, topics, offsets
        The values wanted of each; topics (and files, for `load` refuses rows) with the prefix or without.
    """

    reasons: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    offsets: frozenset[int] = frozenset()

    def wants(self, refused: Refused, prefix: str = "") -> bool:
        """Return whether a record is meant."""
        refusal = refused.refusal
        return (
            (not self.reasons or str(refusal.reason) in self.reasons)
            and (not self.topics or not self.topics.isdisjoint((refusal.topic, refusal.topic.removeprefix(prefix))))
            and (not self.offsets or refused.offset in self.offsets)
        )


class QuarantineLog:
    """Reads `quarantine.v1` from its start to its end of now.

    Parameters
    ----------
    admin
        For the end.
    inlet
        A reader of its own.
    prefix
        The installation's.
    """

    def __init__(self, admin: TopicAdmin, inlet: Inlet, prefix: str = "") -> None:
        self._admin, self._inlet = admin, inlet
        self.place = Place(full_name(QUARANTINE, prefix), 0)
        self.unreadable = 0

    def read(self) -> Iterator[Refused]:
        """Yield every refused record in order; receipts are read first and not yielded.

        Raises
        ------
        BrokerDown
            When the end cannot be reached.
        """
        end = self._admin.ends([self.place])[self.place]
        redriven: set[int] = set()
        for record in self._records(end):
            redriven.update(_receipt(record) or ())
        self.unreadable = 0
        for record in self._records(end):
            if _receipt(record) is not None:
                continue
            refused = self._refused(record, record.offset in redriven)
            if refused is not None:
                yield refused

    def _refused(self, record: Record, redriven: bool) -> Refused | None:
        came_back = any(name == REDRIVEN_HEADER for name, _ in record.headers)
        try:
            refusal = Refusal.from_record(record.key, record.value, record.headers)
        except (KeyError, ValueError):
            self.unreadable += 1  # somebody else wrote here
            return None
        return Refused(record.offset, refusal, redriven, came_back)

    def _records(self, end: int) -> Iterator[Record]:
        self._inlet.assign({self.place: -1})
        position, idle = 0, 0
        while position < end:
            chunks = self._inlet.poll(_POLL_RECORDS, _POLL_SECONDS)
            idle = 0 if chunks else idle + 1
            if idle >= _PATIENCE_POLLS:
                raise BrokerDown(f"The end of {self.place.topic} could not be read.")
            for chunk in chunks:
                yield from (record for record in chunk.records if record.offset < end)
                position = chunk.position
        self._inlet.assign({})


@dataclass(slots=True)
class RedriveReport:
    """What a redrive did.

    Parameters
    ----------
    sent
        Records sent again, by topic.
    already
        Records that an earlier redrive had sent.
    came_back
        Records that were sent again before and refused again: left alone unless asked for.
    no_input
        Records that came from a file, or from a topic that nobody sends to: mend and load the file instead.
    too_large
        Records that fill their topic's limit, so that they would not fit with one header more.
    """

    sent: Counter[str] = field(default_factory=Counter)
    already: int = 0
    came_back: int = 0
    no_input: int = 0
    too_large: int = 0


class Redrive:
    """Sends refused records again.

    Parameters
    ----------
    log
        Where they stand.
    transactions
        How they are sent.
    prefix
        The installation's.
    """

    def __init__(self, log: QuarantineLog, transactions: Transactions, prefix: str = "") -> None:
        self._log, self._transactions, self._prefix = log, transactions, prefix
        # The alert desk names its topics without the prefix.
        self._targets = {
            name: full_name(topic, prefix) for topic in REDRIVABLE for name in (topic.name, full_name(topic, prefix))
        }

    def run(self, choice: Choice, again: bool = False) -> RedriveReport:
        """Send what is meant and was not sent yet.

        Parameters
        ----------
        choice
            Which records are meant.
        again
            Whether to send what came back from an earlier redrive once more.

        Raises
        ------
        Fenced
            When another redrive was started meanwhile: it goes on with what is left.
        Outage
            When the broker is away; running it again goes on.
        """
        report = RedriveReport()
        self._transactions.open()
        batch: list[Refused] = []
        size = 0
        for refused in self._log.read():
            if not choice.wants(refused, self._prefix) or not self._may_go(refused, again, report):
                continue
            batch.append(refused)
            size += len(refused.refusal.value or b"")
            if len(batch) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
                self._send(batch, report)
                batch, size = [], 0
        if batch:
            self._send(batch, report)
        return report

    def _may_go(self, refused: Refused, again: bool, report: RedriveReport) -> bool:
        if refused.refusal.topic not in self._targets:
            report.no_input += 1
        elif refused.redriven:
            report.already += 1
        elif refused.came_back and not again:
            report.came_back += 1
        elif len(refused.refusal.value or b"") > _LARGEST_BYTES:
            report.too_large += 1
        else:
            return True
        return False

    def _send(self, batch: Sequence[Refused], report: RedriveReport) -> None:
        self._transactions.begin()
        for offset, refusal, *_ in batch:
            headers = (*refusal.headers, (REDRIVEN_HEADER, str(offset).encode()))
            # A record without a key has no partition of its own but the one where it stood.
            partition = None if refusal.key else refusal.partition
            self._transactions.send(self._targets[refusal.topic], refusal.key, refusal.value, headers, partition)
        receipt = json.dumps([refused.offset for refused in batch], separators=(",", ":")).encode()
        self._transactions.send(self._log.place.topic, None, receipt, ((RECEIPT_HEADER, b"1"),), 0)
        self._transactions.commit()
        report.sent.update(self._targets[refused.refusal.topic] for refused in batch)


def _receipt(record: Record) -> list[int] | None:
    """Return the offsets that a receipt speaks of; None for a refused record."""
    if not any(name == RECEIPT_HEADER for name, _ in record.headers):
        return None
    return [int(offset) for offset in json.loads(record.value or b"[]")]
