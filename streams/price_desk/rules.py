"""What makes a price believable: the desk's few numbers, in one place.

The one rule: a number here changes what the desk publishes, so a replay must be given the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.quantities import MILLIONTHS

#: Accepted reads behind a reference price: four weeks of daily visits.
REFERENCE_READS: Final = 28

#: The largest price that `competitor-prices.v1` can hold, in millionths.
MAX_PRICE_MILLIONTHS: Final = 10_000_000 * MILLIONTHS


@dataclass(frozen=True, slots=True)
class PriceRules:
    """Which reads are believed at once, and which must be seen twice.

    Parameters
    ----------
    low_permille, high_permille
        A price within these thousandths of its reference is believed at once.
    tolerance_permille
        A price outside is believed when the read before it was within these thousandths of it.
    """

    low_permille: int = 500
    high_permille: int = 2000
    tolerance_permille: int = 100
