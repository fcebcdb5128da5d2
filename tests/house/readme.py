"""The parts of README.md that are made, not written: the alert card and the scorecards of the default seed.

`python -m tests.house.readme` writes them; `test_readme.py` holds the file to them.
"""

import re
from pathlib import Path

from demand_monitor.demo.market_report import PLAIN, WITH_ORDERS, MarketRun, play_market

README = Path(__file__).parents[2] / "README.md"


def make_blocks(run: MarketRun) -> dict[str, str]:
    """Return the text of each made block, by name."""
    rows = {"Demand Monitor": run.scorecard, PLAIN: run.rules[PLAIN], WITH_ORDERS: run.rules[WITH_ORDERS]}
    scorecards = "\n\n".join(f"{who}\n  {card.line()}" for who, card in rows.items())
    return {"card": run.card, "scorecard": scorecards}


def fill(text: str, blocks: dict[str, str]) -> str:
    """Return the README with its made blocks replaced."""
    for name, block in blocks.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert pattern.search(text), f"README.md has no block {name}"
        made = f"```text\n{block.strip()}\n```\n"
        text = pattern.sub(lambda found, made=made: found[1] + made + found[2], text)  # type: ignore[misc]
    return text


def commands(text: str) -> list[str]:
    """Return every command line of the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [
        line[2:].split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


if __name__ == "__main__":
    README.write_text(fill(README.read_text(encoding="utf-8"), make_blocks(play_market())), encoding="utf-8")
