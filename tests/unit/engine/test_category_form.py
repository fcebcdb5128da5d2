"""Poor forecasts of a category are told once, after 14 periods, and are over after 7 good ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from streams.engine.category_form import CategoryForms, Verdict
from streams.settings import ShopSettings

SHOP = ShopSettings()
Day = tuple[float, float, float, bool | None]
"""Actual, forecast, naive, kept."""

GOOD: Day = (10.0, 10.5, 12.0, None)
HIGH: Day = (10.0, 12.0, 13.0, None)
NO_BETTER: Day = (10.0, 11.2, 11.0, None)


def play(days: list[Day], shop: ShopSettings = SHOP, series: int = 5, stored: bool = False) -> list[Verdict]:
    forms = CategoryForms()
    said: list[Verdict] = []
    for period, day in enumerate(days):
        for _ in range(series):
            said += forms.over(period, shop)
            forms.add("dairy", period, *day)
        if stored:
            forms = CategoryForms.load({name: field for name, field in forms.writes().items() if field is not None})
    return [*said, *forms.over(len(days), shop)]


@pytest.mark.parametrize(("bad", "name"), [(HIGH, "bias"), (NO_BETTER, "error")])
def test_fourteen_poor_periods_open_it_and_seven_good_ones_clear_it(bad: Day, name: str) -> None:
    # From the first poor day: 5 series a day make 10 scored in the faded sum on the third day (5, 9.5, 13.6).
    said = play([bad] * 40 + [GOOD] * 60)
    assert [one.phase for one in said] == ["opened", "cleared"]
    opened, cleared = said
    assert opened.period == opened.since == 2 + 14 - 1
    assert getattr(opened.ailment, name) is not None
    assert sum(value is not None for value in opened.ailment) == (2 if name == "error" else 1)
    assert cleared.since == opened.period
    assert not cleared.ailment
    # Seven good periods come after the faded sum has recovered: bias of 20 % falls below 15 % when good days weigh.
    assert 40 + 7 - 1 <= cleared.period <= 40 + 7 + 14


def test_thirteen_are_not_enough_and_a_good_one_begins_anew() -> None:
    assert play([HIGH] * 15) == []
    shop = replace(SHOP, degraded_periods=3, recovered_periods=2)
    assert [one.period for one in play([HIGH] * 5, shop)] == [4]


def coverage(share: Callable[[int], bool], series: int) -> list[str]:
    forms = CategoryForms()
    said: list[Verdict] = []
    for period in range(40):
        said += forms.over(period, SHOP)
        for number in range(series):
            forms.add("dairy", period, 10.0, 10.0, 12.0, share(number + period))
    return [one.phase for one in said if one.ailment.coverage is not None]


def test_quantiles_that_are_not_kept_are_told() -> None:
    # Kept three times in four (0.75 < 0.80); nine times in ten; always (1.0 > 0.97).
    assert coverage(lambda n: n % 4 != 0, series=40) == ["opened"]
    assert coverage(lambda n: n % 10 != 0, series=40) == []
    assert coverage(lambda n: True, series=40) == ["opened"]


def test_a_few_series_prove_nothing_about_quantiles() -> None:
    # One series: some ten periods count in the faded sums, and none of ten outside is no wonder.
    assert coverage(lambda n: True, series=1) == []


def test_a_category_is_judged_once_a_period_and_storing_changes_nothing() -> None:
    days = [HIGH] * 30 + [GOOD] * 40 + [NO_BETTER] * 40
    assert play(days, stored=True) == play(days)
    assert [one.phase for one in play(days)] == ["opened", "cleared", "opened"]
