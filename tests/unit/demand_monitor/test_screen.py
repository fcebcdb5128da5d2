"""The demo's live screen on a terminal of a given size: what a person sees, line by line.

A child draws on a pseudo-terminal; a small terminal of our own takes what it writes, as `xterm` would.
"""

import fcntl
import functools
import os
import re
import struct
import subprocess
import sys
import termios

import pytest

#: Draws three pictures of a shop with so many open alerts, each of them the longest of its kind, then says goodbye.
CHILD = """
import sys
from demand_monitor.demo.screen import LiveScreen, Scene
from demand_monitor.printing import console
from schemas.alerts import Alert, Names
from schemas.quantities import to_datetime
from schemas.signals import Origin
from zoneinfo import ZoneInfo

noon = to_datetime(1_747_760_400_000).astimezone(ZoneInfo("America/Lima"))
def alert(number):
    return Alert(
        alert_id=f"id{number:02d}", revision=1, kind="suspected_stockout", severity="critical", state="firing",
        store_id="lima-01", sku=f"P{number}", money_at_risk=1_000.0 + number, currency="PEN",
        names=Names(product=f"Leche evaporada Altiplano entera {number:02d}", store="Santiago de Surco"),
        times={"runs_out_p50": noon}, opened_at=noon, updated_at=noon,
        summary=f"Leche evaporada Altiplano entera {number:02d} at Santiago de Surco will probably run out.",
        origin=Origin(topic="sales.v1", partition=0, offset=number), at=(0, number, 0),
    )
page = console()
page.print("Broker: ours.")
with LiveScreen(page) as screen:
    for count in (0, 1, 15):
        board = [alert(number) for number in range(count)]
        screen.show(Scene(count, 105, 152_058, 4_074.0, noon), board, board)
        print("\\x1b[?9l", end="", file=sys.__stdout__, flush=True)
page.print("Goodbye.")
"""
#: What the child writes after each picture.
SHOT = "\x1b[?9l"
CODE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|[\r\n]|[^\x1b]")


class Terminal:
    """A terminal that knows what rich uses: up, erase line, carriage return, line feed; a full screen scrolls."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.lines = [[" "] * width for _ in range(height)]
        self.row = self.column = 0

    def write(self, text: str) -> None:
        for match in CODE.finditer(text):
            sign, (numbers, code) = match.group(), match.groups()
            if code == "A":
                self.row = max(0, self.row - int(numbers or 1))
            elif code == "K":
                self.lines[self.row] = [" "] * self.width
            elif code is not None:
                assert code in "mhl", f"unknown: {sign!r}"
            elif sign == "\r":
                self.column = 0
            elif sign == "\n":
                self._feed_line()
            else:
                if self.column == self.width:
                    self.column = 0
                    self._feed_line()
                self.lines[self.row][self.column] = sign
                self.column += 1

    def _feed_line(self) -> None:
        if self.row < self.height - 1:
            self.row += 1
        else:
            self.lines = [*self.lines[1:], [" "] * self.width]

    def shown(self) -> list[str]:
        return ["".join(line).rstrip() for line in self.lines]


@functools.cache
def pictures(width: int, height: int) -> list[list[str]]:
    """Return what stands on the terminal after each picture, and at the end."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=slave, stdout=slave, stderr=slave, env={**plain, "TERM": "xterm-256color"}
    )
    os.close(slave)
    written = b""
    while True:
        try:
            written += os.read(master, 65_536)
        except OSError:  # The other side is closed: the child has ended.
            break
    os.close(master)
    assert child.wait(30) == 0, written.decode()
    terminal, found = Terminal(width, height), []
    for part in written.decode().split(SHOT):
        terminal.write(part)
        found.append(terminal.shown())
    return found


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (160, 50), (80, 16)])
def test_a_picture_fits_and_nothing_is_left_of_it(width: int, height: int) -> None:
    *drawn, end = pictures(width, height)
    for picture in drawn:
        assert picture[0] == "Broker: ours.", "it has scrolled"
        assert picture[1].startswith("day ")
    assert [line for line in end if line] == ["Broker: ours.", "Goodbye."]


@pytest.mark.parametrize(("width", "height", "rows"), [(80, 24, 11), (120, 40, 12), (80, 16, 6)])
def test_the_rows_that_a_terminal_has_room_for_are_whole(width: int, height: int, rows: int) -> None:
    *_, full, _ = pictures(width, height)
    table = [line for line in full if "Leche" in line and line.startswith("│")]
    assert len(table) == rows
    # The dearest first; its kind, its store and its money are there to the last letter.
    for name in ("suspected stockout", "Santiago de Surco", "PEN 1,014.00"):
        assert name in table[0]
    assert f"15 open alerts, the first {rows}" in full[2]


def test_a_wide_terminal_shows_more_of_each_alert() -> None:
    wide, narrow = pictures(160, 50)[2], pictures(80, 24)[2]
    assert "state" in wide[3]
    assert "runs out" not in narrow[3]
    assert any("Leche evaporada Altiplano entera 14" in line and "Tue 20 May 12:00" in line for line in wide)


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_jumps_from_one_picture_to_the_next(width: int) -> None:
    none, one, many, _ = pictures(width, 40)
    assert none[3] == one[3] == many[3], "the headings stand still"
    assert none.index("Last opened") == one.index("Last opened") == many.index("Last opened")
    assert one[2].startswith("╭─ 1 open alert ─")
