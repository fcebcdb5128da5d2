"""Days at the desk, as a supply manager lives them: findings and clicks in, alerts out. Hours are UTC."""

from __future__ import annotations

from schemas.alerts import Alert
from schemas.signals import Finding, Phase
from tests.unit.desk.bench import Till, action, finding, hour, progress

RISK = {"on_hand_units": (12.0, "units"), "order_units": (31.0, "units"), "clears_at_units": (34.0, "units")}


def told(alerts: list[Alert]) -> list[tuple[str, str, int]]:
    return [(alert.severity, alert.state, alert.revision) for alert in alerts]


def test_milk_runs_low_is_ordered_gets_worse_and_is_delivered() -> None:
    till = Till()

    # 14:00: a sale takes milk below its threshold; the hour's close confirms it at 15:00.
    early, sure = till.say(
        finding("opened", 14, early=True, evidence=RISK),
        finding("updated", 15, started=14, evidence=RISK, times={"order_by": hour(20)}, money_at_risk=86.5),
        progress(15),
    )
    assert early.early
    assert early.summary.startswith("Early sign: Leche Gloria 400 g at Lima Centro will probably run out")
    assert not sure.early
    assert sure.action is not None
    # 31 wanted, packs of 12: three packs. The order must leave by 15:00 in Lima.
    assert (sure.action.units, sure.action.latest_useful_at) == (36.0, hour(20))
    assert sure.action.what == "Order Leche Gloria 400 g from gloria for Lima Centro."
    assert sure.clears_if == "Stock on hand rises above 34 units."

    # 15:20: Rosa acknowledges what she saw, a warning.
    (seen,) = till.say(action("acknowledge", sure.alert_id, 15.3, "warning"))
    assert told([seen]) == [("warning", "acknowledged", 3)]
    assert (seen.acknowledged_by, seen.acknowledged_at) == ("Rosa", hour(15.3))

    # 17:00: a school class buys twenty. Now it is critical, and that she has not acknowledged.
    (worse,) = till.say(finding("updated", 17, severity="critical", started=14))
    assert told([worse]) == [("critical", "firing", 4)]
    assert worse.acknowledged_by is None

    # 18:00: the delivery. A delivery proves it: resolved at once.
    (lifted,) = till.say(finding("cleared", 18, started=14))
    assert told([lifted]) == [("critical", "resolved", 5)]
    assert lifted.resolved_at == hour(18)

    # 22:00: low again. The same alert, and her acknowledgement of a warning still stands.
    (again,) = till.say(finding("opened", 22))
    assert told([again]) == [("warning", "acknowledged", 6)]
    assert again.alert_id == early.alert_id

    # Three days later it is another alert.
    till.say(finding("cleared", 23))
    (other,) = till.say(finding("opened", 95))
    assert told([other]) == [("warning", "firing", 1)]
    assert other.alert_id != early.alert_id


def silence(phase: Phase, at_hour: float, task: int) -> Finding:
    return finding(
        phase, at_hour, "stale_feed", task=task, sku=None, started=14,
        evidence={"silent_hours": (2.0, "hours")},
    )  # fmt: skip


def test_a_till_line_dies_at_nine() -> None:
    till = Till()
    # 14:00 UTC is 9:00 in Lima. Before anybody knows, bread seems to slump in task 1.
    (bread,) = till.say(finding("opened", 15, "demand_slump", sku="bread", task=1))
    assert bread.state == "firing"

    # Both tasks find their share silent: one alert, and what silence explains is held.
    first = till.say(silence("opened", 16, 0))
    assert [(a.kind, a.state) for a in sorted(first, key=lambda a: a.kind)] == [
        ("demand_slump", "suppressed"),
        ("stale_feed", "firing"),
    ]
    (dead,) = (alert for alert in first if alert.kind == "stale_feed")
    assert dead.summary == "Nothing has been heard from Lima Centro for 2 hours: the feed is probably down."
    assert till.say(silence("opened", 16.1, 1)) == []

    # What comes in while it is silent: doubtful findings are held, sure ones fire, other stores are as ever.
    during = till.say(
        finding("opened", 17, "suspected_stockout", sku="tea"),
        finding("opened", 17.1, sku="eggs", early=True),
        finding("opened", 17.2, sku="rice"),
        finding("opened", 17.3, "demand_slump", store_id="s2"),
    )
    assert [(a.sku, a.state) for a in during] == [
        ("tea", "suppressed"), ("eggs", "suppressed"), ("rice", "firing"), ("milk", "firing")]  # fmt: skip

    # The hour's close confirms the eggs from the stock system's own figures: no doubt any more.
    (eggs,) = till.say(finding("updated", 18, sku="eggs", started=17.1))
    assert (eggs.early, eggs.state) == (False, "firing")

    # A sale of task 0 comes in; task 1 is still dark. Then it is back, too.
    assert till.say(silence("cleared", 19, 0)) == []
    back = till.say(silence("cleared", 19.5, 1))
    assert sorted((a.kind, a.state) for a in back) == [
        ("demand_slump", "firing"), ("stale_feed", "resolved"), ("suspected_stockout", "firing")]  # fmt: skip
    assert (till.desk.tally["muted"], till.desk.tally["unmuted"]) == (1, 2)


def undercut(phase: Phase, at_hour: float) -> Finding:
    prices = {"our_price": (4.27, "PEN"), "rival_price": (3.5, "PEN"), "price_gap_share": (0.22, "share")}
    return finding(
        phase, at_hour, "competitor_undercut", evidence=prices, store_id=None, source="Tottus", currency="PEN"
    )


def test_a_rival_cuts_its_price_for_a_day() -> None:
    till = Till()
    (cut,) = till.say(undercut("opened", 14))
    assert cut.summary == "Tottus sells Leche Gloria 400 g for PEN 3.50, while we ask PEN 4.27 (22 % more)."
    assert cut.action is not None
    assert cut.action.what == "Decide whether to match Tottus at PEN 3.50."

    # Its page flickers: gone for an hour and back is not the end of it. Six hours are.
    gone, back, gone_again = till.say(
        undercut("cleared", 20), progress(21), undercut("opened", 21.5), undercut("cleared", 38), progress(43.9)
    )
    assert [alert.state for alert in (gone, back, gone_again)] == ["firing"] * 3
    (over,) = till.say(progress(44.2))
    assert (over.state, over.resolved_at, over.alert_id) == ("resolved", hour(44), cut.alert_id)


def test_rosa_snoozes_over_lunch_and_luis_takes_over() -> None:
    till = Till()
    (risk,) = till.say(finding("opened", 14), progress(14))
    (snoozed,) = till.say(action("snooze", risk.alert_id, 17, until=hour(18)))
    assert snoozed.state == "suppressed"
    assert till.say(progress(17.9)) == []
    (awake,) = till.say(progress(18.5))
    assert told([awake]) == [("warning", "firing", 3)]
    (assigned,) = till.say(action("assign", risk.alert_id, 19, assignee="Luis"))
    assert assigned.names.manager == "Luis"

    # He closes it by hand; it stays closed while it is no worse, and comes back when it fires anew.
    (closed,) = till.say(action("resolve", risk.alert_id, 20))
    assert (closed.state, closed.resolved_at) == ("resolved", hour(20))
    (same,) = till.say(finding("updated", 21))
    assert same.state == "resolved"
    (worse,) = till.say(finding("updated", 22, severity="critical"))
    assert (worse.state, worse.resolved_at) == ("firing", None)


def test_the_desk_waits_for_the_slowest_task() -> None:
    till = Till()
    till.say(finding("opened", 1, "demand_surge"), finding("cleared", 2, "demand_surge"))
    assert till.say(progress(9, 0, 2)) == []  # task 1 was not heard: nobody knows what time it is
    assert till.say(progress(3, 1, 2)) == []
    (over,) = till.say(progress(5, 1, 2))
    assert (over.state, over.resolved_at) == ("resolved", hour(4))  # two hours after it was cleared
