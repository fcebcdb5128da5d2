"""`heartbeat`: ticks from the wall clock, so that what tills send is handled and quiet hours close.

::

    every tick_interval: one request for all ends ─► a partition whose ends moved ─► a tick
                                                  └► a partition without a tick for a minute ─► a tick
    at the start: newest tick ahead of the clock ─► refused
                  more than an hour behind ───────► wants catch_up: a tick an hour up to now, with the old ends

The one rule: `t` and `ends` never go back, so two heartbeats may run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from producers.tick_log import TickLog, newest_ms
from schemas.errors import BadSetup
from schemas.quantities import HOUR_MS, to_iso
from schemas.ticks import Tick
from streams.metrics import TICK_AGE, TICKS, Sample, known
from streams.ports import Clock, Inlet, Outlet, Place, TopicAdmin

TICK_INTERVAL_MS = 100
IDLE_INTERVAL_MS = 60_000
_FLUSH_EVERY = 1_000


class Heartbeat:
    """Ticks from the wall clock.

    Parameters
    ----------
    outlet, admin, inlet, clock
        The ports; the inlet reads ticks and nothing else.
    prefix
        The installation's.
    tick_interval_ms, idle_interval_ms
        How often at most where something moved, and how often at least where nothing did.
    catch_up
        Whether to tick through the hours since a newest tick that is more than an hour old.

    Attributes
    ----------
    written
        Ticks written so far, over all partitions.

    Raises
    ------
    BadSetup
        When the topics are missing or torn.
    """

    def __init__(
        self,
        *,
        outlet: Outlet,
        admin: TopicAdmin,
        inlet: Inlet,
        clock: Clock,
        prefix: str = "",
        tick_interval_ms: int = TICK_INTERVAL_MS,
        idle_interval_ms: int = IDLE_INTERVAL_MS,
        catch_up: bool = False,
    ) -> None:
        self._outlet, self._admin, self._clock = outlet, admin, clock
        self._tick_interval_ms, self._idle_interval_ms, self._catch_up = tick_interval_ms, idle_interval_ms, catch_up
        self._log = TickLog(admin, inlet, prefix)
        self._last: list[Tick | None] = [None] * self._log.tasks
        self.written = 0

    def start(self) -> int:
        """Look at the newest ticks, and catch up if told to.

        Returns
        -------
        int
            Ticks written to each partition to catch up.

        Raises
        ------
        BadSetup
            When the newest tick is ahead of the clock, or more than an hour behind and `catch_up` is off.
        """
        self._last = self._log.newest()
        newest, now_ms = newest_ms(self._last), self._clock.now_ms()
        if newest is None:
            return 0
        # Another heartbeat may have ticked while we were reading.
        if newest > now_ms + self._tick_interval_ms:
            raise BadSetup(
                f"The newest tick is of {to_iso(newest)}, ahead of this clock ({to_iso(now_ms)}): set the clock "
                "right, or use other topics with --prefix."
            )
        if newest + HOUR_MS >= now_ms:
            return 0
        if not self._catch_up:
            raise BadSetup(
                f"The newest tick is of {to_iso(newest)}, more than an hour ago: the hours since must be closed first.",
                "demand-monitor heartbeat --catch-up",
            )
        return self._catch_up_to(now_ms, newest)

    def beat(self) -> int:
        """Do one round.

        Returns
        -------
        int
            Ticks written.
        """
        now_ms = self._clock.now_ms()
        ends = self._admin.ends(self._log.places())
        written = sum(self._beat_task(task, now_ms, ends) for task in range(self._log.tasks))
        if written:
            self._outlet.flush()
        return written

    def run(self, stopped: Callable[[], bool]) -> None:
        """Beat until told to stop."""
        self.start()
        while not stopped():
            self.beat()
            self._clock.sleep(self._tick_interval_ms / 1000)

    def _beat_task(self, task: int, now_ms: int, ends: Mapping[Place, int]) -> int:
        last = self._last[task]
        fresh = self._log.ends_of(task, ends)
        if last is not None:
            before = (last.sales, last.stock, last.prices, last.context, last.catalog)
            sales, stock, prices, context, catalog = map(max, fresh, before)
            fresh = (sales, stock, prices, context, catalog)
            wait_ms = self._tick_interval_ms if fresh != before else self._idle_interval_ms
            if now_ms - last.t_ms < wait_ms:
                return 0
        self._write(task, Tick(now_ms, *fresh))
        return 1

    def _catch_up_to(self, now_ms: int, newest: int) -> int:
        # The old ends: what came in since then happened now, and is only below the tick that `beat` writes next.
        hours = range((newest // HOUR_MS + 1) * HOUR_MS, now_ms, HOUR_MS)
        for count, t_ms in enumerate(hours):
            for task, last in enumerate(self._last):
                ends = (last.sales, last.stock, last.prices, last.context, last.catalog) if last else (0, 0, 0, 0, 0)
                self._write(task, Tick(t_ms, *ends))
            if count % _FLUSH_EVERY == 0:
                self._outlet.flush()
        self._outlet.flush()
        return len(hours)

    def _write(self, task: int, tick: Tick) -> None:
        self._outlet.send(self._log.ticks, None, tick.encode(), (), task)
        self._last[task] = tick
        self.written += 1

    def samples(self) -> Sequence[Sample]:
        """Return what a scrape shows; safe from any thread."""
        newest = [tick.t_ms for tick in self._last if tick is not None]
        return [Sample(TICKS, (), self.written), *known(TICK_AGE, (), min(newest, default=None))]
