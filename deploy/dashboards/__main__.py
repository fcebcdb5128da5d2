"""Write every dashboard; `--check` writes nothing and fails where a file is not what would be written."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.dashboards.drift import drift
from deploy.dashboards.rendering import render

FOLDER = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"
DASHBOARDS = {"drift.json": drift}


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    stale = []
    for name, build in DASHBOARDS.items():
        path, text = FOLDER / name, render(build())
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"{', '.join(stale)}: run python -m deploy.dashboards", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
