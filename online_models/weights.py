"""How much each expert's word counts: exponential weights on discounted losses.

The one rule: an expert that errs a ninth more than the best counts e^-1 as much. A young series leans on what its
category has seen of the experts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

ETA = 9.0
CATEGORY_OBSERVATIONS = 14.0
"""How many observations of its own outweigh the category's."""
NO_LOSS = 1e-300
"""At or below this a loss is none: its inverse is not finite, and nothing times that is not a number."""


def expert_weights(losses: Sequence[float], allowed: Sequence[int], eta: float = ETA) -> list[float]:
    """Weights of the experts; they sum to one, and those not allowed have none.

    Parameters
    ----------
    losses
        Mean loss of every expert, any unit.
    allowed
        Indices of those that may speak.
    eta
        Sharpness.

    References
    ----------
    Cesa-Bianchi and Lugosi (2006), *Prediction, Learning, and Games*, chapter 2.

    Examples
    --------
    >>> [round(w, 3) for w in expert_weights([1.0, 10 / 9, 9.0], allowed=(0, 1))]
    [0.731, 0.269, 0.0]
    """
    best = min([losses[k] for k in allowed])
    weights = [0.0] * len(losses)
    if best <= NO_LOSS:
        equal = [k for k in allowed if losses[k] <= NO_LOSS]
        for k in equal:
            weights[k] = 1.0 / len(equal)
        return weights
    slope = eta / best
    total = 0.0
    for k in allowed:
        weights[k] = weight = math.exp((best - losses[k]) * slope)
        total += weight
    return [weight / total for weight in weights]


def shrunk(own: Sequence[float], seen: float, category: Sequence[float], category_seen: float) -> list[float]:
    """Mean losses of a series, drawn towards its category's.

    Parameters
    ----------
    own, category
        Mean losses per expert, in one unit.
    seen, category_seen
        Observations behind each (discounted counts); with none, the other side speaks alone.
    """
    pull = min(CATEGORY_OBSERVATIONS, category_seen)
    total = seen + pull
    if total <= 0.0:
        return [1.0] * len(own)
    share = pull / total
    return [mine + share * (theirs - mine) for mine, theirs in zip(own, category, strict=True)]
