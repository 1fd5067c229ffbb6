"""A first mapping of tables, proposed from headers and first rows, to be read and mended by whoever knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.tables.cells import DAYS, Ready, Written, fits_day, fits_number
from billpolicy.exchange.tables.csv_table import MAX_MEGABYTES, CsvTable, decoded
from billpolicy.exchange.tables.excel_table import ENDINGS, OTHER_ENDINGS, open_excel
from billpolicy.exchange.tables.fields import SECTIONS, Field, entry_at, field_at, known
from billpolicy.exchange.tables.mapping import DELIMITERS, Delimiter, Encoding
from billpolicy.exchange.tables.synonyms import MEANT
from billpolicy.exchange.tables.table import Row, Table
from billpolicy.source.files import DISK
from billpolicy.source.tree import raw_of
from billpolicy.source.yaml_text import yaml_lines

_SAMPLE = 200
"""Rows that are looked at."""
_NUMBERS = (
    Written("point", "none"),
    Written("comma", "none"),
    Written("comma", "point"),
    Written("point", "comma"),
    Written("comma", "space"),
    Written("point", "apostrophe"),
)
"""How numbers may be written, the plainest first."""
_FOR_WHOM = ("accounts", "charges")
"""Sections whose records are not of one account."""


class _Opened(NamedTuple):
    table: Table
    encoding: Encoding
    delimiter: Delimiter


def propose_mapping(files: Sequence[str | Path]) -> str:
    """A mapping of these tables as the text of its file, with remarks where it is a guess. Raises `Refused`."""
    said = [
        "# Proposed by `billpolicy import-csv --propose` from headers and first rows: read it, and mend it.",
        "tables:",
    ]
    for path in map(Path, files):
        said += _table(path)
    return "\n".join(said) + "\n"


def _table(path: Path) -> Iterator[str]:
    opened = _open(path)
    rows = [row for row in islice(opened.table.rows(), _SAMPLE) if isinstance(row, Row)]
    columns = [name for name in opened.table.columns if name]
    section = _section(path, columns)
    fields = _fields(section, columns)
    sample = {
        name: [row.cells[place].strip() for row in rows if row.cells[place].strip()]
        for place, name in enumerate(opened.table.columns)
        if name
    }
    yield from _entries({"file": path.name, "record": section}, "  - ", "    ")
    if path.suffix.casefold() not in ENDINGS:
        settings = {"encoding": opened.encoding, "delimiter": opened.delimiter}
        usual = {"encoding": "utf-8", "delimiter": "comma"}
        yield from _entries({key: value for key, value in settings.items() if value != usual[key]}, "    ", "    ")
    yield from _written(fields, sample)
    yield "    columns:"
    for name, field in fields.items():
        example = f"  # like {_example(sample[name])}" if sample[name] else "  # empty in the rows looked at"
        yield "".join(yaml_lines({name: str(field)}, 6)) + example
    if not fields:
        yield "      # none of the columns has a name that tells what it is"
    others = [name for name in columns if name not in fields]
    if others:
        yield "    ignore:  # each of these could be moved to `columns` with the field that it fills"
        for name in others:
            yield from yaml_lines([name], 6)
    missing = list(_missing(section, fields))
    if missing:
        yield "    # Needed, and no column looks like it: add the column above, or one value for all rows:"
        yield "    # constants:"
        for name in missing:
            yield f"    #   {name}: ..."


def _entries(data: dict[str, str], first: str, others: str) -> Iterator[str]:
    for place, line in enumerate(yaml_lines(data)):
        yield (others if place else first) + line


def _example(values: list[str]) -> str:
    """A value as a comment can have it: of one line and not long."""
    text = "".join(one if one.isprintable() else " " for one in values[0])
    return f"`{text[:30]}{'…' if len(text) > 30 else ''}`"


def _open(path: Path) -> _Opened:
    if path.suffix.casefold() in (*ENDINGS, *OTHER_ENDINGS):
        return _Opened(open_excel(path, None), "utf-8", "comma")
    raw = raw_of(path, MAX_MEGABYTES, DISK)
    encoding = _encoding(raw)
    text = decoded(raw, str(path), encoding)
    first = text.partition("\n")[0]
    if not first.strip():
        raise Refused([Diagnostic("file-empty", "this table is empty", Position(str(path)), "it may be cut off")])
    counts = {name: first.count(mark) for name, mark in DELIMITERS.items()}
    delimiter = max(counts, key=lambda name: counts[name])
    return _Opened(CsvTable(str(path), text, DELIMITERS[delimiter], '"'), encoding, delimiter)


def _encoding(raw: bytes) -> Encoding:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _bare(name: str) -> str:
    return "".join(one for one in name.casefold() if one.isalnum())


def _section(path: Path, columns: list[str]) -> str:
    """The section that the name of the file says, or else that most columns fit to."""
    stem = _bare(path.stem)
    named = {"customers": "accounts", "kunden": "accounts", "rechnungen": "invoices", "creditnotes": "credit_memos"}
    words = {**{_bare(name): name for name in SECTIONS}, **named}
    found = next((words[word] for word in sorted(words, key=len, reverse=True) if word in stem), None)
    return found or max(SECTIONS, key=lambda section: (len(_fields(section, columns)), section == "invoices"))


def _fields(section: str, columns: list[str]) -> dict[str, Field]:
    """Column -> the field that its name means, each field once."""
    own = {_bare(path): path for path in reversed(known(section))}
    own |= {_bare(path.rpartition(".")[2]): path for path in reversed(known(section))}
    found: dict[str, Field] = {}
    for name in columns:
        bare = _bare(name)
        for path in _paths(section, bare, own):
            field = field_at(section, path)
            if field is not None and field not in found.values():
                found[name] = field
                break
    return found


def _paths(section: str, bare: str, own: dict[str, str]) -> Iterator[str]:
    """The fields that a column may mean, the likeliest first."""
    single = _bare(section.removesuffix("s"))
    key = entry_at(section, ()).key
    if key is not None and bare in {single + ending for ending in ("", "no", "nr", "number", "id")}:
        yield key
    meant = MEANT.get(bare)
    if meant == "id" and section not in _FOR_WHOM and bare.startswith(("customer", "account", "kunden")):
        yield "account"
    if bare in own:
        yield own[bare]
    if meant is not None:
        yield meant
        yield meant.rpartition(".")[2]
        if meant == "account" and section == "accounts":
            yield "id"


def _written(fields: dict[str, Field], sample: dict[str, list[str]]) -> Iterator[str]:
    """How days and numbers are written, as far as all that was looked at is written so."""

    def cells(form: str) -> list[str]:
        return [
            text for name, one in fields.items() if one.form == form for text in sample[name] if type(text) is not Ready
        ]

    days = cells("date")
    fitting = [one for one in DAYS if days and all(fits_day(text, one) for text in days)]
    if days and not fitting:
        yield "    # The days are written in no form that is known, or in several: say `dates: ...`"
    elif fitting and fitting[0] != DAYS[0]:
        also = f"  # could be {' or '.join(fitting[1:])}, too" if len(fitting) > 1 else ""
        yield f"    dates: {fitting[0]}{also}"
    numbers = cells("amount")
    ways = [one for one in _NUMBERS if numbers and all(fits_number(text, one) for text in numbers)]
    if numbers and not ways:
        yield "    # The numbers are written in no form that is known, or in several: say `decimal` and `thousands`"
    elif ways and ways[0] != _NUMBERS[0]:
        yield f"    decimal: {ways[0].decimal}"
        if ways[0].thousands != "none":
            yield f"    thousands: {ways[0].thousands}"


def _missing(section: str, fields: dict[str, Field]) -> Iterator[str]:
    has = {str(one) for one in fields.values()}
    entry = entry_at(section, ())
    yield from (name for name in entry.required if name not in has)
    for name in entry.required_lists:
        inner = entry_at(section, (name,))
        yield from (f"{name}.{one}" for one in inner.required if one != inner.key and f"{name}.{one}" not in has)
