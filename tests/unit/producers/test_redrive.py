"""Redrive: every refused record is sent again exactly once, wherever the redrive dies and however often it runs."""

from collections.abc import Callable

import pytest

from adapters.memory_broker import MemoryBroker
from adapters.memory_inlet import MemoryInlet
from adapters.memory_outlet import MemoryAdmin
from adapters.memory_transactions import MemoryTransactions
from producers.redrive import Choice, QuarantineLog, Redrive, RedriveReport, Transactions
from schemas.errors import Fenced
from schemas.quarantine import Headers, Refusal
from schemas.reasons import Reason
from schemas.topics import MAX_MESSAGE_BYTES
from streams.ports import Place

PREFIX = "t-"
SALES, STOCK, QUARANTINE = f"{PREFIX}sales.v1", f"{PREFIX}stock.v1", f"{PREFIX}quarantine.v1"
EVERYTHING = Choice()


class Crash(BaseException):
    """The process ends here."""


class FaultyTransactions:
    """Transactions whose k-th call ends the process, before it acts or after."""

    def __init__(self, inner: Transactions, at_call: int, after: bool) -> None:
        self._inner, self._left, self._after = inner, at_call, after

    def open(self) -> None:
        self._call(self._inner.open)

    def begin(self) -> None:
        self._call(self._inner.begin)

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None) -> None:
        self._call(lambda: self._inner.send(topic, key, value, headers, partition))

    def commit(self) -> None:
        self._call(self._inner.commit)

    def _call(self, act: Callable[[], None]) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        act()
        if self._left == 0:
            raise Crash


class Bench:
    """A broker with a quarantine, and redrives on it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        for topic, partitions in ((SALES, 2), (STOCK, 2), (QUARANTINE, 1), (f"{PREFIX}alert-actions.v1", 1)):
            self.broker.create(topic, partitions)
        self.epochs: dict[str, int] = {}

    def refuse(
        self,
        key: bytes | None,
        value: bytes | None,
        topic: str = SALES,
        reason: Reason = Reason.SCHEMA,
        partition: int = 0,
        headers: Headers = (),
    ) -> None:
        refusal = Refusal(reason, "no", topic, partition, 7, key, value, headers)
        self.broker.append(Place(QUARANTINE, 0), key, value or b"", refusal.to_headers())

    def transactions(self) -> MemoryTransactions:
        return MemoryTransactions(self.broker, self.epochs)

    def log(self) -> QuarantineLog:
        return QuarantineLog(MemoryAdmin(self.broker), MemoryInlet(self.broker), PREFIX)

    def redrive(
        self, choice: Choice = EVERYTHING, again: bool = False, transactions: Transactions | None = None
    ) -> RedriveReport:
        return Redrive(self.log(), transactions or self.transactions(), PREFIX).run(choice, again)

    def values(self, topic: str) -> list[bytes | None]:
        return [record.value for record in self.broker.records(topic)]


def test_a_record_goes_out_as_it_came_in() -> None:
    bench = Bench()
    bench.refuse(b"milk", b'{"units":3}', headers=(("trace", b"9"),))
    report = bench.redrive()
    (record,) = bench.broker.records(SALES)
    assert (record.key, record.value) == (b"milk", b'{"units":3}')
    assert record.headers == (("trace", b"9"), ("demand-redriven", b"0"))
    assert report.sent == {SALES: 1}


def test_a_record_without_a_key_goes_where_it_stood() -> None:
    bench = Bench()
    bench.refuse(None, b"x", partition=1)
    bench.redrive()
    assert [record.value for record in bench.broker.partition(Place(SALES, 1)).records] == [b"x"]


def test_a_tombstone_stays_one() -> None:
    bench = Bench()
    bench.refuse(b"milk", None)
    bench.redrive()
    assert bench.values(SALES) == [None]


def test_running_twice_sends_nothing_twice() -> None:
    bench = Bench()
    for number in range(3):
        bench.refuse(b"milk", b"%d" % number)
    assert bench.redrive().sent.total() == 3
    second = bench.redrive()
    assert (second.sent.total(), second.already) == (0, 3)
    bench.refuse(b"milk", b"3")
    third = bench.redrive()
    assert (third.sent.total(), third.already) == (1, 3)
    assert bench.values(SALES) == [b"0", b"1", b"2", b"3"]


def test_many_records_go_in_several_transactions() -> None:
    bench = Bench()
    for number in range(1_201):
        bench.refuse(b"milk", b"%d" % number)
    assert bench.redrive().sent.total() == 1_201
    # 500 records a transaction: three receipts behind the 1,201 refused records.
    assert len(bench.values(QUARANTINE)) == 1_201 + 3
    assert bench.values(SALES) == [b"%d" % number for number in range(1_201)]


# open, begin, 3 × send, send of the receipt, commit: seven calls.
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", range(1, 8))
def test_a_crash_at_any_call_leaves_both_records_and_receipt_or_neither(call: int, after: bool) -> None:
    bench = Bench()
    for number in range(3):
        bench.refuse(b"milk", b"%d" % number)
    with pytest.raises(Crash):
        bench.redrive(transactions=FaultyTransactions(bench.transactions(), call, after))
    bench.redrive()
    bench.redrive()
    assert bench.values(SALES) == [b"0", b"1", b"2"]


def test_a_redrive_that_another_has_overtaken_writes_nothing() -> None:
    bench = Bench()
    bench.refuse(b"milk", b"0")
    slow = bench.transactions()
    slow.open()
    assert bench.redrive().sent.total() == 1
    slow.begin()
    slow.send(SALES, b"milk", b"0", (), None)
    with pytest.raises(Fenced):
        slow.commit()
    assert bench.values(SALES) == [b"0"]


def test_what_is_refused_again_waits_to_be_asked_for() -> None:
    bench = Bench()
    bench.refuse(b"milk", b"0")
    bench.redrive()
    # The engine refuses it again, and quarantines the record with the headers that it has now.
    (again,) = bench.broker.records(SALES)
    bench.refuse(again.key, again.value, headers=again.headers)
    report = bench.redrive()
    assert (report.sent.total(), report.already, report.came_back) == (0, 1, 1)
    assert bench.redrive(again=True).sent.total() == 1
    assert bench.redrive(again=True).sent.total() == 0
    assert bench.values(SALES) == [b"0", b"0"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (Choice(reasons=frozenset({"negative_price"})), [b"1"]),
        (Choice(topics=frozenset({"sales.v1"})), [b"0", b"1"]),
        (Choice(topics=frozenset({SALES})), [b"0", b"1"]),
        (Choice(topics=frozenset({"stock.v1"})), [b"2"]),
        (Choice(offsets=frozenset({0, 2})), [b"0", b"2"]),
    ],
)
def test_only_what_is_chosen_is_sent(choice: Choice, sent: list[bytes]) -> None:
    bench = Bench()
    bench.refuse(b"milk", b"0")
    bench.refuse(b"milk", b"1", reason=Reason.NEGATIVE_PRICE)
    bench.refuse(b"milk", b"2", topic=STOCK)
    bench.redrive(choice)
    assert bench.values(SALES) + bench.values(STOCK) == sent


def test_what_nobody_sends_is_not_sent_again() -> None:
    bench = Bench()
    bench.refuse(None, b"a;row", topic="sales.csv")
    bench.refuse(None, b"tick", topic=f"{PREFIX}ticks.v1")
    bench.refuse(b"milk", b"x" * MAX_MESSAGE_BYTES)
    report = bench.redrive()
    assert (report.sent.total(), report.no_input, report.too_large) == (0, 2, 1)


def test_the_desks_refusals_name_their_topic_without_the_prefix() -> None:
    bench = Bench()
    bench.refuse(b"a1", b"{}", topic="alert-actions.v1")
    assert bench.redrive().sent == {f"{PREFIX}alert-actions.v1": 1}


def test_the_log_tells_what_became_of_each() -> None:
    bench = Bench()
    bench.refuse(b"milk", b"0")
    bench.redrive()
    bench.refuse(b"milk", b"1")
    bench.broker.append(Place(QUARANTINE, 0), None, b"written by somebody else")
    log = bench.log()
    assert [(each.offset, each.redriven) for each in log.read()] == [(0, True), (3, False)]
    assert log.unreadable == 1
