"""A first guess at a mapping from a file's headers and a few rows, and what is doubtful about it.

The one rule: a guess is never silent. Whatever was chosen where the file does not say it is listed as a doubt, in words
that the file's owner can answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from producers.mappings.transforms import plain

#: By role, header words in English, Spanish and Portuguese; the first role that fits a header takes it.
_WORDS: Table[str, str] = {
    "date": "date datetime timestamp day dt invoicedate orderdate week month fecha dia semana mes data periodo",
    "hour": "hour time hora horario",
    "units": "units unit quantity qty sold sales sale unidades unidad cantidad ventas venta vendidas vendidos cant "
    "quantidade qtd qtde qtdade vendas venda",
    "price": "price unitprice unit_price sell_price precio valor preco importe tarifa",
    "stock": "stock inventory on_hand onhand existencias inventario estoque saldo",
    "sku": "sku stockcode item_id item part product_id productid article upc ean gtin code codigo cod producto_id "
    "articulo id_producto produto_id id_produto cod_produto cod_articulo",
    "name": "description name product product_name producto nombre descripcion produto nome descricao nome_produto",
    "store": "store store_id storeid shop branch location tienda sucursal local loja filial unidade cod_loja",
    "promotion": "promo promotion onpromotion promocion oferta promocao em_promocao",
    "rival": "competitor rival competidor competencia supermercado concorrente rede cadena",
    "invoice": "invoice invoiceno receipt ticket boleta factura nota cupom",
}
_LANGUAGE: Table[str, str] = {
    "es": "fecha cantidad precio tienda producto venta ventas sucursal existencias mes semana nombre codigo unidades",
    "pt": "data quantidade preco loja produto venda vendas filial estoque nome qtd qtde",
}
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%Y-%m",
)
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d+(\.\d{3})*,\d{1,2}(?!\d)")
_SIGNS: Table[str, str] = {"S/": "PEN", "R$": "BRL", "£": "GBP", "€": "EUR", "US$": "USD", "$": "USD"}


@dataclass(slots=True)
class _Guess:
    """What is known so far."""

    roles: dict[str, str]
    cells: dict[str, list[str]]
    doubts: list[str] = field(default_factory=list)

    def samples(self, role: str) -> list[str]:
        """Return the role's values that are not empty."""
        return [cell for cell in self.cells.get(self.roles.get(role, ""), []) if cell.strip()]


def suggest(headers: Sequence[str], rows: Sequence[Sequence[str]], name: str = "my-file") -> tuple[str, list[str]]:
    """Return a mapping in TOML, and what to check in it.

    Parameters
    ----------
    headers
        The file's columns, in Spanish, Portuguese or English.
    rows
        Some of its first rows, as text.
    name
        What to call the mapping.

    Returns
    -------
    tuple
        The TOML text, ready for `--mapping FILE.toml`, and the doubts, most important first.

    >>> text, doubts = suggest(["fecha", "tienda", "sku", "cantidad"], [["2024-01-05", "lima", "7", "3"]])
    >>> [line for line in text.splitlines() if line.startswith("grain")]
    ['grain = "day"']
    """
    cells = {header: [row[place] for row in rows if place < len(row)] for place, header in enumerate(headers)}
    guess = _Guess(_find_roles(headers, cells), cells)
    form, grain = _guess_time(guess)
    parts = [_head(guess, name, headers, grain), _time(guess, form), _defaults(guess), *_events(guess)]
    _doubt_roles(guess, headers)
    return "\n\n".join(parts) + "\n", list(dict.fromkeys(guess.doubts))


def _find_roles(headers: Sequence[str], cells: Table[str, Sequence[str]]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for exact in (True, False):
        for role, words in _WORDS.items():
            for header in headers:
                free = role not in roles and header not in roles.values()
                if free and _fits(header, role, words.split(), exact) and _holds(role, cells[header]):
                    roles[role] = header
    return roles


def _fits(header: str, role: str, words: Sequence[str], exact: bool) -> bool:
    norm = _norm(header)
    if exact:
        return norm in words or norm.replace("_", "") in words
    parts = norm.split("_")
    # "event_name" names no product, and "out_of_stock" is no stock.
    return role != "name" and "out" not in parts and any(part in words for part in parts)


def _holds(role: str, samples: Sequence[str]) -> bool:
    filled = [text for text in samples if text.strip()]
    if role == "date":
        return not filled or any(all(_parses(text, form) for text in filled) for form in _FORMATS)
    return role not in ("units", "price", "stock") or all(re.search(r"\d", text) for text in filled)


def _norm(header: str) -> str:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header)
    return re.sub(r"[^a-z0-9]+", "_", plain(split)).strip("_")


def _guess_time(guess: _Guess) -> tuple[str, str]:
    samples = guess.samples("date")
    if not samples:
        guess.doubts.append("No column looks like a date: [time] must name one.")
        return "%Y-%m-%d", "day"
    fits = [form for form in _FORMATS if all(_parses(text, form) for text in samples)]
    if {"%d/%m/%Y", "%m/%d/%Y"} <= set(fits) or {"%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"} <= set(fits):
        guess.doubts.append(f"Is {samples[0]!r} day/month or month/day? Day/month is assumed.")
    if "%H" in fits[0]:
        return fits[0], "line"
    if fits[0] == "%Y-%m":
        return fits[0], "month"
    if guess.samples("hour"):
        return _join_hour(guess, fits[0])
    return fits[0], _spacing(guess, sorted({datetime.strptime(text, fits[0]) for text in samples}))  # noqa: DTZ007


def _join_hour(guess: _Guess, form: str) -> tuple[str, str]:
    for hours, grain in (("%H", "hour"), ("%H:%M:%S", "line"), ("%H:%M", "line")):
        if all(_parses(text, hours) for text in guess.samples("hour")):
            return f"{form} {hours}", grain
    guess.roles.pop("hour")
    guess.doubts.append("A column looks like a time of day but cannot be read as one; it is left out.")
    return form, "day"


def _spacing(guess: _Guess, days: Sequence[datetime]) -> str:
    gaps = {(later - earlier).days for earlier, later in pairwise(days)}
    if gaps and min(gaps) >= 28:
        return "month"
    if gaps and min(gaps) == 7:
        guess.doubts.append("The dates are seven days apart: one row is taken for a week, Monday to Sunday.")
        return "week"
    return "day"


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the zone is the mapping's
    except ValueError:
        return False
    return True


def _head(guess: _Guess, name: str, headers: Sequence[str], grain: str) -> str:
    words = {part for header in headers for part in _norm(header).split("_")}
    scores = {language: len(words & set(known.split())) for language, known in _LANGUAGE.items()}
    language = max(scores, key=lambda each: scores[each]) if any(scores.values()) else "en"
    zone = {"es": "UTC", "pt": "America/Sao_Paulo", "en": "UTC"}[language]
    currency = _currency(guess) or {"es": "", "pt": "BRL", "en": ""}[language]
    guess.doubts.insert(0, f"The time zone is assumed to be {zone}: which one do the shops live in?")
    if currency:
        guess.doubts.append(f"Are the prices in {currency}?")
    elif "price" in guess.roles:
        guess.doubts.append("No currency is known, so prices are left out: set `currency`, such as PEN or MXN.")
        guess.roles.pop("price")
    lines = [f"name = {_quote(name)}", f'zone = "{zone}"', *([f'currency = "{currency}"'] if currency else [])]
    guess.doubts.append("The file is sorted in memory: if its rows are in order of time, set `sorted = true`.")
    lines += [f'grain = "{grain}"', "sorted = false"]
    if any(_DECIMAL_COMMA.search(cell) for cell in _numbers(guess)):
        guess.doubts.append("Numbers are written 1.234,5: is the comma the decimal sign?")
        lines += ["", "[file]", 'decimal = ","', 'thousands = "."']
    return "\n".join(lines)


def _numbers(guess: _Guess) -> list[str]:
    return [*guess.samples("price"), *guess.samples("units"), *guess.samples("stock")]


def _currency(guess: _Guess) -> str:
    for text in guess.samples("price"):
        for sign, code in _SIGNS.items():
            if sign in text:
                return code
    return ""


def _time(guess: _Guess, form: str) -> str:
    column = guess.roles.get("date", "DATE")
    of = f"{{{column}}} {{{guess.roles['hour']}}}" if "hour" in guess.roles and " " in form else f"{{{column}}}"
    return f"[time]\nof = {_quote(of)}\nformat = {_quote(form)}"


def _defaults(guess: _Guess) -> str:
    if "store" not in guess.roles:
        guess.doubts.append("No column names the shop: every row is taken for shop 1.")
    if "sku" not in guess.roles and "name" not in guess.roles:
        guess.doubts.append("No column names the product: every row is taken for product 1.")
    store = f"{{{guess.roles['store']}}}" if "store" in guess.roles else "1"
    return f"[defaults]\nstore_id = {_quote(store)}\nsku = {_sku(guess)}"


def _sku(guess: _Guess) -> str:
    if "sku" in guess.roles:
        return _quote(f"{{{guess.roles['sku']}}}")
    if "name" in guess.roles:
        guess.doubts.append(f"Products have no code: an id is made of {guess.roles['name']!r}.")
        return f'{{ of = {_quote("{" + guess.roles["name"] + "}")}, transform = "slug" }}'
    return '"1"'


def _events(guess: _Guess) -> list[str]:
    roles = guess.roles
    events: list[str] = []
    if "name" in roles:
        fields = f"{{ name = {{ of = {_column(roles['name'])}, longest = 200 }} }}"
        events.append(f'[[event]]\nkind = "product"\nonce_per = {_quote(_names_once(guess))}\nfields = {fields}')
    if "rival" in roles and "price" in roles:
        return [*events, _observed(guess)]
    if "units" in roles:
        price = f", unit_price = {_number(guess, 'price')}" if "price" in roles else ""
        when = f"when = [{{ of = {_number(guess, 'units')}, greater = 0 }}]"
        events.append(f'[[event]]\nkind = "sold"\n{when}\nfields = {{ units = {_number(guess, "units")}{price} }}')
        events.extend(_returned(guess))
    elif "price" in roles:
        events.append(f'[[event]]\nkind = "shelf_price"\nfields = {{ unit_price = {_number(guess, "price")} }}')
    if "stock" in roles:
        guess.doubts.append(f"Is {roles['stock']!r} the stock after the day's sales?")
        events.append(f'[[event]]\nkind = "counted"\nfields = {{ units = {_number(guess, "stock")} }}')
    if "promotion" in roles:
        when = f'when = [{{ of = {_column(roles["promotion"])}, not_in = [0, "false", "FALSE", "no", "não"] }}]'
        guess.doubts.append(f"Which values of {roles['promotion']!r} say that there is no promotion?")
        events.append(f'[[event]]\nkind = "promotion"\n{when}\nfields = {{ promotion_id = {_promotion_id(guess)} }}')
    if not events or ("units" not in roles and "stock" not in roles and "price" not in roles):
        guess.doubts.insert(0, "No column looks like units sold, stock or a price: the event below must be filled in.")
        events.append('[[event]]\nkind = "sold"\nfields = { units = 1 }')
    return events


def _returned(guess: _Guess) -> list[str]:
    if not any(text.strip().startswith("-") for text in guess.samples("units")):
        return []
    guess.doubts.append("Some units are negative: are they returns? (A write-off would be kind `adjusted`.)")
    column = _number(guess, "units")
    when = f"when = [{{ of = {column}, less = 0 }}]"
    return [f'[[event]]\nkind = "returned"\n{when}\nfields = {{ units = {{ of = {column}, absolute = true }} }}']


def _observed(guess: _Guess) -> str:
    roles = guess.roles
    guess.doubts.append(f"{roles['rival']!r} is taken for the rival whose prices these are.")
    product = _sku(guess)
    rival = f'{{ of = {_column(roles["rival"])}, transform = "slug" }}'
    both = f"rival = {rival}, rival_product = {product}"
    matched = (
        f'[[event]]\nkind = "matched"\nonce_per = {_quote(_pair(guess))}\nfields = {{ {both}, decided_by = "mapping" }}'
    )
    return f'{matched}\n\n[[event]]\nkind = "observed"\nfields = {{ {both}, price = {_number(guess, "price")} }}'


def _pair(guess: _Guess) -> str:
    product = guess.roles.get("sku") or guess.roles.get("name")
    return f"{{{guess.roles['rival']}}}|" + (f"{{{product}}}" if product else "1")


def _names_once(guess: _Guess) -> str:
    sku = f"{{{guess.roles['sku']}}}|" if "sku" in guess.roles else ""
    return f"{sku}{{{guess.roles['name']}}}"


def _promotion_id(guess: _Guess) -> str:
    parts = [f"{{{guess.roles[role]}}}" for role in ("store", "sku") if role in guess.roles]
    return _quote("-".join(["promo", *parts]))


def _number(guess: _Guess, role: str) -> str:
    samples = guess.samples(role)
    cut = ', transform = "first_number"' if any(re.search(r"[^\d.,\s-]", text) for text in samples) else ""
    return f"{{ of = {_column(guess.roles[role])}{cut}, number = true }}"


def _column(header: str) -> str:
    return _quote(f"{{{header}}}")


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _doubt_roles(guess: _Guess, headers: Sequence[str]) -> None:
    unused = [header for header in headers if header not in guess.roles.values()]
    if unused:
        guess.doubts.append(f"These columns are not used: {', '.join(unused)}.")
    if "invoice" in guess.roles:
        guess.doubts.append(f"Do some numbers in {guess.roles['invoice']!r} mean a cancelled invoice?")
    if not guess.cells or not any(guess.cells.values()):
        guess.doubts.append("No rows were given: formats are assumed.")
