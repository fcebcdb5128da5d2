"""The catalogue: everything the models may be told of a period, in words, and nothing twice.

Why: a column whose meaning stands elsewhere means something else a year later. The one rule: the columns of the models,
the candidates that compete, and `docs/features.md` are made from these lines; a name appears nowhere else first.

::

    COLUMN      a fixed place in every row that the regressions read            online_models/columns.py
    ROW         a fixed place in every row, written by `--rows`, read by nobody: the states of a series say the same
    CANDIDATE   no place: competes in its category, counts while it lowers the error     online_models/candidates.py

A `signal` of the context topic is a candidate of its own name and wants no line here.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Role = Literal["column", "row", "candidate"]


class Feature(NamedTuple):
    """One line of the catalogue.

    Parameters
    ----------
    name
        As columns, rows and reports name it.
    kind
        "number", "share" (0 to 1) or "flag" (0 or 1).
    unit
        Of its values.
    why
        What it tells about demand.
    source
        Topic or state that it comes from.
    if_unknown
        The value it takes then, in words.
    role
        How the models use it.
    neutral
        The value that says "nothing special"; a number in units has none, it takes the series' level.
    """

    name: str
    kind: Literal["number", "share", "flag"]
    unit: str
    why: str
    source: str
    if_unknown: str
    role: Role
    neutral: float = 0.0

    @property
    def in_units(self) -> bool:
        """Whether its values are past demand, in units a period."""
        return self.unit == UNITS


UNITS: Final = "units per period"
_PAST = "the series' own closed periods"
_AVERAGE = "moving_avg_7days_demand"
_DAYS = "`holidays` of the store's country, the shop's own days, or the signals `holiday`, `state_holiday`"
_PROMOTION = "context.v1 promotion"


def _row(name: str, why: str, if_unknown: str = _AVERAGE) -> Feature:
    return Feature(name, "number", UNITS, why, _PAST, if_unknown, "row")


def _candidate(name: str, kind: Literal["share", "flag"], why: str, source: str) -> Feature:
    return Feature(name, kind, "share" if kind == "share" else "0 or 1", why, source, "0", "candidate")


CATALOGUE: Final[tuple[Feature, ...]] = (
    _row("lag_1_demand", "the newest demand"),
    _row("lag_7_demand", "the same weekday, last week"),
    _row("lag_14_demand", "the same weekday, two weeks ago"),
    _row("lag_28_demand", "the same weekday, four weeks ago"),
    _row(_AVERAGE, "where demand stands now", "the 30-period average"),
    _row("moving_avg_30days_demand", "where it stood lately", "the series' level"),
    Feature("month_edge", "flag", "0 or 1", "first 3 and last 2 days of a month", "calendar", "0", "column"),
    Feature("holiday", "flag", "0 or 1", "a holiday falls into the period", _DAYS, "0", "column"),
    Feature("promotion", "flag", "0 or 1", "our promotion runs", _PROMOTION, "0", "column"),
    Feature("promotion_depth", "share", "share of the price", "how deep it cuts", _PROMOTION, "0", "column"),
    Feature(
        "own_price_ratio", "number", "our price / our reference price", "own elasticity", "stock.v1 shelf_price", "1",
        "column", 1.0,
    ),
    Feature(
        "price_gap", "number", "our price / the mean rival price - 1", "cross elasticity", "competitor-prices.v1", "0",
        "column",
    ),
    Feature(
        "price_promo_interaction", "number", "price_gap x promotion", "a promotion tells more when dear", "both", "0",
        "column",
    ),
    _candidate("holiday_eve", "flag", "the day before a holiday", _DAYS),
    _candidate("near_holiday", "flag", "two or three days before a holiday", _DAYS),
    _candidate("after_holiday", "flag", "the day after a holiday, when shelves at home are full", _DAYS),
    _candidate("payday", "flag", "wages come on the 15th and the last of a month: that day and two more", "calendar"),
    _candidate("before_christmas", "share", "how far the days from 1 to 24 December have come", "calendar"),
    _candidate("promotion_start", "flag", "the first two days of a promotion", _PROMOTION),
    _candidate("promotion_end", "flag", "the last two days of a promotion: the last chance", _PROMOTION),
    _candidate(
        "promotion_dip", "share", "bought ahead: 1 on the day after a promotion, a third less each two days", _PROMOTION
    ),
)  # fmt: skip

ROWS: Final = tuple(feature for feature in CATALOGUE if feature.role != "candidate")
"""What has a place in every row, in order."""
CANDIDATES: Final = tuple(feature for feature in CATALOGUE if feature.role == "candidate")


def render_page() -> str:
    """Return the tables of `docs/features.md`.

    >>> render_page().splitlines()[2].split(" | ")[:2]
    ['| `lag_1_demand`', 'row']
    """
    head = ["| feature | use | type | unit | why | source | if unknown |", "|---|---|---|---|---|---|---|"]
    rows = [
        f"| `{each.name}` | {each.role} | {each.kind} | {each.unit} | {each.why} | {each.source} | {each.if_unknown} |"
        for each in CATALOGUE
    ]
    return "\n".join([*head, *rows]) + "\n"


if __name__ == "__main__":
    print(render_page(), end="")
