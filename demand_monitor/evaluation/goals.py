"""The goals that were set before anything was measured, and what the reports say of each.

A must is met if the 90 % interval over series reaches it, where there is an interval; an aim if the figure itself does.
The one rule: a goal without a figure in any report stays in the table, with a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any, Final, NamedTuple

Reports = Mapping[str, Mapping[str, Any]]


class Measured(NamedTuple):
    """What the reports say of a goal.

    Parameters
    ----------
    text
        The figures.
    must, aim
        Whether they are reached.
    """

    text: str
    must: bool
    aim: bool


class Goal(NamedTuple):
    """One line of the table.

    Parameters
    ----------
    figure, must, aim
        In words.
    command
        Arguments of `demand-monitor evaluate`.
    measure
        Reports to what they say; None where they say nothing.
    """

    figure: str
    must: str
    aim: str
    command: str
    measure: Callable[[Reports], Measured | None]


def scorecard_rows(reports: Reports) -> list[dict[str, str]]:
    """Return the table of goals.

    Parameters
    ----------
    reports
        Set to its report, joined.
    """
    rows = []
    for goal in GOALS:
        found = goal.measure(reports)
        reached = (
            "–" if found is None else "aim" if found.must and found.aim else "must" if found.must else "**missed**"
        )
        rows.append(
            {
                "figure": goal.figure, "must": goal.must, "aim": goal.aim, "ours": "–" if found is None else found.text,
                "reached": reached, "command": f"`{goal.command}`" if goal.command else "–",
            }
        )  # fmt: skip
    return rows


# --- reading the reports ----------------------------------------------------------------------------------------


def _parts(reports: Reports, part: str) -> dict[str, Any]:
    return {name: report[part] for name, report in reports.items() if report.get(part)}


def _duels(reports: Reports, rival: str) -> dict[str, Mapping[str, Any]]:
    """Set to the comparison with a rival on the block plan."""
    return {
        name: duel
        for name, accuracy in _parts(reports, "accuracy").items()
        for plan in accuracy["plans"]
        if plan["plan"] == "block"
        for duel in plan["duels"]
        if duel["rival"] == rival
    }


def _join(values: Mapping[str, float | None], digits: int = 3) -> str:
    return ", ".join(f"{name} {value:.{digits}f}" for name, value in values.items() if value is not None)


def _within(values: Iterable[float | None], low: float, high: float) -> bool:
    return all(value is not None and low <= value <= high for value in values)


def _most(high: float) -> Callable[[float | None], bool]:
    return lambda value: value is not None and value <= high


# --- forecasts --------------------------------------------------------------------------------------------------


def _lightgbm(reports: Reports) -> Measured | None:
    duels = _duels(reports, "lightgbm")
    if not duels:
        return None
    values = {name: duel["wape"]["value"] for name, duel in duels.items()}
    lows = [duel["wape"]["low"] for duel in duels.values()]
    middle, worst = median(values.values()), max(values.values())
    text = f"{middle:.3f} · {worst:.3f} ({_join(values)})"
    return Measured(text, median(lows) <= 0.97 and max(lows) <= 1.05, middle <= 0.90 and worst <= 1.00)


def _auto_ets(reports: Reports) -> Measured | None:
    duels = _duels(reports, "auto_ets")
    if not duels:
        return None
    texts = [f"{name} {duel['wape']['value']:.3f} · {duel['rmsse']['value']:.3f}" for name, duel in duels.items()]
    must = all(duel[score]["low"] <= 1.02 for duel in duels.values() for score in ("wape", "rmsse"))
    aim = all(
        duel[score]["value"] <= (0.92 if name == "freshretail" else 0.98)
        for name, duel in duels.items()
        for score in ("wape", "rmsse")
    )
    return Measured(", ".join(texts), must, aim)


def _mstl(reports: Reports) -> Measured | None:
    duel = _duels(reports, "mstl").get("walmart")
    if duel is None:
        return None
    ratio = duel["wape"]
    text = f"{ratio['value']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}]"
    return Measured(text, ratio["low"] <= 1.08, ratio["value"] <= 1.00)


def _speed(reports: Reports) -> Measured | None:
    found = {name: one for name, one in _parts(reports, "speed").items() if one["ratio"] is not None}
    if not found:
        return None
    texts = [f"{name} 1/{1 / one['ratio']:.0f} · {one['close_microseconds']:.0f} µs" for name, one in found.items()]
    ratios = [one["ratio"] for one in found.values()]
    fast = all(one["close_microseconds"] <= 150 for one in found.values())
    return Measured(", ".join(texts), max(ratios) <= 1 / 20, max(ratios) <= 1 / 50 and fast)


def _coverage(reports: Reports) -> Measured | None:
    texts, classes, pinballs, lows = [], [], [], []
    for name, accuracy in _parts(reports, "accuracy").items():
        upper = next(plan for plan in accuracy["plans"] if plan["plan"] == "day_ahead")["upper_90"]
        shares = [upper[size] for size in ("low", "mid", "high")]
        pinball = accuracy["normal_head"]
        texts.append(f"{name} {'/'.join(f'{share:.3f}' for share in shares)} · {pinball['value']:.3f}")
        classes += shares
        pinballs.append(pinball["value"])
        lows.append(pinball["low"])
    if not texts:
        return None
    must = _within(classes, 0.88, 0.93) and all(map(_most(0.99), lows))
    return Measured(", ".join(texts), must, _within(classes, 0.89, 0.92) and all(map(_most(0.96), pinballs)))


def _shock(reports: Reports) -> Measured | None:
    shares = {name: one["after"]["8-14"][0] for name, one in _parts(reports, "shock").items()}
    if not shares:
        return None
    return Measured(_join(shares), _within(shares.values(), 0.80, 1.0), _within(shares.values(), 0.88, 1.0))


def _sums(reports: Reports) -> Measured | None:
    accuracies = {name: one for name, one in _parts(reports, "accuracy").items() if one["sums"] and one["far_leads"]}
    if not accuracies:
        return None
    texts, shares = [], []
    for name, one in accuracies.items():
        both = [one["sums"][days][0] for days in ("7", "14")]
        shares += both
        texts.append(f"{name} {both[0]:.3f}/{both[1]:.3f} · {one['far_leads']['wape']['value']:.3f}")
    far = [one["far_leads"]["wape"] for one in accuracies.values()]
    must = _within(shares, 0.86, 0.94) and all(ratio["low"] <= 0.90 for ratio in far)
    return Measured(", ".join(texts), must, _within(shares, 0.88, 0.92) and all(r["value"] <= 0.80 for r in far))


def _partitions(reports: Reports) -> Measured | None:
    ratios = {name: one["duel"]["wape"] for name, one in _parts(reports, "partitions").items()}
    if not ratios:
        return None
    values = {name: ratio["value"] for name, ratio in ratios.items()}
    must = all(ratio["low"] <= 1.02 for ratio in ratios.values())
    return Measured(_join(values), must, max(values.values()) <= 1.01)


# --- alarms and alerts ------------------------------------------------------------------------------------------


def _censoring(reports: Reports) -> Measured | None:
    cuts = [(kind, one) for found in _parts(reports, "censoring").values() for kind, one in found.items()]
    if not cuts:
        return None
    texts = [f"{kind} {100 * one['bias_gap']:+.1f} % · {one['recovered']:.2f}" for kind, one in cuts]
    gaps, shares = [one["bias_gap"] for _, one in cuts], [one["recovered"] for _, one in cuts]
    must = _within(gaps, -0.02, 0.02) and _within(shares, 0.87, 1.08)
    return Measured(", ".join(texts), must, _within(gaps, -0.01, 0.01) and _within(shares, 0.95, 1.05))


def _drift(change: str, recall: tuple[float, float], delay: tuple[float, float] | None) -> Callable[..., Any]:
    """A planted change, signal-to-noise of 3 or more, rossmann and walmart pooled by the number planted."""

    def measure(reports: Reports) -> Measured | None:
        groups = {
            name: found[">= 3"]
            for name, found in _parts(reports, "drift").items()
            if name in ("rossmann", "walmart") and ">= 3" in found
        }
        if not groups:
            return None
        found = {name: group["changes"][change] for name, group in groups.items()}
        planted = sum(one["planted"] for one in found.values())
        shares = {name: list(one["recall"].values())[-1] for name, one in found.items()}
        pooled = sum(shares[name] * one["planted"] for name, one in found.items()) / planted
        # A week of walmart is a period; days are what people wait.
        delays = {name: one["delay_periods"] for name, one in found.items() if one["delay_periods"] is not None}
        alarms = {name: group["alarms_a_year"] for name, group in groups.items()}
        few = all(map(_most(0.6), alarms.values()))
        texts = [f"{name} {share:.2f}" for name, share in shares.items()]
        text = (
            f"{pooled:.2f} ({', '.join(texts)}; alarms a year {_join(alarms, 2)}; delay in periods {_join(delays, 1)})"
        )
        soon = [delay is None or all(map(_most(limit), delays.values())) for limit in (delay or (0.0, 0.0))]
        return Measured(text, few and pooled >= recall[0] and soon[0], few and pooled >= recall[1] and soon[1])

    return measure


def _ranking(reports: Reports) -> Measured | None:
    found = _parts(reports, "stockout")
    risks = {name: one["rules"]["risk"] for name, one in found.items()}
    if not risks:
        return None
    texts = [f"{name} {risk['auc']:.3f} · {risk['ece']:.3f}" for name, risk in risks.items()]

    def reached(smooth: float, lumpy: float, ece: float, lumpy_ece: float) -> bool:
        return all(
            risk["auc"] >= (lumpy if name == "uci" else smooth) and risk["ece"] <= (lumpy_ece if name == "uci" else ece)
            for name, risk in risks.items()
        )

    return Measured(", ".join(texts), reached(0.90, 0.77, 0.03, 0.06), reached(0.93, 0.80, 0.015, 0.04))


def _net(reports: Reports) -> Measured | None:
    rules = {name: one["rules"] for name, one in _parts(reports, "stockout").items()}
    if not rules:
        return None
    pairs = {name: (each["risk"]["tuned"]["net"], each["cover"]["tuned"]["net"]) for name, each in rules.items()}
    texts = [f"{name} {100 * ours:+.1f} / {100 * theirs:+.1f} %" for name, (ours, theirs) in pairs.items()]
    gains = [ours - theirs for ours, theirs in pairs.values()]
    return Measured(", ".join(texts), min(gains) >= 0.0, min(gains) >= 0.05)


def _nowcast(reports: Reports) -> Measured | None:
    found = [one["nowcast"] for one in _parts(reports, "intraday").values() if "nowcast" in one]
    if not found:
        return None
    rest, jump = found[0]["rest_of_day"], found[0]["after_jump"]
    text = f"{rest['value']:.3f} · {jump['value']:.3f} (known {found[0]['known']['value']:.3f})"
    must = rest["low"] <= 1.03 and jump["low"] <= 0.85
    return Measured(text, must, rest["value"] <= 1.00 and jump["value"] <= 0.76)


def _false_alarms(reports: Reports) -> Measured | None:
    rates = {n: one["alarms"]["a_store_day"] for n, one in _parts(reports, "intraday").items() if "alarms" in one}
    if not rates:
        return None
    return Measured(_join(rates, 2), max(rates.values()) <= 1.0, max(rates.values()) <= 0.3)


def _suspect(reports: Reports) -> Measured | None:
    found = _parts(reports, "suspect")
    if not found:
        return None
    texts = [
        f"{name} {one['ratio']:.2f} [{one['ratio_low']:.2f}, {one['ratio_high']:.2f}]" for name, one in found.items()
    ]
    must = all(one["ratio_high"] >= 1.25 for one in found.values())
    return Measured(", ".join(texts), must, all(one["ratio"] >= 1.5 for one in found.values()))


def _causes(reports: Reports) -> Measured | None:
    for found in _parts(reports, "causes").values():
        score, first = found["every"]["macro_f1"], found["every"]["first"]
        text = f"{score:.2f} · {first:.2f} of {found['every']['cases']} changes"
        return Measured(text, score >= 0.70 and first >= 0.80, score >= 0.85 and first >= 0.90)
    return None


def _spend(reports: Reports) -> Measured | None:
    for found in _parts(reports, "spend").values():
        error, covered = found["median_error"], found["covered_90"]
        text = f"{100 * error:.0f} % (median of {found['measured']} seeds) · {covered:.2f}"
        return Measured(text, error <= 0.20 and covered >= 0.80, error <= 0.10 and covered >= 0.88)
    return None


def _nowhere(reports: Reports) -> Measured | None:
    return None


GOALS: Final[tuple[Goal, ...]] = (
    Goal(
        "block WAPE / LightGBM refit per block: median · worst set", "≤ 0.97 · ≤ 1.05", "≤ 0.90 · ≤ 1.00",
        "-s rossmann -s freshretail -s walmart -s uci -s carparts", _lightgbm,
    ),
    Goal(
        "block WAPE · RMSSE / AutoETS refit once a block, each set", "≤ 1.02 · ≤ 1.02",
        "≤ 0.92 freshretail, ≤ 0.98 others", "-s rossmann -s freshretail -s uci -s carparts", _auto_ets,
    ),
    Goal("weekly walmart / MSTL(52)", "≤ 1.08", "≤ 1.00", "-s walmart", _mstl),
    Goal(
        "processor time of a series-day (close, next 14 forecasts, 11 quantiles each) / AutoETS refit each 7 · "
        "absolute", "≤ 1/20", "≤ 1/50 · ≤ 150 µs", "-s rossmann -s freshretail -s uci -p speed", _speed,
    ),
    Goal(
        "upper 90 % by volume class low/mid/high · mean pinball / Normal head", "0.88–0.93 · ≤ 0.99",
        "0.89–0.92 · ≤ 0.96", "-s …", _coverage,
    ),
    Goal("upper 90 % in days 8–14 after × 2", "≥ 0.80", "≥ 0.88", "-s rossmann -s freshretail -p shock", _shock),
    Goal(
        "emptied shelves: bias less that of the same model taught the truth · lost units recovered",
        "± 2 % · 0.87–1.08", "± 1 % · 0.95–1.05", "-s freshretail -p censoring", _censoring,
    ),
    Goal(
        "−50 % at signal-to-noise ≥ 3, ≤ 0.6 alarms a series-year: found in 28 days (8 weeks) · delay",
        "≥ 0.88 · ≤ 4", "≥ 0.95 · ≤ 3", "-s rossmann -s walmart -p drift", _drift("half", (0.88, 0.95), (4.0, 3.0)),
    ),
    Goal(
        "moved weekday pattern, same alarms", "≥ 0.50", "≥ 0.80", "-s rossmann -s walmart -p drift",
        _drift("shift", (0.50, 0.80), None),
    ),
    Goal(
        "stock-out AUC smooth / lumpy (uci) · ECE", "0.90 / 0.77 · ≤ 0.03 / 0.06", "0.93 / 0.80 · ≤ 0.015 / 0.04",
        "-s rossmann -s freshretail -s uci -p stockout", _ranking,
    ),
    Goal(
        "net loss avoided, tuned risk / tuned “cover < lead time”", "≥ it", "≥ it + 5 %",
        "-s rossmann -s freshretail -s uci -p stockout", _net,
    ),
    Goal(
        "rest of day at 15:00 / day-ahead split by the curve · after × 2 from 11:00", "≤ 1.03 · ≤ 0.85",
        "≤ 1.00 · ≤ 0.76", "-s freshretail -p intraday", _nowcast,
    ),
    Goal(
        "`suspected_stockout`: precision at recall 0.20 / best plain “no sale for k hours”", "≥ 1.25", "≥ 1.5",
        "-s freshretail -p suspect", _suspect,
    ),
    Goal(
        "false surge and slump alerts a store-day of 500 products", "≤ 1", "≤ 0.3",
        "-s freshretail -s uci -p intraday", _false_alarms,
    ),
    Goal(
        "upper 90 % of the sum over 7/14 days · leads 8–30 / seasonal naive", "0.86–0.94 · ≤ 0.90",
        "0.88–0.92 · ≤ 0.80", "-s rossmann -s freshretail -s uci", _sums,
    ),
    Goal("block WAPE with 8 partitions / one", "≤ 1.02", "≤ 1.01", "-s … -p partitions", _partitions),
    Goal(
        "cause label on ≥ 300 planted changes: macro-F1 · planted driver is the first reason", "≥ 0.70 · ≥ 0.80",
        "≥ 0.85 · ≥ 0.90", "-p causes", _causes,
    ),
    Goal(
        "synthetic spend with known response: incremental units within · 90 % interval covers", "20 % · ≥ 0.80",
        "10 % · ≥ 0.88", "-p spend", _spend,
    ),
    Goal("memory of a series in Redis, all models", "≤ 4 KB", "≤ 2 KB", "", _nowhere),
)  # fmt: skip
