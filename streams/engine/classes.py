"""What a series is in its assortment: ABC and demand class, kept as one small number beside its model.

The one rule: a series is classified in its own turn, once in seven periods; in between it is what it was.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from online_models.abc_sketch import AbcClass
from online_models.demand_class import DEMAND_CLASSES, DemandClass

_ABC: Final[tuple[AbcClass | None, ...]] = (None, "A", "B", "C")
_DEMAND: Final[tuple[DemandClass | None, ...]] = (None, *DEMAND_CLASSES)


class Classes(NamedTuple):
    """The classes of a series.

    Parameters
    ----------
    abc
        By margin, or price where the cost is unknown, or units where that is; None before a first round.
    demand
        Smooth, erratic, intermittent or lumpy; None before the first sale.

    Examples
    --------
    >>> Classes.of_number(Classes("B", "lumpy").number())
    Classes(abc='B', demand='lumpy')
    """

    abc: AbcClass | None = None
    demand: DemandClass | None = None

    def number(self) -> int:
        """Return the number that stands for them; 0 for none."""
        return _ABC.index(self.abc) * len(_DEMAND) + _DEMAND.index(self.demand)

    @classmethod
    def of_number(cls, number: int) -> Classes:
        """Return the classes that a number stands for."""
        return cls(_ABC[number // len(_DEMAND)], _DEMAND[number % len(_DEMAND)])


NO_CLASSES = Classes()
