"""Which drivers moved when demand changed, and what each would do by itself: the evidence for a cause.

Pure arithmetic on two runs of periods, before the change and after it::

    driver       has moved when                                           would do, of the level before (prior)
    -----------  -------------------------------------------------------  ---------------------------------------
    promotion    it runs now and did not, or ran and ended just before    ((1 - depth)^-2 - 1) x level, or back
    own price    the median price differs by 3 % or more                  (ratio^-2 - 1) x level
    rival price  a rival's median price differs by 4 %, or its shelf is   (ratio^0.6 - 1) x level; empty: + 20 %
                 empty
    supply       the shelf was empty in more periods than it used to be   down: the periods' share; up: it is back
    data fault   the till was not heard, or counts in another step        the share not heard; step x level
    season       shares of the slots differ beyond chance                 the change, where the level stays

The prior says only what is usual in the trade; the model's own answer to the same move is put beside it by whoever
calls. The one rule: no move without numbers that show it: a driver that stands still has none here.

References
----------
Bijmolt, van Heerde and Pieters (2005), *New empirical generalizations on the determinants of price elasticity*;
Sethuraman, Srinivasan and Kim (1999), *Asymmetric and neighborhood cross-price effects*.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

from schemas.quantities import THOUSANDTHS
from schemas.signals import CauseLabel, Measure
from streams.engine.driver_days import DriverDay, taught_units

_OWN_ELASTICITY, _CROSS_ELASTICITY, _PROMOTION_ELASTICITY = 2.0, 0.6, 2.0
_LEAST_OWN, _LEAST_RIVAL = 0.03, 0.04
_RIVAL_EMPTY: Final = 0.2
#: Periods next to the change in which its driver is looked for; a cause does not wait for longer.
NEAR: Final = 14
_JUST: Final = 4
#: Share of the same days before up to which a promotion is out of the ordinary.
_USUAL: Final = 0.4
_LEAST_SHARE: Final = 0.15
_LEAST_STEP_SALES: Final = 10
_LARGEST_STEP: Final = 1_000
#: How far the change of demand may lie from the change of the step; how likely the step is by luck.
_STEP_SLACK: Final = 1.6
_STEP_CHANCE: Final = 5e-3
_SEASON_CHANCE_Z: Final = 3.3
_LEAST_SEASON: Final = 0.12
_SEASON_PERIODS: Final = 42
#: Periods at the end that say where a price stands now.
_NEWEST: Final = 7


class Move(NamedTuple):
    """A driver that moved.

    Parameters
    ----------
    label
        Which.
    units
        What it would do to demand by itself, units a period.
    since_ms
        When it moved; None: somewhere in the run.
    evidence
        The numbers that show it.
    detail
        Whose doing.
    is_certain
        Whether the evidence alone, without any habit of customers, says how much.
    """

    label: CauseLabel
    units: float
    since_ms: int | None
    evidence: dict[str, Measure]
    detail: str | None = None
    is_certain: bool = False


class Change(NamedTuple):
    """How demand changed, weekday against weekday.

    Parameters
    ----------
    level_units
        A period's demand before.
    units
        How much more it is since; below zero: less. None where nothing was seen since.
    """

    level_units: float
    units: float | None


def measure_change(before: Sequence[DriverDay], after: Sequence[DriverDay]) -> Change:
    """Compare two runs, each period with the mean of its own slot before.

    Parameters
    ----------
    before, after
        Periods in order.
    """
    usual = slot_means(before)
    level = fmean(taught_units(before)) if usual else 0.0
    seen = [day.units - usual.get(day.slot, level) for day in after if day.units is not None]
    return Change(level, fmean(seen) if seen else None)


def sharpen(days: Sequence[DriverDay], first: int, reach: int = 7) -> int:
    """Return the period in which demand most likely changed, near the one that a detector gives.

    The split that leaves the largest difference behind it, for its length, weekday against weekday.

    Parameters
    ----------
    days
        Periods in order, from weeks before the change on.
    first
        Period in which the detector says that it began.
    reach
        How many periods earlier or later it may have been.
    """
    best, gain = first, -1.0
    for at, day in enumerate(days):
        if not first - reach <= day.period <= first + reach or at < NEAR:
            continue
        usual = slot_means(days[max(0, at - 2 * NEAR) : at])
        seen = [one.units - usual[one.slot] for one in days[at:] if one.units is not None and one.slot in usual]
        here = sum(seen) ** 2 / len(seen) if seen else 0.0
        if here > gain:
            best, gain = day.period, here
    return best


def slot_means(days: Sequence[DriverDay]) -> dict[int, float]:
    """Mean units of each slot."""
    found: dict[int, list[float]] = {}
    for day in days:
        if day.units is not None:
            found.setdefault(day.slot, []).append(day.units)
    return {slot: fmean(units) for slot, units in found.items()}


def find_moves(before: Sequence[DriverDay], after: Sequence[DriverDay], change: Change) -> list[Move]:
    """Return every driver that moved between two runs.

    Parameters
    ----------
    before, after
        Periods in order, the second run beginning where the change does.
    change
        Of demand between them.
    """
    if not before or not after:
        return []
    near = before[-NEAR:]
    moves = [
        *_promotion(before, after, change),
        *_own_price(near, after, change),
        *_rival_prices(near, after, change),
        *_supply(before, after, change),
        *_silence(before, after, change),
        *_step(before, after, change),
        *_season(before, after, change),
    ]
    return _without_echo(moves)


# --- promotion ----------------------------------------------------------------------------------------------------


def _promotion(before: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    near, newest = before[-NEAR:], recent[-min(3, len(recent)) :]
    runs = fmean([day.promotion > 0.0 for day in newest])
    ran = _share_promoted(near, newest)
    every = [*near, *recent]
    if runs >= 0.5 and _share_promoted(before[-2 * NEAR :], newest) <= _USUAL:
        depth = max(day.promotion for day in newest)
        first = _first_of_run(every, lambda day: day.promotion > 0.0)
        lift = (1.0 - min(depth, 0.9)) ** -_PROMOTION_ELASTICITY - 1.0
        yield Move("promotion", lift * change.level_units, first.start_ms, _shares(ran, runs, depth))
    elif runs <= 0.2 and (ran >= 0.5 or _has_just_ended(before, recent)):
        depth = max(day.promotion for day in every)
        last = _first_of_run(every, lambda day: day.promotion == 0.0)
        lift = (1.0 - min(depth, 0.9)) ** -_PROMOTION_ELASTICITY - 1.0
        # What was bought in advance is missing afterwards, even where the level before hardly knew the promotion.
        known = fmean([day.promotion > 0.0 for day in near])
        dip = max(known * lift / (1.0 + known * lift), 0.15)
        yield Move("promotion", -dip * change.level_units, last.start_ms, _shares(ran, runs, depth), "ended")


def _share_promoted(days: Sequence[DriverDay], like: Sequence[DriverDay]) -> float:
    """Share of the days in the same slots as others that had a promotion: every weekend's offer is no news."""
    slots = {day.slot for day in like}
    found = [day.promotion > 0.0 for day in days if day.slot in slots]
    return fmean(found) if found else 0.0


def _has_just_ended(before: Sequence[DriverDay], recent: Sequence[DriverDay]) -> bool:
    """Whether a promotion ran within days of the change that did not use to run on those days."""
    ran = [day for day in [*before[-_JUST:], *recent[:_JUST]] if day.promotion > 0.0]
    return bool(ran) and _share_promoted(before[-4 * NEAR : -NEAR], ran) <= _USUAL


def _shares(before: float, after: float, depth: float) -> dict[str, Measure]:
    return {
        "promotion_before_share": Measure(value=round(before, 4), unit="share of periods"),
        "promotion_after_share": Measure(value=round(after, 4), unit="share of periods"),
        "promotion_depth_share": Measure(value=round(depth, 4), unit="share of the price"),
    }


def _first_of_run(days: Sequence[DriverDay], holds: Callable[[DriverDay], bool]) -> DriverDay:
    """Return the first period of the run at the end in which something holds."""
    first = days[-1]
    for day in reversed(days):
        if not holds(day):
            break
        first = day
    return first


# --- prices -------------------------------------------------------------------------------------------------------


def _own_price(near: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    before = [day.own_price for day in near if day.own_price is not None]
    after = [day.own_price for day in recent[-_NEWEST:] if day.own_price is not None]
    if not before or not after:
        return
    was, now = median(before), median(after)
    if was <= 0.0 or now <= 0.0 or abs(now / was - 1.0) < _LEAST_OWN:
        return
    units = ((now / was) ** -_OWN_ELASTICITY - 1.0) * change.level_units
    first = _first_of_run(
        [*near, *recent], lambda day: day.own_price is not None and abs(day.own_price / now - 1) < 0.01
    )
    evidence = _prices(was, now, _currency(recent))
    yield Move("own_price", units, first.start_ms, evidence)


def _currency(days: Sequence[DriverDay]) -> str:
    return next((day.currency for day in reversed(days) if day.currency is not None), "money")


def _prices(was: float, now: float, currency: str) -> dict[str, Measure]:
    return {
        "price_before": Measure(value=round(was, 6), unit=currency),
        "price_after": Measure(value=round(now, 6), unit=currency),
        "price_change_share": Measure(value=round(now / was - 1.0, 4), unit="share"),
    }


def _rival_prices(near: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    found = [
        move
        for rival in sorted({name for day in near for name in day.rival_prices})
        for move in _rival_price(rival, near, recent, change)
    ]
    if found:
        # Of several rivals that moved, the one that would do most speaks for all.
        yield max(found, key=lambda move: abs(move.units))


def _rival_price(rival: str, near: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    was = [price for day in near if (price := day.rival_prices.get(rival)) is not None]
    told = [day for day in recent[-_NEWEST:] if rival in day.rival_prices]
    if not was or not told:
        return
    before = median(was)
    now = [price for day in told if (price := day.rival_prices[rival]) is not None]
    every = [*near, *recent]
    if len(now) * 2 < len(told):
        first = _first_of_run(every, lambda day: day.rival_prices.get(rival, 0.0) is None)
        evidence = {"price_before": Measure(value=round(before, 6), unit=_currency(recent))}
        yield Move("rival_price", _RIVAL_EMPTY * change.level_units, first.start_ms, evidence, rival)
        return
    after = median(now)
    if before <= 0.0 or after <= 0.0 or abs(after / before - 1.0) < _LEAST_RIVAL:
        return
    units = ((after / before) ** _CROSS_ELASTICITY - 1.0) * change.level_units
    first = _first_of_run(every, lambda day: abs((day.rival_prices.get(rival) or 0.0) / after - 1.0) < 0.01)
    evidence = _prices(before, after, _currency(recent))
    yield Move("rival_price", units, first.start_ms, evidence, rival)


# --- supply and data ----------------------------------------------------------------------------------------------


def _supply(before: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    usual = fmean([day.is_empty for day in before[:-_JUST]]) if len(before) > _JUST else 0.0
    around = [*before[-_JUST:], *recent]
    lately = fmean([day.is_empty for day in around])
    if lately < usual + _LEAST_SHARE or not any(day.is_empty for day in around):
        return
    first = next(day for day in around if day.is_empty)
    still = recent[-1].is_empty or any(day.is_empty for day in recent)
    evidence = {
        "empty_before_share": Measure(value=round(usual, 4), unit="share of periods"),
        "empty_after_share": Measure(value=round(lately, 4), unit="share of periods"),
    }
    down = change.units is None or change.units <= 0.0
    share = max(lately, 0.3) if down else 0.3
    sign = -1.0 if down else 1.0
    if down and not still and not any(day.is_empty for day in before[-_JUST:]):
        return
    yield Move("supply", sign * share * change.level_units, first.start_ms, evidence)


def _silence(before: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    usual = fmean([day.is_dark for day in before[:-_JUST]]) if len(before) > _JUST else 0.0
    around = [*before[-_JUST:], *recent]
    lately = fmean([day.is_dark for day in around])
    if lately < usual + min(_LEAST_SHARE, 0.9 / len(around)) or not any(day.is_dark for day in around):
        return
    first = next(day for day in around if day.is_dark)
    evidence = {
        "unheard_before_share": Measure(value=round(usual, 4), unit="share of periods"),
        "unheard_after_share": Measure(value=round(lately, 4), unit="share of periods"),
    }
    sign = -1.0 if change.units is None or change.units <= 0.0 else 1.0
    yield Move("data_fault", sign * max(lately, 0.4) * change.level_units, first.start_ms, evidence)


def _step(before: Sequence[DriverDay], recent: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    """Find a till that has begun to count packs as pieces, or pieces as packs."""
    was, now = _sold(before), _sold(recent)
    if len(was) < _LEAST_STEP_SALES or not now or change.units is None or change.level_units <= 0.0:
        return
    ratio = 1.0 + change.units / change.level_units
    step = math.gcd(*was)
    factor = _factor(step, now, ratio)
    if factor is None or ratio <= 0.0 or abs(math.log(ratio / factor)) > math.log(_STEP_SLACK):
        return
    evidence = {
        "step_before_units": Measure(value=step / THOUSANDTHS, unit="units"),
        "step_after_units": Measure(value=round(step * factor / THOUSANDTHS, 3), unit="units"),
    }
    yield Move("data_fault", (factor - 1.0) * change.level_units, recent[0].start_ms, evidence, None, True)


def _sold(days: Sequence[DriverDay]) -> list[int]:
    return [day.sold for day in days if day.sold > 0 and day.units is not None]


def _factor(step: int, now: Sequence[int], ratio: float) -> float | None:
    """Return by what the step of all sales was multiplied, the one nearest to the change of demand; None if by 1."""
    common = math.gcd(step, *now)
    if common < step:
        # One sale that is no multiple of the old step tells.
        return min((1.0 / each for each in _divisors(step // common)), key=lambda one: abs(one - ratio))
    whole = math.gcd(*now) // step
    # That so many sales are multiples of it by luck must be out of the question.
    certain = [float(each) for each in _divisors(whole) if each ** -len(now) < _STEP_CHANCE]
    return min(certain, key=lambda one: abs(one - ratio), default=None)


def _divisors(number: int) -> list[int]:
    """Return the divisors from two up, those of a very large number left out."""
    return [each for each in range(2, min(number, _LARGEST_STEP) + 1) if number % each == 0]


# --- season -------------------------------------------------------------------------------------------------------


def _season(before: Sequence[DriverDay], after: Sequence[DriverDay], change: Change) -> Iterator[Move]:
    """Compare the slots' shares of a season before and since, days of promotions left out."""
    before = [day for day in before[-_SEASON_PERIODS:] if not day.promotion]
    after = [day for day in after if not day.promotion]
    usual, now = slot_means(before), slot_means(after)
    common = sorted(usual.keys() & now.keys())
    if len(common) < 5 or change.units is None or change.level_units <= 0.0:
        return
    scale, level = fmean([usual[slot] for slot in common]), fmean([now[slot] for slot in common])
    if scale <= 0.0 or level <= 0.0:
        return
    turned = {slot: now[slot] / level - usual[slot] / scale for slot in common}
    scatter = _scatter(before, usual, scale)
    if scatter <= 0.0:
        return
    since, ever = _visits(after), _visits(before)
    square = sum(turned[slot] ** 2 / (1.0 / since[slot] + 1.0 / ever[slot]) for slot in common) / scatter
    freedom = len(common) - 1
    # Wilson and Hilferty's normal for a chi-square.
    z = ((square / freedom) ** (1.0 / 3.0) - (1.0 - 2.0 / (9.0 * freedom))) / math.sqrt(2.0 / (9.0 * freedom))
    shift = 0.5 * sum(abs(one) for one in turned.values()) / len(common)
    if z < _SEASON_CHANCE_Z or shift < _LEAST_SEASON:
        return
    lasting = abs(level / scale - 1.0)
    part = 1.0 if lasting < 0.2 else 0.3
    evidence = {
        "pattern_shift_share": Measure(value=round(shift, 4), unit="share of demand"),
        "pattern_score": Measure(value=round(z, 3), unit="standard deviations"),
    }
    yield Move("season", part * change.units, after[0].start_ms, evidence, None, lasting < 0.2)


def _scatter(before: Sequence[DriverDay], usual: dict[int, float], scale: float) -> float:
    """Variance of a period around its slot's mean, in squared scales."""
    errors = [(day.units - usual[day.slot]) / scale for day in before if day.units is not None]
    lost = len(usual)
    if len(errors) <= lost:
        return 0.0
    return sum(error * error for error in errors) / (len(errors) - lost)


def _visits(days: Sequence[DriverDay]) -> Counter[int]:
    return Counter(day.slot for day in days if day.units is not None)


# --- one thing said twice -----------------------------------------------------------------------------------------


def _without_echo(moves: list[Move]) -> list[Move]:
    """Leave out a price cut that is the promotion itself: both begin or end within a day of each other."""
    promotion = next((move for move in moves if move.label == "promotion"), None)
    if promotion is None:
        return moves
    depth = promotion.evidence["promotion_depth_share"].value
    echo = (1.0 - depth) if promotion.detail is None else 1.0 / (1.0 - min(depth, 0.9))
    return [
        move
        for move in moves
        if move.label != "own_price" or abs(1.0 + move.evidence["price_change_share"].value - echo) > 0.05
    ]
