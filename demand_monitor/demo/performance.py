"""One performance of the demo: hosts up, the market through them, everything read, hosts down.

The one rule: a performance is complete when every tick is committed by every task, every signal by the desk, and every
alert is read; anything less is a failure, never a scorecard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from demand_monitor.demo.hosts import Host, Hosts
from demand_monitor.demo.pacing import Pacing
from demand_monitor.demo.screen import Scene, Screen, is_news
from demand_monitor.endings import Flag, Interrupted
from demand_monitor.wiring import Wiring
from producers.market_source import MarketSource
from producers.synth import Market
from schemas.alerts import Alert
from schemas.errors import BadSetup, BrokerDown
from schemas.quantities import DAY_MS, to_datetime

if TYPE_CHECKING:
    from consumers.feed import Feed

_POLL_SECONDS: Final = 0.2
#: How long the hosts may take for what is left once all is sent.
_LAST_SECONDS: Final = 120.0


@dataclass(slots=True)
class Performance:
    """What came of one.

    Parameters
    ----------
    revisions
        Every revision of every alert, in the order of the log.
    events
        Records sent.
    ready_seconds
        From the start until every host stood.
    first_alert_seconds
        From the start to the first alert shown; None where there was none.
    sent_seconds, done_seconds
        From the start until everything was sent, and until everything was handled.
    """

    revisions: list[Alert] = field(default_factory=list)
    events: int = 0
    ready_seconds: float = 0.0
    first_alert_seconds: float | None = None
    sent_seconds: float = 0.0
    done_seconds: float = 0.0


class Stage:
    """Plays one market.

    Parameters
    ----------
    wiring
        Of an installation whose topics are there and empty.
    market
        The market.
    screen
        Where it is shown.
    stop
        Raised when somebody asks for an end.
    """

    def __init__(self, wiring: Wiring, market: Market, screen: Screen, stop: Flag) -> None:
        self._wiring, self._market, self._screen, self._stop = wiring, market, screen, stop
        self._begun = wiring.clock.monotonic_seconds()
        self._feed: Feed = wiring.feed()
        self._sent = (0, market.starts_at_ms)
        self.result = Performance()

    def play(self) -> Performance:
        """Play it to the end.

        Raises
        ------
        DemandError
            What has ended it early.
        """
        result = self.result
        with self._screen, Hosts(self._wiring) as hosts:
            result.ready_seconds = self._seconds()
            pacing = Pacing(self._wiring, hosts.check, lambda: self._feed.position)
            loader = self._start_loader(pacing)
            self._watch(lambda: not loader.running, hosts, loader)
            result.sent_seconds = self._seconds()
            self._watch(self._until_done(pacing), hosts, loader)
            result.done_seconds = self._seconds()
        result.events = self._sent[0]
        return result

    def _start_loader(self, pacing: Pacing) -> Host:
        """Send the market from a thread of its own, held back at each tick."""

        def progress(events: int, tick_ms: int) -> None:
            self._sent = (events, tick_ms)
            if self._stop.is_raised():
                raise Interrupted("It was told to stop.")
            pacing.hold()

        def send() -> None:
            report = self._wiring.loader(True, progress).load(MarketSource(self._market))
            if report.already_done or report.resumed_after:
                raise BadSetup("This market stands on these topics already.", "demand-monitor demo --prefix NAME-")

        loader = Host("The market", send, self._stop.set, self._wiring.journal)
        loader.start()
        return loader

    def _until_done(self, pacing: Pacing) -> Callable[[], bool]:
        give_up_at = self._wiring.clock.monotonic_seconds() + _LAST_SECONDS

        def is_done() -> bool:
            if self._wiring.clock.monotonic_seconds() > give_up_at:
                raise BrokerDown(f"What was sent has not been handled within {_LAST_SECONDS:g} s.")
            return pacing.is_done()

        return is_done

    def _watch(self, is_over: Callable[[], bool], hosts: Hosts, loader: Host) -> None:
        """Show alerts until it is over, or somebody fails or asks for an end."""
        while True:
            over = is_over()
            hosts.check()
            if self._stop.is_raised():
                raise Interrupted("The demo was ended before it was done.")
            loader.check()
            self._show(self._feed.poll(timeout_seconds=0.0 if over else _POLL_SECONDS))
            if over:
                return

    def _show(self, fresh: list[Alert]) -> None:
        result = self.result
        result.revisions += fresh
        if result.first_alert_seconds is None and any(map(is_news, fresh)):
            result.first_alert_seconds = self._seconds()
        events, tick_ms = self._sent
        days = self._market.config.days
        day = min(days, round((tick_ms - self._market.starts_at_ms) / DAY_MS))
        seconds = max(1e-9, self._seconds() - result.ready_seconds)
        scene = Scene(day, days, events, events / seconds, self._local(tick_ms))
        self._screen.show(scene, fresh, self._feed.board.alerts())

    def _local(self, tick_ms: int) -> datetime:
        return to_datetime(tick_ms).astimezone(ZoneInfo(self._market.zone))

    def _seconds(self) -> float:
        return self._wiring.clock.monotonic_seconds() - self._begun
