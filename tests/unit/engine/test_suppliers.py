"""Suppliers of a task: what is learnt, what is pooled, and that a snapshot brings it back."""

import pytest

from online_models.lead_times import EARLIEST, PRIOR_SHARES
from schemas.errors import StateCorrupt
from streams.engine.suppliers import SupplierTable


def taught() -> SupplierTable:
    """Acme comes on its day, Bolt two days late."""
    table = SupplierTable()
    for day in range(40):
        table.delivered("acme", day, 0)
        table.delivered("bolt", day, 2)
        table.promised("acme", 3.0)
    return table


def test_each_supplier_has_its_own_odds_and_a_new_one_those_of_all() -> None:
    table = taught()
    on_time, two_late = 0 - EARLIEST, 2 - EARLIEST
    assert table.shares("acme")[on_time] > 0.9
    assert table.shares("bolt")[two_late] > 0.8
    assert table.shares("new") == table.shares(None)
    assert table.shares(None)[on_time] == pytest.approx(table.shares(None)[two_late], abs=0.1)
    assert SupplierTable().shares("acme") == pytest.approx(list(PRIOR_SHARES))


def test_a_lead_time_is_the_mean_promise_once_a_few_orders_were_placed() -> None:
    table = SupplierTable()
    for days in (2.0, 4.0, 3.0, 3.0):
        table.promised("acme", days)
        assert table.lead_days("acme") is None
    table.promised("acme", 3.0)
    assert table.lead_days("acme") == pytest.approx(3.0)
    assert table.lead_days("bolt") is None
    assert table.lead_days(None) is None


def test_a_snapshot_brings_everything_back() -> None:
    table = taught()
    state = {name: value for name, value in table.writes().items() if value is not None}
    assert set(state) == {"l:", "l:s:acme", "l:s:bolt"}
    assert table.writes() == {}
    again = SupplierTable.load(state)
    for name in ("acme", "bolt", "new", None):
        assert again.shares(name) == table.shares(name)
        assert again.lead_days(name) == table.lead_days(name)
    for one in (table, again):
        one.delivered("acme", 41, 1)
    assert table.writes() == again.writes()


def test_a_damaged_supplier_is_refused() -> None:
    state = {name: value for name, value in taught().writes().items() if value is not None}
    with pytest.raises(StateCorrupt):
        SupplierTable.load({**state, "l:s:acme": state["l:s:acme"][:-3] + b"abc"})
