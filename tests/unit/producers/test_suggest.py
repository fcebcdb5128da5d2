"""Guesses at mappings: they can be read, they load, and they say what they doubt."""

import json
from pathlib import Path

import pytest

from producers.mappings.files import read_head
from producers.mappings.mapping import FileRule, parse_mapping
from producers.mappings.suggest import suggest
from producers.rows import RowSource

SPANISH = (
    "fecha;tienda;codigo;descripcion;cantidad;precio\n"
    "05/01/2024;Lima;7;Leche;3;S/ 4,20\n"
    "28/01/2024;Lima;8;Pan;-1;S/ 1,10\n"
)
PORTUGUESE = "data;loja;produto;venda;estoque;preco\n2024-01-05;1;Leite;3;40;4,20\n2024-01-06;1;Leite;2;38;4,20\n"
ENGLISH = "timestamp,store_id,sku,qty,unit_price\n2024-01-05 10:00:00,1,7,3,4.2\n"


def guess(folder: Path, text: str) -> tuple[str, list[str], list[dict[str, object]]]:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    delimiter = ";" if ";" in text else ","
    headers, rows = read_head(path, FileRule(delimiter=delimiter), 100)
    toml, doubts = suggest(headers, rows, "mine")
    mapping = parse_mapping(toml, "guess")
    mapping = mapping.model_copy(update={"file": mapping.file.model_copy(update={"delimiter": delimiter})})
    events = [json.loads(event.value) for batch in RowSource([(path, mapping)]).batches() for event in batch]
    return toml, doubts, [event for event in events if "kind" in event]


def test_spanish(tmp_path: Path) -> None:
    toml, doubts, events = guess(tmp_path, SPANISH)
    assert [(event["kind"], event["sku"], event["units"], event.get("unit_price")) for event in events] == [
        ("sold", "7", 3.0, 4.2),
        ("returned", "8", 1.0, None),
    ]
    assert 'currency = "PEN"' in toml
    assert any("returns" in doubt for doubt in doubts)
    assert doubts[0].startswith("The time zone is assumed to be UTC")


def test_portuguese(tmp_path: Path) -> None:
    toml, doubts, events = guess(tmp_path, PORTUGUESE)
    assert 'zone = "America/Sao_Paulo"' in toml
    assert 'grain = "day"' in toml
    assert [(event["kind"], event["units"]) for event in events] == [
        ("sold", 3.0),
        ("counted", 40.0),
        ("sold", 2.0),
        ("counted", 38.0),
    ]
    assert {event["sku"] for event in events} == {"leite"}
    assert any("Products have no code" in doubt for doubt in doubts)


def test_english(tmp_path: Path) -> None:
    toml, doubts, (event,) = guess(tmp_path, ENGLISH)
    assert 'grain = "line"' in toml
    assert (event["store_id"], event["sku"], event["units"]) == ("1", "7", 3.0)
    assert any("No currency" in doubt for doubt in doubts)


@pytest.mark.parametrize(
    ("dates", "grain"),
    [
        (["2024-01-05", "2024-01-06"], "day"),
        (["2024-01-05", "2024-01-12", "2024-01-26"], "week"),
        (["2024-01-01", "2024-02-01", "2024-03-01"], "month"),
        (["2024-01", "2024-02"], "month"),
        (["2024-01-05T10:00:00"], "line"),
    ],
)
def test_the_grain_is_read_off_the_dates(dates: list[str], grain: str) -> None:
    toml, _ = suggest(["date", "sku", "units"], [[date, "a", "1"] for date in dates])
    assert parse_mapping(toml, "guess").grain == grain


def test_a_date_that_reads_both_ways_is_a_doubt() -> None:
    _, doubts = suggest(["fecha", "sku", "unidades"], [["05/01/2024", "a", "1"]])
    assert any("day/month or month/day" in doubt for doubt in doubts)
    _, doubts = suggest(["fecha", "sku", "unidades"], [["25/01/2024", "a", "1"]])
    assert not any("day/month or month/day" in doubt for doubt in doubts)


def test_a_file_that_says_nothing_still_gives_a_mapping_and_doubts_it() -> None:
    toml, doubts = suggest(["x", "y"], [["1", "2"]])
    assert parse_mapping(toml, "guess").event[0].kind == "sold"
    assert any("No column looks like a date" in doubt for doubt in doubts)
    assert any("No column looks like units" in doubt for doubt in doubts)
