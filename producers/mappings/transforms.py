"""The named transforms: what a mapping may ask for by name, beyond the steps of a formula.

The one rule: a transform is a pure function of one value, and it stands in this one table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from producers.mappings.columns import Value

_NUMBER = re.compile(r"-?\d[\d.,\u00a0\u202f' ]*")


def plain(text: str) -> str:
    """Return the text in lower case, without accents.

    >>> plain("Preço Médio")
    'preco medio'
    """
    bare = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).lower()


def _slug(value: Value) -> Value:
    return None if value is None else re.sub(r"[^a-z0-9]+", "-", plain(str(value))).strip("-")[:64] or None


def _first_number(value: Value) -> Value:
    found = None if value is None else _NUMBER.search(str(value))
    return None if found is None else found.group().strip(" .,'\u00a0\u202f")


#: By name: `slug` makes an id of a name, `first_number` cuts the number out of a text such as "S/ 18.90 un".
TRANSFORMS: Mapping[str, Callable[[Value], Value]] = {"slug": _slug, "first_number": _first_number}
