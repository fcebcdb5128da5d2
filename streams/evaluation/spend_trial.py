"""Whether what advertising has brought is measured: synthetic spend with a known response.

Each seed draws half a year of a product: a week's pattern, a slow trend, noise of counts; campaigns of a few days in
which money is spent; a response with a carry-over and a saturation drawn from a continuum, of another shape than the
model's (a power, and an exponential that levels off). The truth is the difference of the mean with and without spend.

The one rule: what is drawn here shares no code with what measures it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from online_models.spend import measure_spend
from streams.evaluation.panel import Floats

DAYS: Final = 182


class SpendResult(NamedTuple):
    """Over all seeds.

    Parameters
    ----------
    seeds, measured
        How many were drawn; of how many something was said.
    median_error, mean_error
        Of the absolute relative error of the incremental units.
    within_20
        Share of the seeds within 20 %.
    covered_90
        Share whose 90 % interval holds the truth.
    total_error
        Of the incremental units of all seeds together, relative.
    """

    seeds: int
    measured: int
    median_error: float
    mean_error: float
    within_20: float
    covered_90: float
    total_error: float


def run_spend_trial(seeds: int = 50, first_seed: int = 7) -> SpendResult:
    """Draw spends with a known response, and measure them.

    Parameters
    ----------
    seeds
        How many.
    first_seed
        Of the first.
    """
    errors, covered, truths, found = [], [], [], []
    for seed in range(first_seed, first_seed + seeds):
        demand, spend, truth = draw_spend(seed)
        effect = measure_spend(demand.tolist(), spend.tolist())
        if effect is None:
            continue
        errors.append(abs(effect.incremental_units - truth) / truth)
        covered.append(effect.low_units <= truth <= effect.high_units)
        truths.append(truth)
        found.append(effect.incremental_units)
    return SpendResult(
        seeds, len(errors), float(np.median(errors)), float(np.mean(errors)), float(np.mean(np.array(errors) <= 0.2)),
        float(np.mean(covered)), float(sum(found) / sum(truths) - 1.0),
    )  # fmt: skip


def draw_spend(seed: int) -> tuple[Floats, Floats, float]:
    """Return demand, spend, and the units that spend brought in truth.

    Parameters
    ----------
    seed
        Of everything random.
    """
    random = np.random.default_rng([seed, 11])
    day = np.arange(DAYS)
    level = math.exp(random.uniform(math.log(80.0), math.log(400.0)))
    week = np.exp(random.normal(0.0, 0.2, 7))
    base = level * (week / week.mean())[day % 7] * (1.0 + random.uniform(-0.2, 0.2) * day / DAYS)
    spend = np.zeros(DAYS)
    begin = int(random.integers(5, 20))
    while begin < DAYS - 5:
        length = int(random.integers(3, 10))
        spend[begin : begin + length] = random.uniform(200.0, 1500.0) * random.uniform(
            0.8, 1.2, len(spend[begin : begin + length])
        )
        begin += length + int(random.integers(5, 18))
    carry, reach = random.uniform(0.1, 0.75), random.uniform(800.0, 4000.0)
    stock, held = np.zeros(DAYS), 0.0
    for at in range(DAYS):
        held = carry * held + spend[at]
        stock[at] = held
    shape = 1.0 - np.exp(-stock / reach) if random.random() < 0.5 else (stock / reach) ** 0.7
    lift = level * random.uniform(0.4, 0.9) * shape / shape.max()
    noise = random.gamma(80.0, 1.0 / 80.0, DAYS)
    demand = random.poisson((base + lift) * noise).astype(float)
    return demand, spend, float(lift.sum())
