"""What an undisturbed world would hold: the market's truth against Redis, a replay of the topics against what was said.

The one rule: a check returns what it found, so that the negative control can hold it to finding something.
"""

from __future__ import annotations

from schemas.topics import ALERTS
from streams.engine.series import Series
from streams.engine.table import SeriesTable
from tests.broker.faults.market import Key, Market
from tests.broker.installation import Installation
from tests.broker.replaying import check_state, check_words, recorded, replay_topics, revisions


class Losses(dict[Key, tuple[tuple[float, float], tuple[float, float]]]):
    """Series and days where Redis holds other units than the facts do: (held, true)."""

    @property
    def lost(self) -> float:
        """Units that were sold and are not in Redis."""
        return sum(max(0.0, true[0] - held[0]) for held, true in self.values())

    @property
    def doubled(self) -> float:
        """Units in Redis that nobody has sold."""
        return sum(max(0.0, held[0] - true[0]) for held, true in self.values())


def wrong_units(live: Installation, market: Market) -> Losses:
    """Return where the units sold and returned by series and day are not the true ones."""
    held, true = live.units(), market.units()
    nothing = (0.0, 0.0)
    pairs = {key: (held.get(key, nothing), true.get(key, nothing)) for key in held.keys() | true.keys()}
    return Losses({key: pair for key, pair in pairs.items() if pair[0] != pair[1]})


def wrong_shelves(live: Installation, market: Market) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Return where the on-hand is not the true one: (held, true), None for never counted."""
    held = {(each.store_id, each.sku): each.on_hand / 1_000 for each in all_series(live) if each.on_hand is not None}
    true = market.on_hand()
    pairs = {key: (held.get(key), true.get(key)) for key in held.keys() | true.keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def all_series(live: Installation) -> list[Series]:
    """Return the hot state of every series in Redis."""
    return [series for state in live.state().values() for series in SeriesTable.load(state)]


def check_exact(live: Installation, market: Market, alerts: bool = False) -> None:
    """Hold Redis to the facts, and everything that was said and kept to a replay of the topics."""
    units = wrong_units(live, market)
    assert units == {}, f"{units.lost:g} units lost, {units.doubled:g} double: {dict(list(units.items())[:5])}"
    assert wrong_shelves(live, market) == {}
    assert live.quarantined() == []
    chain, ear = replay_topics(live)
    check_words(live, ear)
    check_state(live, chain)
    if alerts:
        told = revisions(recorded(live, ALERTS))
        assert told, "a market without an alert proves nothing"
        assert revisions(ear.pairs(ALERTS)) == told
