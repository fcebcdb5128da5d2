"""ABC by histogram beside ABC by sorting; demand class by states beside that by the sizes themselves."""

import json

import numpy as np
import pytest

from online_models.abc_sketch import AbcSketch
from online_models.demand_class import class_of_forecast, demand_class


def test_classes_are_those_of_a_sort() -> None:
    money = np.random.default_rng(4).lognormal(2.0, 1.5, 2_000)
    sketch = AbcSketch()
    for one in money.tolist():
        sketch.note(one, 1)
    sketch.note(1.0, 2)
    order = np.sort(money)[::-1]
    above = np.cumsum(order) / order.sum()
    share = {name: sum(sketch.of(one) == name for one in money.tolist()) / len(money) for name in "ABC"}
    # By sorting; a bucket is 4 % wide, so its limit lies a few products off.
    assert share["A"] == pytest.approx((above <= 0.80).mean(), abs=0.02)
    assert share["A"] + share["B"] == pytest.approx((above <= 0.95).mean(), abs=0.03)


def test_a_sketch_goes_on_where_it_was_stored() -> None:
    random = np.random.default_rng(8)
    sketch = AbcSketch()
    for turn in range(3):
        for one in random.lognormal(1.0, 1.0, 50).tolist():
            sketch.note(one, turn + 1)
        again = AbcSketch.of_state(json.loads(json.dumps(sketch.state())))
        assert again.state() == json.loads(json.dumps(sketch.state())) or again.state() == sketch.state()
        assert [again.of(x) for x in (0.1, 1.0, 10.0)] == [sketch.of(x) for x in (0.1, 1.0, 10.0)]
        sketch = again


def test_one_series_alone_is_a() -> None:
    sketch = AbcSketch()
    sketch.note(3.0, 1)
    sketch.note(3.0, 2)
    assert sketch.of(3.0) == "A"


@pytest.mark.parametrize(("share", "sizes"), [(1.0, (9, 11)), (1.0, (1, 19)), (0.4, (9, 11)), (0.4, (1, 19))])
def test_a_forecasts_moments_tell_the_class_of_its_sizes(share: float, sizes: tuple[int, int]) -> None:
    units = np.array(sizes, float)
    second = share * (units**2).mean()
    mean = share * units.mean()
    expected = demand_class(1 / share, float(units.var() / units.mean() ** 2))
    assert class_of_forecast(share, mean, float(second - mean**2)) == expected
