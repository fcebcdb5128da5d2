"""`docs/features.md` says what the catalogue says."""

import re

from online_models.candidates import INTERVAL_ERRORS, LARGEST_FACTOR, LEAST_FACTOR, LEAST_PERIODS
from online_models.catalogue import CATALOGUE, render_page
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "features.md").read_text()


def test_the_page_holds_the_catalogue() -> None:
    (table,) = re.findall(r"<!-- features -->\n(.*?)<!-- /features -->", PAGE, re.DOTALL)
    assert table == render_page(), "run python -m online_models.catalogue and put what it prints between the marks"
    assert table.count("\n") == len(CATALOGUE) + 2


def test_the_page_names_the_bounds_of_the_code() -> None:
    for bound in (LEAST_FACTOR, LARGEST_FACTOR, INTERVAL_ERRORS):
        assert f"{bound:g}" in PAGE
    assert f"after {LEAST_PERIODS:g} periods" in PAGE
