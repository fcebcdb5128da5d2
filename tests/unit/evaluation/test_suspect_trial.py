"""Hours are booked where they belong, and silence is told from want of demand."""

import numpy as np
import pytest

from schemas.quantities import HOUR_MS, to_datetime
from schemas.sales import Sale
from schemas.stock import Availability
from schemas.topics import SALES, STOCK
from streams.evaluation.hour_panel import HourBuilder, HourPanel
from streams.evaluation.own_fleet import OwnFleet
from streams.evaluation.panel_builder import Row
from streams.evaluation.suspect_trial import precision_at_recall, run_suspect_trial
from tests.unit.evaluation.panels import make_panel

MONDAY_MS = 1_704_067_200_000


def sold(hour: int, units: float) -> Row:
    """So many hours after Monday midnight UTC."""
    at_ms = MONDAY_MS + hour * HOUR_MS
    body = Sale(event_id=f"e{hour}-{units}", event_time=to_datetime(at_ms), store_id="s", sku="a", units=units)
    return at_ms, SALES, body.encode()


def stocked(hour: int, hours: int, there: bool) -> Row:
    """Told for an interval."""
    begin, end = (to_datetime(MONDAY_MS + at * HOUR_MS) for at in (hour, hour + hours))
    body = Availability(
        event_id=f"a{hour}", event_time=begin, store_id="s", sku="a", in_stock=there, valid_from=begin, valid_to=end
    )
    return MONDAY_MS + hour * HOUR_MS, STOCK, body.encode()


def test_hours_are_booked_on_the_local_clock() -> None:
    builder = HourBuilder("shop", "Asia/Shanghai")
    # 20 and 21 o'clock UTC are 4 and 5 o'clock on Tuesday in Shanghai.
    builder.feed([sold(1, 2.0), sold(1, 3.0), stocked(2, 2, there=False), stocked(4, 1, there=True), sold(20, 7.0)])
    panel = builder.build()
    assert panel.sold.shape == (1, 2, 24)
    assert panel.sold[0, 0, 9] == 5.0
    assert panel.sold[0, 1, 4] == 7.0
    assert panel.out[0, 0].nonzero()[0].tolist() == [10, 11]
    assert panel.told[0, 0].nonzero()[0].tolist() == [10, 11, 12]
    # Told to be empty for two of three hours; the models are shown a full day.
    assert panel.days.exposure[0, 0] == pytest.approx(1 / 3)
    assert panel.as_sold().days.exposure[0, 0] == 1.0


def shop(fast: float, slow: float, days: int = 70) -> HourPanel:
    """Fast and slow sellers, twelve hours a day; each is empty on a third of the days from a drawn hour on."""
    random = np.random.default_rng(4)
    rates = np.array([fast] * 6 + [slow] * 6)
    sold = random.poisson(rates[:, None, None] / 12, (12, days, 24)).astype(float)
    sold[:, :, :8] = sold[:, :, 20:] = 0.0
    since = np.where(random.random((12, days)) < 0.33, random.integers(8, 20, (12, days)), 24)
    out = np.arange(24)[None, None, :] >= since[:, :, None]
    sold[out] = 0.0
    told = np.zeros(sold.shape, np.bool_)
    told[:, :, 6:22] = True
    return HourPanel(make_panel(sold.sum(axis=2)), sold, out & told, told)


def test_silence_of_a_fast_seller_tells_more_than_the_same_silence_of_a_slow_one() -> None:
    found = run_suspect_trial(shop(60.0, 2.0), OwnFleet, tail=28, seed=1)
    assert found.hours == 12 * 28 * 16
    assert found.ratio > 1.25
    assert found.ratio_low <= found.ratio <= found.ratio_high


def test_precision_of_a_perfect_and_of_a_blind_score() -> None:
    truth = np.array([True] * 10 + [False] * 90)
    assert precision_at_recall(truth.astype(float), truth, 0.2)[0] == pytest.approx(1.0)
    assert precision_at_recall(np.zeros(100), truth, 0.2)[0] == pytest.approx(0.1)
