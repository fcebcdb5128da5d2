"""What a unit too many and a unit too few cost, where the shop does not say: shares of the price, by category.

::

    margin     price - cost of the catalog;   cost unknown: margin_share x price
    holding    cost x holding_share_a_year x days of the period / 365
    waste      cost x days of the period / shelf life;   unknown: cost x waste_share_a_day x days

A shop sets its own (`shop.costs`, first match wins); the defaults below stand behind them. A category matches where one
of the steps of its path is named so, or begins so.

The one rule: these are assumptions; every figure in money says in which currency, and the report says with what share.

References
----------
Holding: Silver, Pyke and Thomas, *Inventory and Production Management in Supply Chains*, 4th ed., section 1.4 (20 to
30 % of the value a year). Waste: Buzby et al. (2016), USDA *Estimated fresh produce shrink and food loss in U.S.
supermarkets* (4 to 12 % of fresh produce, 2 % and less of dry goods).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from online_models.money import UnitCosts

_YEAR_DAYS: Final = 365.0


@dataclass(frozen=True, slots=True)
class CategoryCosts:
    """Shares of one category.

    Parameters
    ----------
    category
        A step of the category path, or its beginning, in lower case; "" fits all.
    margin_share
        Of the price.
    holding_share_a_year
        Of the cost: capital, space, handling.
    waste_share_a_day
        Of the cost: the part of what stays over that is thrown away, a day.
    """

    category: str = ""
    margin_share: float = 0.3
    holding_share_a_year: float = 0.25
    waste_share_a_day: float = 0.002


#: From the quickest to spoil to what keeps.
DEFAULT_COSTS: Final[tuple[CategoryCosts, ...]] = (
    CategoryCosts("bakery", 0.5, 0.25, 0.5),
    CategoryCosts("bread", 0.5, 0.25, 0.5),
    CategoryCosts("fish", 0.35, 0.25, 0.3),
    CategoryCosts("meat", 0.3, 0.25, 0.15),
    CategoryCosts("fruit", 0.35, 0.25, 0.12),
    CategoryCosts("vegetable", 0.35, 0.25, 0.12),
    CategoryCosts("produce", 0.35, 0.25, 0.12),
    CategoryCosts("fresh", 0.35, 0.25, 0.12),
    CategoryCosts("flower", 0.45, 0.25, 0.15),
    CategoryCosts("deli", 0.35, 0.25, 0.1),
    CategoryCosts("dairy", 0.25, 0.25, 0.06),
    CategoryCosts("frozen", 0.3, 0.35, 0.002),
    CategoryCosts("electronics", 0.2, 0.3, 0.001),
    CategoryCosts("fashion", 0.5, 0.3, 0.003),
    CategoryCosts("clothing", 0.5, 0.3, 0.003),
    CategoryCosts(),
)


def shares_of(category: str, costs: tuple[CategoryCosts, ...] = ()) -> CategoryCosts:
    """Return the shares of a category: the shop's first match, else the default's.

    Parameters
    ----------
    category
        A path, coarse to fine, joined by slashes; "" where it is unknown.
    costs
        The shop's own.

    Examples
    --------
    >>> shares_of("Food/Dairy/Milk").margin_share, shares_of("").category
    (0.25, '')
    >>> shares_of("Food/Dairy", (CategoryCosts("dairy", 0.4),)).margin_share
    0.4
    """
    return _shares_of(category, tuple(costs))


@lru_cache(maxsize=4096)
def _shares_of(category: str, costs: tuple[CategoryCosts, ...]) -> CategoryCosts:
    steps = [step.strip().lower() for step in category.split("/")]
    for one in (*costs, *DEFAULT_COSTS):
        if not one.category or any(step.startswith(one.category) for step in steps):
            return one
    return CategoryCosts()


def unit_costs(
    price: float, cost: float | None, shelf_life_days: float | None, period_days: float, shares: CategoryCosts
) -> UnitCosts:
    """Return what one unit too few, and one too many, costs for a period.

    Parameters
    ----------
    price, cost
        Of a unit, in one currency; an unknown cost follows from the usual margin.
    shelf_life_days
        None: unknown.
    period_days
        Length of the period.
    shares
        Of the category.

    Examples
    --------
    >>> costs = unit_costs(10.0, 6.0, None, 1.0, CategoryCosts(holding_share_a_year=0.365, waste_share_a_day=0.01))
    >>> costs.under, round(costs.over, 6)    # 10 - 6; 6 x (0.001 + 0.01)
    (4.0, 0.066)
    """
    value = price * (1.0 - shares.margin_share) if cost is None else cost
    waste = shares.waste_share_a_day if not shelf_life_days else 1.0 / shelf_life_days
    over = value * (shares.holding_share_a_year / _YEAR_DAYS * period_days + min(waste * period_days, 1.0))
    return UnitCosts(max(price - value, 0.0), over)


def relative_costs(categories: Sequence[str | None], period_days: float) -> list[UnitCosts]:
    """Return the costs of a unit that is sold for 1, by the defaults, for each of several categories.

    Parameters
    ----------
    categories
        Paths; None where unknown.
    period_days
        Length of the period.
    """
    return [unit_costs(1.0, None, None, period_days, shares_of(category or "")) for category in categories]
