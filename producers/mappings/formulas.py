"""What expressions and conditions mean.

::

    of ─► transform ─► upper | lower ─► map, otherwise ─► number ─► × times ÷ over + plus ─► absolute ─► lowest, highest
                                                                                            ─► decimals ─► longest

`map` takes the unknown as the empty text, and a key that ends in `*` takes every text that begins so (the first such
key wins, after an exact one). The one rule: unknown in, unknown out; a text that should be a number stays as it is, so
that the contract refuses it and the row is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from producers.mappings.columns import Column, Value, combine
from producers.mappings.mapping import Condition, Expression, FileRule, Formula, Mapping
from producers.mappings.transforms import TRANSFORMS

if TYPE_CHECKING:
    from producers.mappings.sheet import Sheet

_NAME = re.compile(r"\{([^{}]+)\}")
Mask = npt.NDArray[np.bool_]


def evaluate(expression: Expression, sheet: Sheet) -> Column:
    """Return the expression's value in every row."""
    if isinstance(expression, Formula):
        return _apply(expression, sheet)
    if isinstance(expression, str):
        return _fill(expression, sheet)
    return Column.constant(expression, len(sheet))


def holds(conditions: Sequence[Condition], sheet: Sheet) -> Mask:
    """Return, by row, whether all conditions hold."""
    return reduce(np.logical_and, (_test(condition, sheet) for condition in conditions), np.ones(len(sheet), np.bool_))


def names_of(mapping: Mapping) -> frozenset[str]:
    """Return every name that stands in braces, or is picked or run through, anywhere in a mapping."""
    found: set[str] = set()
    _gather(mapping.model_dump(by_alias=True), found)
    for rule in mapping.event:
        if rule.runs is not None:
            found.add(rule.runs.of)
    return frozenset(found)


def patterns_of(mapping: Mapping) -> tuple[re.Pattern[str], ...]:
    """Return what the names of picked columns look like: `price{brand}` picks among `price…`."""
    picks: set[str] = set()
    _gather_picks(mapping.model_dump(by_alias=True), picks)
    parts = (_NAME.sub("\0", pick).split("\0") for pick in sorted(picks))
    return tuple(re.compile(".+".join(re.escape(piece) for piece in pieces)) for pieces in parts)


def as_text(value: Value) -> str | None:
    """Return a value as a person writes it.

    >>> as_text(17850.0), as_text(0.5), as_text(True)
    ('17850', '0.5', 'true')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def as_number(value: Value, rule: FileRule) -> Value:
    """Return a value as a number, or as it is when it is none.

    >>> as_number("1.234,5", FileRule(decimal=",", thousands="."))
    1234.5
    """
    if not isinstance(value, str):
        return int(value) if isinstance(value, bool) else value
    text = value.strip()
    if rule.thousands:
        text = text.replace(rule.thousands, "")
    try:
        return float(text if rule.decimal == "." else text.replace(rule.decimal, "."))
    except ValueError:
        return value


def _fill(template: str, sheet: Sheet) -> Column:
    names = _NAME.findall(template)
    if not names:
        return Column.constant(template, len(sheet))
    if template == f"{{{names[0]}}}":
        return sheet.column(names[0])
    pieces = _NAME.split(template)[::2]

    def write(*values: Value) -> Value:
        texts = [as_text(value) for value in values]
        if None in texts:
            return None
        return pieces[0] + "".join(f"{text}{piece}" for text, piece in zip(texts, pieces[1:], strict=True))

    return combine([sheet.column(name) for name in names], write)


def _apply(formula: Formula, sheet: Sheet) -> Column:
    rule = sheet.mapping.file
    column = evaluate(formula.of, sheet) if formula.of is not None else _pick(str(formula.pick), sheet)
    if (text_steps := _text_steps(formula)) is not None:
        column = column.map(text_steps)
    if not formula.numeric:
        return column if formula.longest is None else column.map(_shorten(formula.longest))
    column = column.map(lambda value: as_number(value, rule))
    for other, operate in ((formula.times, _times), (formula.over, _over), (formula.plus, _plus)):
        if other is not None:
            right = evaluate(other, sheet).map(lambda value: as_number(value, rule))
            column = combine([column, right], operate)
    return column.map(lambda value: _bound(value, formula))


def _pick(template: str, sheet: Sheet) -> Column:
    chosen = _fill(template, sheet)
    names = [name for name in chosen.values if isinstance(name, str)]

    def choose(name: Value, *row: Value) -> Value:
        return row[names.index(name)] if isinstance(name, str) else None

    return combine([chosen, *(sheet.column(name) for name in names)], choose)


def _text_steps(formula: Formula) -> Callable[[Value], Value] | None:
    table, otherwise = formula.map, formula.otherwise
    transform = TRANSFORMS[formula.transform] if formula.transform is not None else None
    if table is None and transform is None and not formula.upper and not formula.lower:
        return None

    def step(value: Value) -> Value:
        if transform is not None:
            value = transform(value)
        if isinstance(value, str):
            value = value.upper() if formula.upper else value.lower() if formula.lower else value
        return value if table is None else _look_up(as_text(value) or "", table, otherwise)

    return step


def _look_up(text: str, table: dict[str, str | float | bool], otherwise: Value) -> Value:
    if text in table:
        return table[text]
    heads = (key for key in table if key.endswith("*") and text.startswith(key[:-1]))
    return table[head] if (head := next(heads, None)) is not None else otherwise


def _shorten(longest: int) -> Callable[[Value], Value]:
    return lambda value: value[:longest] if isinstance(value, str) else value


def _arithmetic(operate: Callable[[float, float], float | None]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return operate(left, right)
        return None if left is None or right is None else left

    return apply


_times = _arithmetic(lambda left, right: left * right)
_over = _arithmetic(lambda left, right: left / right if right else None)
_plus = _arithmetic(lambda left, right: left + right)


def _bound(value: Value, formula: Formula) -> Value:
    if not isinstance(value, int | float):
        return value
    value = abs(value) if formula.absolute else value
    value = value if formula.lowest is None else max(value, formula.lowest)
    value = value if formula.highest is None else min(value, formula.highest)
    return value if formula.decimals is None else round(float(value), formula.decimals)


def _test(condition: Condition, sheet: Sheet) -> Mask:
    if condition.any is not None:
        return reduce(np.logical_or, (_test(each, sheet) for each in condition.any), np.zeros(len(sheet), np.bool_))
    assert condition.of is not None  # the model has seen to it
    rule = sheet.mapping.file
    return evaluate(condition.of, sheet).mask(lambda value: _passes(value, condition, rule))


def _passes(value: Value, condition: Condition, rule: FileRule) -> bool:
    if condition.missing is not None and condition.missing != (value is None):
        return False
    text = as_text(value)
    if condition.prefix is not None and not (text is not None and text.startswith(condition.prefix)):
        return False
    if condition.no_prefix is not None and not (text is not None and not text.startswith(condition.no_prefix)):
        return False
    for operand, compare in (
        (condition.equals, lambda left, right: left == right),
        (condition.not_equals, lambda left, right: left != right),
        (condition.less, lambda left, right: left < right),
        (condition.at_most, lambda left, right: left <= right),
        (condition.greater, lambda left, right: left > right),
        (condition.at_least, lambda left, right: left >= right),
    ):
        if operand is not None and not _compare(value, operand, compare, rule):
            return False
    if condition.among is not None and not _is_among(value, condition.among, rule):
        return False
    return condition.not_among is None or (value is not None and not _is_among(value, condition.not_among, rule))


def _compare(value: Value, operand: str | float | bool, compare: Callable[..., bool], rule: FileRule) -> bool:
    if isinstance(operand, str):
        return value is not None and compare(as_text(value), operand)
    number = as_number(value, rule)
    return isinstance(number, int | float) and compare(number, operand)


def _is_among(value: Value, choices: Sequence[str | float], rule: FileRule) -> bool:
    return any(_compare(value, choice, lambda left, right: left == right, rule) for choice in choices)


def _gather(part: object, found: set[str]) -> None:
    if isinstance(part, str):
        found.update(_NAME.findall(part))
    elif isinstance(part, dict):
        for inner in part.values():
            _gather(inner, found)
    elif isinstance(part, list | tuple):
        for inner in part:
            _gather(inner, found)


def _gather_picks(part: object, picks: set[str]) -> None:
    if isinstance(part, dict):
        if isinstance(part.get("pick"), str):
            picks.add(part["pick"])
        for inner in part.values():
            _gather_picks(inner, picks)
    elif isinstance(part, list | tuple):
        for inner in part:
            _gather_picks(inner, picks)
