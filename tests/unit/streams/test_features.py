"""Features of a period: worked out by hand, neutral where unknown."""

import math
from datetime import date

import pytest

from online_models.catalogue import CATALOGUE, ROWS
from online_models.columns import COLUMNS
from streams.features import PeriodFacts, build_features, month_edge, past_features

HISTORY = [float(units) for units in range(1, 41)]


def named(history: list[float | None], facts: PeriodFacts) -> dict[str, float]:
    row = build_features(history, facts).row
    return dict(zip((each.name for each in ROWS), row, strict=True))


def facts(**known: object) -> PeriodFacts:
    return PeriodFacts(40, 5, 7, **known)  # type: ignore[arg-type]


def test_the_catalogue_is_the_models_columns() -> None:
    names = [each.name for each in CATALOGUE]
    assert len(set(names)) == len(names)
    assert names[: len(COLUMNS)] == [column.name for column in COLUMNS]
    # The models' documents name these three.
    assert {"lag_7_demand", "moving_avg_30days_demand", "price_promo_interaction"} <= set(names)


def test_neutral_values_are_those_of_the_columns() -> None:
    row = named([4.0] * 30, facts())
    assert [row[c.name] for c in COLUMNS if not c.in_units] == [c.neutral for c in COLUMNS if not c.in_units]


def test_past_demand() -> None:
    row = named([*HISTORY], facts())
    assert [row[f"lag_{lag}_demand"] for lag in (1, 7, 14, 28)] == [40.0, 34.0, 27.0, 13.0]
    # Means of 34..40 and of 11..40.
    assert row["moving_avg_7days_demand"] == 37.0
    assert row["moving_avg_30days_demand"] == 25.5


def test_unknown_lags_are_the_moving_average() -> None:
    row = past_features([8.0, None, 4.0, None])
    assert row == (6.0, 6.0, 6.0, 6.0, 6.0, 6.0)


def test_a_week_unknown_falls_back_to_the_month() -> None:
    row = past_features([9.0] * 10 + [None] * 7)
    assert row == (9.0,) * 6


def test_no_history_is_not_a_number_rather_than_zero() -> None:
    assert all(math.isnan(value) for value in past_features([]))
    assert all(math.isnan(value) for value in past_features([None] * 30))


def test_promotion_and_prices() -> None:
    row = named([1.0], facts(promotion_depth=0.25, own_price=6.0, reference_price=8.0, rival_price=5.0))
    assert (row["promotion"], row["promotion_depth"], row["own_price_ratio"]) == (1.0, 0.25, 0.75)
    assert row["price_gap"] == pytest.approx(0.2)
    assert row["price_promo_interaction"] == pytest.approx(0.2)


def test_a_promotion_of_unknown_depth_is_one() -> None:
    row = named([1.0], facts(promotion_depth=math.nan))
    assert (row["promotion"], row["promotion_depth"]) == (1.0, 0.0)


def test_no_price_no_gap() -> None:
    assert named([1.0], facts(rival_price=5.0))["price_gap"] == 0.0
    assert named([1.0], facts(own_price=5.0))["own_price_ratio"] == 1.0


def test_holidays() -> None:
    assert [named([1.0], facts(holiday=known))["holiday"] for known in (True, False, None)] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("day", "edge"),
    [
        (date(2012, 2, 27), 0.0), (date(2012, 2, 28), 1.0), (date(2012, 2, 29), 1.0), (date(2012, 3, 1), 1.0),
        (date(2012, 3, 3), 1.0), (date(2012, 3, 4), 0.0), (date(2012, 3, 30), 1.0), (date(2012, 12, 31), 1.0),
    ],
)  # fmt: skip
def test_month_edges(day: date, edge: float) -> None:
    assert month_edge(day) == edge
    assert named([1.0], facts(starts_on=day))["month_edge"] == edge


def test_slot_and_signals_are_carried() -> None:
    features = build_features([1.0], PeriodFacts(40, 5, 7, signals=(21.5,)))
    assert features.slot == 5
    assert features.row[len(ROWS) :] == (21.5,)
