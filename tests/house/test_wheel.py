"""What people install: the wheel holds every room whole, with its types and data files, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths inside a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("room", ROOMS)
def test_wheel_says_that_the_room_is_typed(wheel_names: set[str], room: str) -> None:
    assert {f"{room}/__init__.py", f"{room}/py.typed"} <= wheel_names


def test_wheel_holds_every_file_of_the_rooms(wheel_names: set[str]) -> None:
    # Mappings (.toml), JSON Schemas and Lua scripts are easily forgotten, for the editable install finds them anyway.
    of_rooms = {path for path in tracked_files() if path.split("/")[0] in ROOMS and (ROOT / path).exists()}
    assert of_rooms - wheel_names == set()


def test_wheel_holds_nothing_but_rooms(wheel_names: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)


def test_wheel_carries_the_licence(wheel_names: set[str]) -> None:
    assert any(Path(name).name == "LICENSE" for name in wheel_names)
