"""`mapping suggest | list | show`: how a file's columns become events."""

from __future__ import annotations

import codecs
import json
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from demand_monitor.options import Json
from demand_monitor.printing import Row, error_console, print_json, print_rows
from schemas.errors import BadSetup

_ROWS = 200
_SNIFFED_BYTES = 65_536
_DELIMITERS = (",", ";", "\t", "|")

File = Annotated[Path, typer.Argument(help="CSV (also compressed) or Parquet.", metavar="FILE")]
Delimiter = Annotated[str | None, typer.Option("--delimiter", help="Between a CSV file's columns; guessed without it.")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Of a CSV file; guessed without it.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the mapping to this file.", metavar="TOML")]
Name = Annotated[str, typer.Argument(help="A mapping that ships, or FILE.toml.", metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="See the mappings that ship, and guess one for your own file.", no_args_is_help=True)
    group.command("suggest")(suggest)
    group.command("list")(list_mappings)
    group.command("show")(show)
    app.add_typer(group, name="mapping")


def suggest(
    file: File,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Guess a mapping from a file's headers (English, Spanish, Portuguese) and first rows, and say what is doubtful."""
    from producers.mappings.files import read_head
    from producers.mappings.mapping import FileRule, parse_mapping
    from producers.mappings.suggest import suggest as guess

    sniffed_delimiter, sniffed_encoding = _sniff(file)
    rule = FileRule(delimiter=delimiter or sniffed_delimiter, encoding=encoding or sniffed_encoding)
    headers, rows = read_head(file, rule, _ROWS)
    text, doubts = guess(headers, rows, file.name.split(".")[0])
    text = _with_file_rule(text, rule.delimiter, rule.encoding)
    parse_mapping(text, f"suggested for {file.name}")
    if output is not None:
        _write(output, text)
    if as_json:
        print_json({"mapping": text, "doubts": doubts})
        return
    if output is None:
        print(text, end="")
    stderr = error_console()
    for doubt in doubts:
        stderr.print(f"? {doubt}", markup=False)
    stderr.print(f"Next: demand-monitor load {file} --mapping {output or 'FILE.toml'}", markup=False)


def _sniff(file: Path) -> tuple[str, str]:
    """Return the likeliest delimiter and encoding of a CSV file; a compressed one, or Parquet, gives the defaults."""
    if file.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return ",", "utf-8"
    try:
        with file.open("rb") as opened:
            head = opened.read(_SNIFFED_BYTES)
    except OSError as error:
        raise BadSetup(f"The file {file} cannot be read: {error.strerror}.") from None
    encoding = "utf-8"
    try:
        # The last character may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        encoding = "cp1252"
    if head.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    first = head.split(b"\n", 1)[0].decode(encoding, errors="replace")
    return max(_DELIMITERS, key=first.count), encoding


def _with_file_rule(text: str, delimiter: str, encoding: str) -> str:
    """Return a suggested mapping that says how its file is written, where that is not the default."""
    lines = []
    if delimiter != ",":
        lines.append(f"delimiter = {json.dumps(delimiter)}")
    if encoding != "utf-8":
        lines.append(f'encoding = "{encoding}"')
    if not lines:
        return text
    rule = "\n".join(["[file]", *lines])
    return text.replace("[file]", rule, 1) if "\n[file]\n" in text else text.replace("[time]", f"{rule}\n\n[time]", 1)


def list_mappings(as_json: Json = False) -> None:
    """List the mappings that ship."""
    from producers.mappings.mapping import read_mapping, shipped

    rows: list[Row] = []
    for name in shipped():
        mapping = read_mapping(name)
        rows.append({"mapping": name, "grain": mapping.grain, "zone": mapping.zone, "about": mapping.about})
    print_rows(rows, as_json)


def show(name: Name, as_json: Json = False) -> None:
    """Print a mapping, to begin one's own from."""
    from producers.mappings.mapping import read_mapping

    mapping = read_mapping(name)
    if as_json:
        print_json(mapping.model_dump(mode="json", exclude_defaults=True))
    else:
        file = Path(name) if name.endswith(".toml") else resources.files("producers.mappings") / f"{name}.toml"
        print(file.read_text(encoding="utf-8"), end="")


def _write(path: Path, text: str) -> None:
    try:
        # `x`: a mapping that somebody has corrected is not lost to a second guess.
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BadSetup(f"The mapping cannot be written to {path}: {error.strerror}.") from None
