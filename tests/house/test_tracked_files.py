"""What may be in the repository: words and code, no data, no address of a package registry."""

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, modules, tracked_files

DATA_SUFFIXES = {
    *(".arrow", ".avro", ".csv", ".feather", ".h5", ".npy", ".npz", ".parquet", ".tsv", ".xls", ".xlsx"),
    *(".db", ".pickle", ".pkl", ".rdb", ".sqlite"),
    *(".7z", ".bz2", ".gz", ".xz", ".zip"),
}
MAXIMUM_BYTES = 400_000
# Written in two parts, so that this file does not name them itself.
REGISTRY_HOSTS = [
    ("pypi", ".org"),
    ("python", "hosted.org"),
    ("repo1.", "maven.org"),
    ("repo.", "maven.apache.org"),
    ("maven", "central"),
    ("npm", "js.org"),
    ("proxy.", "golang.org"),
    ("index-", "url"),
]


def present() -> list[Path]:
    return [ROOT / path for path in tracked_files() if (ROOT / path).is_file()]


def test_no_data_is_tracked() -> None:
    assert [path for path in present() if path.suffix.lower() in DATA_SUFFIXES] == []


def test_no_tracked_file_is_large() -> None:
    assert [path for path in present() if path.stat().st_size > MAXIMUM_BYTES] == []


def test_the_resolvers_lock_is_not_tracked() -> None:
    # It holds the address of the registry that it was made with; requirements/*.txt hold names and hashes alone.
    assert "uv.lock" not in tracked_files()


@pytest.mark.parametrize("parts", REGISTRY_HOSTS, ids=lambda parts: " ".join(parts))
def test_no_registry_is_named(parts: tuple[str, str]) -> None:
    host = "".join(parts).encode()
    assert [path for path in present() if host in path.read_bytes().lower()] == []


def test_every_module_says_why_it_exists() -> None:
    found = modules()
    assert found
    assert [path for path in found if not ast.get_docstring(ast.parse(path.read_text()))] == []
