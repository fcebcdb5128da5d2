"""`quarantine list | redrive`: what was refused, why, and how it is sent again."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Annotated

import typer

from demand_monitor.endings import resumable
from demand_monitor.options import Json, with_settings
from demand_monitor.printing import Row, print_json, print_rows
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring
from schemas.errors import BadSetup
from schemas.reasons import Reason

if TYPE_CHECKING:
    from producers.redrive import Choice, Refused

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only this reason; repeat for more.")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Only from this topic or file; repeat for more.")]
Offsets = Annotated[list[int] | None, typer.Option("--number", help="Only this one, by its number; repeat for more.")]
Limit = Annotated[int, typer.Option("--limit", help="Print the newest so many.", min=0)]
Again = Annotated[bool, typer.Option("--again", help="Send once more what was sent again and refused again.")]
_VALUE_SHOWN = 60


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="See what was refused and why, and send it again.", no_args_is_help=True)
    group.command("list")(list_refused)
    group.command("redrive")(redrive)
    app.add_typer(group, name="quarantine")


@with_settings
def list_refused(
    settings: Settings,
    reason: Reasons = None,
    topic: Topics = None,
    number: Offsets = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """List refused records with their reasons, and count them."""
    from producers.redrive import QuarantineLog

    choice = _choice(reason, topic, number)
    wiring = Wiring(settings)
    wiring.check_topics()
    log = QuarantineLog(wiring.admin(), wiring.inlet(), settings.prefix)
    counts: Counter[str] = Counter()
    newest: deque[Refused] = deque(maxlen=limit)
    for refused in log.read():
        if choice.wants(refused, settings.prefix):
            counts[str(refused.refusal.reason)] += 1
            newest.append(refused)
    if as_json:
        print_json({"counts": dict(sorted(counts.items())), "records": [_full_row(each) for each in newest]})
        return
    if not counts:
        print("Nothing was refused.")
        return
    print_rows([{"reason": each, "records": count} for each, count in counts.most_common()], as_json=False)
    print()
    print_rows([_short_row(each) for each in newest], as_json=False)


@with_settings
def redrive(
    settings: Settings,
    reason: Reasons = None,
    topic: Topics = None,
    number: Offsets = None,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """Send refused records to their topics again, each once however often this runs."""
    from producers.redrive import QuarantineLog, Redrive

    choice = _choice(reason, topic, number)
    wiring = Wiring(settings)
    wiring.check_topics()
    log = QuarantineLog(wiring.admin(), wiring.inlet(), settings.prefix)
    with resumable("The redrive"):
        report = Redrive(log, wiring.transactions("redrive"), settings.prefix).run(choice, again)
    if as_json:
        print_json(
            {
                "sent": dict(sorted(report.sent.items())),
                "already": report.already,
                "came_back": report.came_back,
                "no_input": report.no_input,
                "too_large": report.too_large,
            }
        )
        return
    print(f"{report.sent.total():,} records were sent again.")
    for name, count in sorted(report.sent.items()):
        print(f"{count:>12,}  {name}")
    if report.already:
        print(f"{report.already:,} had been sent again before.")
    if report.came_back:
        print(f"{report.came_back:,} were sent again before and refused again; --again sends them once more.")
    if report.no_input:
        print(f"{report.no_input:,} came from a file or from within: mend the file and load it instead.")
    if report.too_large:
        print(f"{report.too_large:,} are too large to be sent again.")


def _choice(reasons: list[str] | None, topics: list[str] | None, numbers: list[int] | None) -> Choice:
    from producers.redrive import Choice

    for each in reasons or ():
        if each not in list(Reason):
            raise BadSetup(f"--reason {each} is none of {', '.join(Reason)}.", "demand-monitor quarantine list")
    return Choice(frozenset(reasons or ()), frozenset(topics or ()), frozenset(numbers or ()))


def _state(refused: Refused) -> str:
    if refused.redriven:
        return "sent again"
    return "refused again" if refused.came_back else "waiting"


def _short_row(refused: Refused) -> Row:
    refusal = refused.refusal
    return {
        "number": str(refused.offset),
        "reason": str(refusal.reason),
        "detail": refusal.detail,
        "origin": f"{refusal.topic}[{refusal.partition}]@{refusal.offset}",
        "state": _state(refused),
        "value": _text(refusal.value, _VALUE_SHOWN),
    }


def _full_row(refused: Refused) -> Row:
    refusal = refused.refusal
    return {
        "number": refused.offset,
        "reason": str(refusal.reason),
        "detail": refusal.detail,
        "topic": refusal.topic,
        "partition": refusal.partition,
        "offset": refusal.offset,
        "key": _text(refusal.key),
        "value": _text(refusal.value),
        "state": _state(refused),
    }


def _text(raw: bytes | None, longest: int | None = None) -> str | None:
    if raw is None:
        return None
    text = raw.decode(errors="backslashreplace")
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"
