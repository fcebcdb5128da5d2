"""Names and factories of the experts."""

import pytest

from online_models import registry
from online_models.tsb import Tsb


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(KeyError, match="there are ewma, regression, seasonal_naive, tsb"):
        registry.make("prophet", 7, ())


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="already"):
        registry.register("tsb", lambda season, columns: Tsb())


def test_installed_packages_may_add_nothing() -> None:
    assert registry.register_installed() == ()
