"""`mapping`: a guess is a mapping that loads the file as it is written, and nothing is overwritten."""

import json
from pathlib import Path

import pytest

from demand_monitor.cli import main
from producers.mappings.mapping import read_mapping
from producers.rows import RowSource


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["mapping", *words])
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.parametrize(
    ("delimiter", "encoding", "rule"),
    [
        (",", "utf-8", set()),
        (";", "utf-8", {'delimiter = ";"'}),
        ("\t", "cp1252", {'delimiter = "\\t"', 'encoding = "cp1252"'}),
        ("|", "utf-8-sig", {'delimiter = "|"', 'encoding = "utf-8-sig"'}),
    ],
)
def test_a_guess_says_how_the_file_is_written(tmp_path: Path, delimiter: str, encoding: str, rule: set[str]) -> None:
    file, mapping = tmp_path / "ventas.csv", tmp_path / "ventas.toml"
    rows = ["fecha tienda código cantidad", "2025-01-05 lima leña 3", "2025-01-06 lima leña 2"]
    file.write_text("\n".join(row.replace(" ", delimiter) for row in rows) + "\n", encoding=encoding)
    assert call("suggest", str(file), "--output", str(mapping)) == 0
    lines = mapping.read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line.startswith(("delimiter", "encoding"))} == rule
    # What was guessed loads the file: two sales of `leña`.
    events = [event for batch in RowSource([(file, read_mapping(str(mapping)))]).batches() for event in batch]
    assert [(event.key, json.loads(event.value)["units"]) for event in events] == [
        ("leña".encode(), 3.0),
        ("leña".encode(), 2.0),
    ]


def test_a_mapping_that_somebody_has_corrected_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, mapping = tmp_path / "sales.csv", tmp_path / "sales.toml"
    file.write_text("date,store,sku,units\n2025-01-05,lima,7,3\n")
    mapping.write_text("corrected by hand")
    assert call("suggest", str(file), "-o", str(mapping)) == 2
    assert mapping.read_text() == "corrected by hand"
    assert "cannot be written" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("suggest", "/nowhere/sales.csv") == 2
    assert capsys.readouterr().err.startswith("The file /nowhere/sales.csv cannot be read: No such file")


def test_what_ships_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "--json") == 0
    rows = {row["mapping"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["uci-online-retail"]["zone"] == "Europe/London"
    assert call("show", "uci-online-retail") == 0
    assert capsys.readouterr().out.startswith('name = "uci-online-retail"')
