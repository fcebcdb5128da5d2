"""Markets that nobody has looked at: no planted event may depend on the default seed's number.

Three of them in every run, twenty in `make soak`; the bounds are shares of the twenty, rounded down.

The spread is printed; what is asserted is only what must hold whatever the numbers are.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import pytest

from demand_monitor.demo.market_report import PLAIN, WITH_ORDERS, play_market
from streams.scorecard import Scorecard
from tests.broker.faults.counts import COUNTS

SEEDS = range(100, 100 + COUNTS.seeds)


@dataclass(frozen=True)
class Spread:
    """What is kept of one market; runs themselves are too big to be sent between processes."""

    seed: int
    monitor: Scorecard
    plain: Scorecard
    with_orders: Scorecard


def play(seed: int) -> Spread:
    run = play_market(seed)
    return Spread(seed, run.scorecard, run.rules[PLAIN], run.rules[WITH_ORDERS])


def row(spread: Spread) -> str:
    caught = [f"{v.truth.kind}:{'yes' if v.caught else 'NO'}" for v in spread.monitor.judgements]
    cards = (spread.monitor, spread.plain, spread.with_orders)
    figures = [
        f"{card.caught}/{len(card.judgements)} {card.false:4d} {_days(card.median_warning_days)}" for card in cards
    ]
    natural = f"{sum(v.caught for v in spread.monitor.natural):2d}/{len(spread.monitor.natural):2d}"
    return f"{spread.seed}  {' | '.join(figures)} | others {natural} | {' '.join(caught)}"


def _days(days: float | None) -> str:
    return "  – " if days is None else f"{days:4.1f}"


def caught_by_kind(spreads: Sequence[Spread]) -> Counter[str]:
    """Return in how many markets every planted event of a kind was caught."""
    found: Counter[str] = Counter()
    for spread in spreads:
        missed = {v.truth.kind for v in spread.monitor.judgements if not v.caught}
        found.update({v.truth.kind for v in spread.monitor.judgements} - missed)
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_planted_events_are_caught_whatever_the_seed(
    capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        spreads = list(pool.map(play, SEEDS))

    with capsys.disabled():
        print("\nseed  monitor: caught, false, warning days | cover < lead time | the same, orders counted")
        print("\n".join(row(spread) for spread in spreads))
        print(f"caught in {len(spreads)} markets: {dict(caught_by_kind(spreads))}")
    for spread in spreads:
        kinds = [v.truth.kind for v in spread.monitor.judgements]
        assert Counter(kinds) == Counter(["stockout", "demand_drift", "rival_price_cut"]), spread.seed
    caught = caught_by_kind(spreads)
    record_property("faults", f"{len(spreads)} seeds, caught: {dict(sorted(caught.items()))}")
    assert caught["stockout"] >= 18 * len(spreads) // 20
    assert caught["rival_price_cut"] >= 18 * len(spreads) // 20
    # A level halved among promotions and paydays takes a while to be sure of: 16 of 20 when this was written.
    assert caught["demand_drift"] >= 13 * len(spreads) // 20
    assert sum(spread.monitor.false for spread in spreads) < sum(spread.plain.false for spread in spreads) / 2
