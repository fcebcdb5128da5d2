"""`doctor`: what is wrong, and what to type next."""

from __future__ import annotations

from dataclasses import asdict

import typer

from demand_monitor.endings import FOUND
from demand_monitor.options import Json, with_settings
from demand_monitor.printing import print_json
from demand_monitor.settings import Settings
from demand_monitor.wiring import Wiring


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


@with_settings
def doctor(settings: Settings, as_json: Json = False) -> None:
    """Look at servers, topics, state, ticks and lag; exit 1 and say what to type where something is wrong."""
    from demand_monitor.checkup import Checkup, Finding

    findings: list[Finding] = []
    for finding in Checkup(Wiring(settings)).run():
        findings.append(finding)
        if not as_json:
            print(f"{'ok   ' if finding.is_well else 'WRONG'}  {finding.check:<10}  {finding.text}", flush=True)
            if finding.next_command is not None:
                print(f"       Next: {finding.next_command}", flush=True)
    is_well = all(finding.is_well for finding in findings)
    if as_json:
        print_json(
            {
                "is_well": is_well,
                "findings": [asdict(finding) for finding in findings],
                "settings": settings.shown(),
            }
        )
    if not is_well:
        raise typer.Exit(FOUND)
