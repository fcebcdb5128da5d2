"""The locks: every requirement pinned and hashed, and none forgotten since pyproject.toml changed."""

import re
import tomllib
from collections.abc import Iterable

import pytest

from tests.house.tree import ROOT

LOCKS = {
    "app": (),
    "demo": ("demo",),
    "evaluation": ("evaluation",),
    "dev": ("dashboards", "demo", "test", "lint"),
}


def locked(name: str) -> dict[str, str]:
    """Text of each requirement of a lock (pin, marker, hashes) by the package's name."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    requirements = re.split(r"\n(?=[a-z0-9])", text.strip())
    return {re.split(r"[=\[ ]", requirement)[0]: requirement for requirement in requirements}


def wanted(extras: Iterable[str]) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}
    return names - {"demand-monitor"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    requirements = locked(name)
    assert requirements
    assert [
        each for each in requirements.values() if not re.match(r"\S+==\S+", each) or "--hash=sha256:" not in each
    ] == []


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_lock_knows_every_dependency(name: str, extras: tuple[str, ...]) -> None:
    assert wanted(extras) - set(locked(name)) == set(), "run `make lock`"


def test_a_larger_lock_agrees_with_a_smaller_one() -> None:
    app, demo, evaluation, dev = (locked(name) for name in LOCKS)
    assert [each for each in app if app[each] != demo.get(each)] == []
    assert [each for each in app if app[each] != evaluation.get(each)] == []
    assert [each for each in (*demo, *evaluation) if each not in dev] == []
