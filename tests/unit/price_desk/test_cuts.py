"""One log, one result: however it is cut into feeds, budgets, commits and restarts."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.outcome import Output
from streams.ports import Record, Snapshot
from streams.price_desk.task import OBSERVATIONS_INPUT, PriceDesk
from tests.unit.price_desk.facts import matched, open_desk, seen

_VALUES = st.one_of(
    st.builds(
        lambda number, price, product: seen(f"o{number}", price, rival_product=product),
        st.integers(0, 30),
        st.sampled_from([None, 0.0, 1.0, 3.9, 4.0, 4.1, 9.0, 9.1]),
        st.sampled_from(["milk", "bread"]),
    ),
    st.builds(
        lambda number, sku, product, accepted: matched(f"m{number}", sku, rival_product=product, accepted=accepted),
        st.integers(0, 30),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["milk", "bread"]),
        st.booleans(),
    ),
    st.sampled_from([None, b"{", b"[]"]),
)
_LOGS = st.lists(_VALUES, max_size=40).map(
    lambda values: [Record(2 * index, b"nova", value) for index, value in enumerate(values)]
)


class Store:
    """The least store: absolute writes over what was there."""

    def __init__(self) -> None:
        self.marks: bytes | None = None
        self.state: dict[str, bytes] = {}

    def commit(self, desk: PriceDesk) -> None:
        for name, value in desk.writes().items():
            if value is None:
                self.state.pop(name, None)
            else:
                self.state[name] = value
        self.marks = desk.marks

    def snapshot(self) -> Snapshot:
        return Snapshot(self.marks, dict(self.state))


def run_whole(log: Sequence[Record]) -> tuple[list[Output], Store]:
    desk, store = open_desk(), Store()
    desk.feed(OBSERVATIONS_INPUT, log, 2 * len(log))
    outputs = list(desk.handle(len(log)))
    store.commit(desk)
    return outputs, store


@settings(deadline=None, max_examples=60)
@given(log=_LOGS, cuts=st.lists(st.tuples(st.integers(1, 7), st.sampled_from(["go on", "commit", "restart"]))))
def test_any_cut_and_any_restart_give_the_same_bytes(log: list[Record], cuts: list[tuple[int, str]]) -> None:
    desk, store = open_desk(), Store()
    outputs: list[Output] = []
    for size, then in cuts:
        ahead = [record for record in log if record.offset >= desk.position]
        desk.feed(OBSERVATIONS_INPUT, ahead[:size], ahead[:size][-1].offset + 1 if ahead else desk.position)
        outputs += desk.handle(size)
        if then != "go on":
            store.commit(desk)
        if then == "restart":
            desk = open_desk(store.snapshot())
    desk.feed(OBSERVATIONS_INPUT, log, 2 * len(log))
    outputs += desk.handle(len(log))
    store.commit(desk)
    expected, undisturbed = run_whole(log)
    assert outputs == expected
    assert store.snapshot() == undisturbed.snapshot()


@settings(deadline=None, max_examples=30)
@given(log=_LOGS.filter(bool))
def test_work_lost_before_a_commit_is_done_again_alike(log: list[Record]) -> None:
    half = len(log) // 2
    desk, store = open_desk(), Store()
    desk.feed(OBSERVATIONS_INPUT, log, 2 * len(log))
    before = list(desk.handle(half))
    store.commit(desk)
    lost = list(desk.handle(len(log)))
    desk = open_desk(store.snapshot())
    desk.feed(OBSERVATIONS_INPUT, log, 2 * len(log))
    again = list(desk.handle(len(log)))
    store.commit(desk)
    expected, undisturbed = run_whole(log)
    assert again == lost
    assert before + again == expected
    assert store.snapshot() == undisturbed.snapshot()
