"""The mapping language on files of a few lines, with values worked out by hand."""

import json
from pathlib import Path

import pytest

from producers.mappings.mapping import parse_mapping, read_mapping
from producers.rows import RowEvent, RowSource
from schemas.errors import BadSetup, UnknownMapping
from schemas.reasons import Reason

HEAD = """
name = "small"
zone = "America/Lima"
currency = "PEN"
grain = "{grain}"
sorted = {sorted}
{more}
[time]
of = "{{day}}"
format = "{format}"
[defaults]
store_id = "lima"
sku = "{{item}}"
"""
SOLD = '[[event]]\nkind = "sold"\nfields = { units = "{units}" }\n'


def write(folder: Path, text: str, name: str = "small.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(
    path: Path, rules: str, grain: str = "day", in_order: str = "true", form: str = "%Y-%m-%d", more: str = ""
) -> list[RowEvent]:
    mapping = parse_mapping(HEAD.format(grain=grain, sorted=in_order, format=form, more=more) + rules, "test")
    return [event for batch in RowSource([(path, mapping)]).batches() for event in batch]


def fields(event: RowEvent) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(event.value)
    return loaded


@pytest.mark.parametrize(
    ("grain", "form", "text", "expected"),
    [
        # Lima is UTC-5 all year: the last second of its Wednesday 2024-01-03 is 04:59:59 UTC of the 4th.
        ("line", "%Y-%m-%d %H:%M", "2024-01-03 10:30", "2024-01-03T15:30:00Z"),
        ("hour", "%Y-%m-%d %H:%M", "2024-01-03 10:30", "2024-01-03T15:59:59Z"),
        ("day", "%Y-%m-%d", "2024-01-03", "2024-01-04T04:59:59Z"),
        ("week", "%Y-%m-%d", "2024-01-03", "2024-01-08T04:59:59Z"),  # Sunday the 7th
        ("month", "%Y-%m", "2024-02", "2024-03-01T04:59:59Z"),  # a leap year: the 29th
    ],
)
def test_a_coarse_row_happens_in_its_periods_last_second(
    tmp_path: Path, grain: str, form: str, text: str, expected: str
) -> None:
    path = write(tmp_path, f"day,item,units\n{text},a,3\n")
    (event,) = run(path, SOLD, grain, form=form)
    assert fields(event)["event_time"] == expected


def test_a_time_that_the_clocks_skip_moves_forward(tmp_path: Path) -> None:
    # London, 2011-03-27: 01:00 to 02:00 does not exist; 02:00 BST is 01:00 UTC.
    path = write(tmp_path, "day,item,units\n2011-03-27 01:30,a,3\n")
    mapping = HEAD.format(grain="line", sorted="true", format="%Y-%m-%d %H:%M", more="").replace(
        "America/Lima", "Europe/London"
    )
    source = RowSource([(path, parse_mapping(mapping + SOLD, "test"))])
    assert [fields(event)["event_time"] for batch in source.batches() for event in batch] == ["2011-03-27T01:00:00Z"]


def test_formulas_and_conditions(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "day,item,units,price1,price2,size,kind,note\n"
        "2024-01-03,a,-2,0.05,0.07,64,C12,Café Ñandú\n"
        "2024-01-03,b,5,0.05,0.07,10,12,NA\n",
    )
    rules = """
[values]
one = { pick = "price{which}", times = "{size}", decimals = 2 }
which = { of = "{item}", map = { a = "1", "b*" = "2" } }
[[event]]
kind = "returned"
when = [{ of = "{kind}", prefix = "C" }, { of = "{units}", less = 0 }]
fields = { units = { of = "{units}", absolute = true }, unit_price = "{one}" }
[[event]]
kind = "adjusted"
when = [{ any = [{ of = "{units}", at_least = 5 }, { of = "{item}", in = ["z"] }] }, { of = "{kind}", no_prefix = "C" }]
fields = { units = { of = "{units}", times = -1, over = 2, plus = 1 }, cause = "{note}" }
[[event]]
kind = "product"
when = [{ of = "{note}", missing = false }]
fields = { name = { of = "{note}", upper = true, longest = 4 }, category = { of = "{note}", transform = "slug" } }
"""
    events = [fields(event) for event in run(path, rules, more='[file]\nmissing = ["", "NA"]\n')]
    product, returned, adjusted = events
    assert (product["name"], product["category"]) == ("CAFÉ", "cafe-nandu")
    assert (returned["units"], returned["unit_price"]) == (2.0, 3.2)  # 0.05 x 64
    assert (adjusted["units"], "cause" in adjusted) == (-1.5, False)  # 5 x -1 / 2 + 1; the note is unknown


def test_money_texts_and_decimal_commas(tmp_path: Path) -> None:
    path = write(tmp_path, "day;item;units;price\n2024-01-03;a;3;S/ 1.234,50 un\n")
    rules = SOLD.replace(
        'units = "{units}"',
        'units = "{units}", unit_price = { of = "{price}", transform = "first_number", number = true }',
    )
    more = '[file]\ndelimiter = ";"\ndecimal = ","\nthousands = "."\n'
    (event,) = run(path, rules, more=more)
    assert (fields(event)["unit_price"], fields(event)["currency"]) == (1234.5, "PEN")


def test_what_a_contract_refuses_is_quarantined_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "day,item,units\n2024-01-03,a,3\n2024-01-03,b,many\n2024-01-03,c,0\nsoon,d,1\n2024-01-04,e|f,1\n2024-01-04,g,1\n",
    )
    events = run(path, SOLD)
    assert [(event.row, event.reason) for event in events] == [
        (3, Reason.SCHEMA),  # no time: it stands at the start of the day of the row before it
        (0, None),
        (1, Reason.SCHEMA),
        (2, Reason.IMPLAUSIBLE),
        (4, Reason.SCHEMA),
        (5, None),
    ]
    assert json.loads(events[2].value) == {"day": "2024-01-03", "item": "b", "units": "many"}


def test_once_per_remembers_across_chunks_and_skipped_rows_say_nothing(tmp_path: Path) -> None:
    lines = "".join(f"2024-01-0{day},{item},1\n" for day in (1, 2, 3) for item in "ab")
    rules = '[[skip]]\nwhen = [{ of = "{item}", equals = "b" }]\n[[event]]\nkind = "product"\nonce_per = "{item}"\n'
    mapping = parse_mapping(HEAD.format(grain="day", sorted="true", format="%Y-%m-%d", more="") + rules, "test")
    path = write(tmp_path, "day,item,units\n" + lines)
    events = [event for batch in RowSource([(path, mapping)], chunk_rows=2).batches() for event in batch]
    assert [(event.row, event.key) for event in events] == [(0, b"product|a|2024-01-01T05:00:00Z")]


def test_an_unsorted_file_is_sorted_and_keeps_its_rows_ids(tmp_path: Path) -> None:
    head = "day,item,units\n"
    forward = run(write(tmp_path, head + "2024-01-03,a,1\n2024-01-04,b,2\n"), SOLD)
    backward = run(write(tmp_path, head + "2024-01-04,b,2\n2024-01-03,a,1\n"), SOLD, in_order="false")
    assert [fields(event)["sku"] for event in backward] == ["a", "b"]
    assert [event.row for event in backward] == [1, 0]
    ids = [fields(event)["event_id"] for event in forward]
    assert [fields(event)["event_id"] for event in backward] == ids[::-1]  # an id is of the row, not of the time


def test_a_file_that_is_not_sorted_as_its_mapping_says_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "day,item,units\n2024-01-04,b,2\n2024-01-03,a,1\n")
    with pytest.raises(UnknownMapping, match=r"Row 1 of small\.csv is older"):
        run(path, SOLD)


def test_a_format_that_fits_no_row_is_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "day,item,units\n03.01.2024,a,1\n")
    with pytest.raises(UnknownMapping, match=r"can be read as %Y-%m-%d"):
        run(path, SOLD)


def test_a_file_without_rows_says_nothing(tmp_path: Path) -> None:
    assert run(write(tmp_path, "day,item,units\n"), SOLD) == []
    assert run(write(tmp_path, "day,item,units\n"), SOLD, in_order="false") == []


def test_a_value_may_have_its_columns_name_and_a_circle_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "day,item,units\n2024-01-03,a,3\n")
    (event,) = run(path, '[values]\nunits = { of = "{units}", times = 2 }\n' + SOLD)
    assert fields(event)["units"] == 6.0
    with pytest.raises(UnknownMapping, match="no value and no column"):
        run(path, '[values]\nx = "{y}"\ny = "{x}"\n' + SOLD.replace("{units}", "{x}"))


def test_a_lacking_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "day,item,pieces\n2024-01-04,b,2\n")
    with pytest.raises(UnknownMapping, match=r"no column units; it has day, item, pieces"):
        run(path, SOLD)


def test_a_file_that_is_not_there_is_a_setup_fault(tmp_path: Path) -> None:
    with pytest.raises(BadSetup, match=r"gone\.csv"):
        run(tmp_path / "gone.csv", SOLD)


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ('[[event]]\nkind = "bought"\n', "no kind 'bought'"),
        ('[[event]]\nkind = "sold"\n', "lacks units"),
        ('[[event]]\nkind = "sold"\nfields = { units = 1, customer = "{item}" }\n', "no field customer"),
        ('[[event]]\nkind = "sold"\nfields = { units = { of = "{units}", eval = "1+1" } }\n', "eval"),
        ('[[event]]\nkind = "sold"\nwhen = [{ of = "{item}" }]\nfields = { units = 1 }\n', "with a test"),
        ("[[event]\n", "no TOML"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_when_read(rules: str, complaint: str) -> None:
    text = HEAD.format(grain="day", sorted="true", format="%Y-%m-%d", more="") + rules
    with pytest.raises(UnknownMapping, match="test") as caught:
        parse_mapping(text, "test")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(("old", "new"), [("America/Lima", "Peru/Nowhere"), ('"PEN"', '"SOL"')])
def test_an_unknown_zone_or_currency_is_refused(old: str, new: str) -> None:
    text = HEAD.format(grain="day", sorted="true", format="%Y-%m-%d", more="") + SOLD
    with pytest.raises(UnknownMapping, match=r"no time zone|no currency"):
        parse_mapping(text.replace(old, new), "test")


def test_an_unknown_name_lists_the_mappings_there_are() -> None:
    with pytest.raises(UnknownMapping, match="uci-online-retail") as caught:
        read_mapping("uci")
    assert caught.value.next_command == "demand-monitor mapping suggest FILE"
