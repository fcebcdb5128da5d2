"""The spine of a task: ticks, time, waiting, and what a look changes."""

from __future__ import annotations

from dataclasses import replace

from schemas.quantities import DAY_MS, HOUR_MS, to_datetime
from schemas.reasons import Reason
from schemas.ticks import Tick
from streams.engine.core import Core
from streams.engine.facts import Facts
from streams.engine.history import History
from streams.engine.series import Series
from streams.engine.stores import StoreTable
from streams.ports import Record, Snapshot
from streams.reference import Reference
from streams.settings import ShopSettings
from tests.unit.engine.bench import (
    FIRST_DAY_MS,
    Log,
    Stand,
    at,
    counted,
    make_log,
    new_task,
    play,
    sale,
    status,
    units_by_period,
)

SHOP = ShopSettings(models="none", zone="UTC")
FIRST = FIRST_DAY_MS // DAY_MS + 719_163


def test_nothing_is_handled_without_a_tick() -> None:
    log = Log()
    log.put(sale(at(0, 9)))
    stand = Stand(SHOP)
    stand.feed(log, "sales")
    stand.handle()
    assert stand.task.idle()
    assert b'"step":0' in stand.task.marks
    log.tick(at(0, 10))
    told = stand.finish(log)
    # The sale and the tick.
    assert told.marks == b'{"prices":0,"sales":1,"step":2,"stock":0,"ticks":1}'


def test_a_tick_waits_for_everything_below_its_ends_master_data_too() -> None:
    log = Log()
    log.put(sale(at(0, 9)), status(at(0), "open", at(0), None))
    log.tick(at(0, 10))
    for missing in ("sales", "context"):
        stand = Stand(SHOP)
        for name in log.records:
            if name != missing:
                stand.feed(log, name)
        stand.handle()
        assert stand.task.idle()
        assert b'"ticks":1' not in stand.task.marks
        assert b'"ticks":1' in stand.finish(log).marks


def test_times_and_ends_of_ticks_are_running_maxima() -> None:
    log = Log()
    log.put(sale(at(0, 9)), sale(at(0, 10)))
    log.tick(at(0, 12))
    # A second heartbeat, behind the first.
    log.write("ticks", b"0", Tick(at(0, 11), 1, 0, 0, 0, 0).encode())
    log.tick(at(0, 13))
    told = play(log, SHOP)
    watermarks = [one.watermark for one in told.progress()]
    # What is said to be over is closed: the slack and the spread of the closes have passed.
    behind_ms = SHOP.slack_ms + SHOP.period_spread_ms
    assert watermarks == [to_datetime(at(0, 12) - behind_ms), to_datetime(at(0, 13) - behind_ms)]
    assert [one.at for one in told.progress()] == [(0, 0, 1), (0, 2, 1)]


def test_an_event_ahead_of_the_tick_counts_but_does_not_move_time() -> None:
    log = Log()
    log.put(sale(at(0, 10.9)), sale(at(0, 11.1), event_id="too far"))
    log.tick(at(0, 10))
    log.tick(at(1, 2))
    told = play(log, SHOP)
    assert [(one.reason, one.offset) for one in told.refusals()] == [(Reason.AHEAD_OF_CLOCK, 1)]
    assert told.progress()[0].watermark == to_datetime(at(0, 10) - SHOP.slack_ms - SHOP.period_spread_ms)
    assert units_by_period(told) == {("s1|milk", FIRST): (1000, 0)}


def test_what_is_older_than_the_dedupe_horizon_is_refused_to_the_millisecond() -> None:
    log = make_log([sale(at(0, 12)), sale(at(3, 12))], at(3, 12))
    log.put(sale(at(1, 12), event_id="edge"), sale(at(1, 12) - 1, event_id="over"))
    log.tick(at(4, 12))
    told = play(log, SHOP)
    assert [(one.reason, one.offset) for one in told.refusals()] == [(Reason.BEYOND_HORIZON, 3)]
    assert units_by_period(told)["s1|milk", FIRST + 1] == (1000, 0)


def test_a_late_event_before_a_series_first_day_is_not_lost() -> None:
    log = make_log([sale(at(1, 9))], at(2, 3))
    log.put(sale(at(0, 9), 3))
    log.tick(at(2, 4))
    assert units_by_period(play(log, SHOP)) == {("s1|milk", FIRST): (3000, 0), ("s1|milk", FIRST + 1): (1000, 0)}


def test_looking_changes_nothing_even_at_a_bad_tick() -> None:
    log = Log()
    log.write("ticks", b"0", b"no tick")
    log.tick(at(0, 10))
    stand = Stand(SHOP)
    stand.feed(log, "ticks", 1)
    before = stand.task.marks
    assert not stand.task.idle()
    assert not stand.task.idle()
    assert stand.task.marks == before
    stand.handle(1)
    assert len(stand._pending) == 1, "the refusal leaves with the handling, not with the look"
    assert stand.task.idle()


def test_a_restart_between_two_closes_reads_the_context_before_it_goes_on() -> None:
    facts = [sale(at(day, 9)) for day in range(3)]
    facts += [status(at(1), "closed", at(1), at(2))]
    log = make_log(sorted(facts, key=lambda fact: fact.at_ms), at(4), every_ms=DAY_MS)
    whole = play(log, SHOP)
    stand = Stand(SHOP)
    for name in log.records:
        stand.feed(log, name)
    for _ in range(10_000):
        stand.handle(1)
        if stand.task.idle():
            break
        stand.commit()
        stand.restart()
        # Everything but the context comes at once; the context last.
        for name in ("ticks", "sales", "stock", "prices", "catalog"):
            stand.feed(log, name)
        stand.handle(1)
        stand.feed(log, "context")
    stand.commit()
    assert (stand.told.outputs, stand.told.rows(), stand.told.marks) == (whole.outputs, whole.rows(), whole.marks)


def test_the_settings_of_the_grain_and_the_period_are_obeyed() -> None:
    facts = [sale(at(day, 23.99)) for day in range(70)]
    shop = replace(SHOP, grain="day", period="week")
    told = play(make_log(facts, at(70, 3), every_ms=DAY_MS), shop)
    # Ten whole weeks from a Monday on, seven units each.
    assert list(told.histories()["s1|milk"].sold) == [7000] * 10


def test_a_task_is_hungry_until_it_has_enough() -> None:
    task = new_task(SHOP)
    assert task.hungry() == {"prices": True, "stock": True, "sales": True, "ticks": True}
    assert task.starts() == {"prices": -1, "stock": -1, "sales": -1, "ticks": -1}
    value = sale(at(0, 9)).value
    task.feed("sales", [Record(n, b"milk", value) for n in range(20_000)], 20_000)
    assert not task.hungry()["sales"]


def test_a_task_goes_on_at_its_marks_and_says_how_much_it_would_write() -> None:
    stand = Stand(SHOP)
    log = make_log([counted(at(0, 8), 5), sale(at(0, 9))], at(0, 12), every_ms=HOUR_MS)
    for name in log.records:
        stand.feed(log, name)
    stand.handle()
    assert stand.task.dirty_bytes() > 0
    stand.commit()
    assert stand.task.dirty_bytes() == 0
    again = new_task(SHOP, Snapshot(stand.told.marks, stand.told.state))
    assert again.starts() == {"sales": 1, "stock": 1, "prices": 0, "ticks": len(log.records["ticks"])}
    assert again.marks == stand.told.marks


def test_a_close_planned_twice_is_one_step_also_for_a_task_that_was_restarted() -> None:
    # The series begins on day 1; two minutes later a sale of day 0 comes, so day 1 is planned again after day 0.
    log = Log()
    log.put(sale(at(1, 0, 60)), sale(at(0, 23, 3540)))
    log.tick(at(1, 0, 120))
    log.tick(at(2, 3))
    whole = play(log, SHOP)
    stand = Stand(SHOP)
    for name in log.records:
        stand.feed(log, name)
    stand.handle(3)
    stand.commit()
    stand.restart()
    told = stand.finish(log)
    assert (told.outputs, told.rows(), told.marks) == (whole.outputs, whole.rows(), whole.marks)
    assert units_by_period(told) == {("s1|milk", FIRST): (1000, 0), ("s1|milk", FIRST + 1): (1000, 0)}


def test_a_first_event_from_another_century_is_refused_and_moves_no_time() -> None:
    log = Log()
    log.put(sale(0), sale(at(0, 9)))
    log.tick(at(0, 12))
    told = play(log, SHOP)
    assert [output.topic.name for output in told.outputs].count("quarantine.v1") == 1
    # Three hours of one store were closed, not half a million since 1970.
    assert StoreTable.load(told.state).by_id["s1"].next_hour == at(0, 11) // HOUR_MS


def test_a_shelf_runs_empty_in_trading_hours_only() -> None:
    core = Core(0, 1, replace(SHOP, trading_hours=(8, 22)), Reference())
    facts, milk = Facts(core), Series("s1", "milk", 0)
    # 14 trading hours a day. From noon, 10 hours are left of today: half a day is 7 hours on.
    assert facts.after_trading(milk, at(0, 12), 0.5) == at(0, 19)
    # One day is 14 hours: 10 today, 4 tomorrow from eight on.
    assert facts.after_trading(milk, at(0, 12), 1.0) == at(1, 12)
    # At midnight, a quarter of a day is 3.5 hours after opening.
    assert facts.after_trading(milk, at(0), 0.25) == at(0, 11.5)
    assert facts.after_trading(milk, at(0, 23), 2.5) == at(3, 15)


def test_a_registered_expert_joins_the_stack_by_a_setting() -> None:
    shop = replace(SHOP, models="champion", extra_models=("ewma",))
    core = Core(0, 1, shop, Reference())
    assert core.model(History()).layout.names[-1] == "ewma"
    assert shop.fingerprint() != replace(shop, extra_models=()).fingerprint()
