"""A mapping file: which table has which records, and which column fills which field. docs/import.md.

It is closed: each column of a table is read or left out by name, and each field that a record needs is filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.exchange.tables.cells import Days, Decimals, Thousands, Written
from billpolicy.exchange.tables.fields import SECTIONS, Entry, Field, entry_at, field_at, known
from billpolicy.source.composed import composed
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import AsWritten, FreeText, Plain, Scalar, Text, read_free_text, read_names
from billpolicy.source.tree import Tree, parse

MAX_MEGABYTES = 1
Encoding = Literal["utf-8", "utf-16", "cp1252", "latin-1"]
Delimiter = Literal["comma", "semicolon", "tab", "pipe"]
Quote = Literal["double", "single"]


class Column(NamedTuple):
    """What a column fills, and what its values stand for."""

    fields: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()


def _read_column(value: Any) -> Column:
    """`number`, `[number, name]`, or `{field: status, values: {paid: posted}}`."""
    if not isinstance(value, dict):
        return Column(read_names(value))
    if not {"field"} <= value.keys() <= {"field", "values"} or not isinstance(value.get("values", {}), dict):
        raise ValueError("write a field, or `{field: status, values: {paid: posted}}`")
    pairs = tuple((read_free_text(name), read_free_text(one)) for name, one in value.get("values", {}).items())
    return Column(read_names(value["field"]), pairs)


_VALUE = {"type": ["string", "number", "boolean"]}
_FIELD = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_LONG = {
    "type": "object",
    "properties": {"field": _FIELD, "values": {"type": "object", "additionalProperties": _VALUE}},
    "required": ["field"],
    "additionalProperties": False,
}
ColumnForm = Annotated[Column, Scalar(_read_column, (("oneOf", [*_FIELD["oneOf"], _LONG]),))]


@record
class TableText:
    """A table: one CSV file, or one sheet of a workbook."""

    file: AsWritten
    """Its name, without folders."""
    sheet: AsWritten | None = None
    """Of a workbook; without it the first."""
    record: Text
    """The section of the book that its rows are records of, like `invoices`."""
    columns: dict[Text, ColumnForm]
    """Column, as the first row names it -> the field that it fills."""
    constants: dict[Text, FreeText] = field(default_factory=dict)
    """Field -> the value that it has in every record, where no cell fills it."""
    ignore: tuple[Text, ...] = ()
    """The columns that are not read."""
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    quote: Quote | None = None
    decimal: Decimals | None = None
    thousands: Thousands | None = None
    dates: Days | None = None


@record
class MappingFile:
    """How tables become a book. What is said beside `tables` holds for each of them that does not say otherwise."""

    tables: tuple[TableText, ...]
    encoding: Encoding = "utf-8"
    delimiter: Delimiter = "comma"
    quote: Quote = "double"
    decimal: Decimals = "point"
    thousands: Thousands = "none"
    dates: Days = "YYYY-MM-DD"


class Filled(NamedTuple):
    """A field, the column that fills it, and what the cells of that stand for."""

    column: str
    field: Field
    values: dict[str, str]


@dataclass(frozen=True)
class Level:
    """What the rows of a table say of a record, or of the entries of one of its lists."""

    entry: Entry
    filled: tuple[Filled, ...]
    constants: tuple[tuple[Field, str], ...]
    inner: tuple[Level, ...]

    @property
    def keyed(self) -> bool:
        """Whether a column tells which entry a row is about."""
        return any(one.field.names == (self.entry.key,) for one in self.filled)


@dataclass(frozen=True)
class TableMapping:
    """A table of a mapping file, looked up."""

    text: TableText
    written: Written
    encoding: Encoding
    delimiter: Delimiter
    quote: Quote
    level: Level
    tree: Tree
    index: int

    def columns(self) -> dict[str, str]:
        """Column, with its white space joined -> as the mapping writes it."""
        return {joined(name): name for name in self.text.columns}


def joined(name: str) -> str:
    """The name of a column, as a mapping has it, with its white space joined: spreadsheets break long headers."""
    return composed(" ".join(name.split()))


def load_mapping(path: str | Path) -> list[TableMapping]:
    """The tables of a mapping file. Raises `Refused` with every mistake in it."""
    tree = parse(Path(path), max_megabytes=MAX_MEGABYTES, look=lambda begun: read_record(MappingFile, begun))
    read = read_record(MappingFile, tree)
    problems: list[Diagnostic] = []
    found = [_table(tree, read, index, problems) for index in range(len(read.tables))]
    if not read.tables:
        problems.append(_wrong("no table is listed", tree, "tables", hint="list at least one"))
    if problems:
        raise Refused(problems)
    return [one for one in found if one is not None]


def _table(tree: Tree, file: MappingFile, index: int, problems: list[Diagnostic]) -> TableMapping | None:
    text, path = file.tables[index], ("tables", index)
    if text.record not in SECTIONS:
        hint = did_you_mean(text.record, SECTIONS)
        problems.append(_wrong(f"a book has no `{text.record}`", tree, *path, "record", hint=hint))
        return None
    before = len(problems)
    filled: list[Filled] = []
    constants: list[tuple[Field, str]] = []
    by: dict[str, str] = {}
    for name, column in text.columns.items():
        for one in column.fields:
            at = (*path, "columns", name)
            found = _field(tree, text.record, one, at, problems)
            if found is not None and str(found) in by:
                message = f"`{found}` is filled by `{by[str(found)]}` and by `{name}`"
                problems.append(_wrong(message, tree, *at, hint="let one of the two fill it"))
            elif found is not None:
                by[str(found)] = name
                filled.append(Filled(joined(name), found, dict(column.values)))
    for name, value in text.constants.items():
        found = _field(tree, text.record, name, (*path, "constants", name), problems, key=True)
        if found is not None and found.lists and not any(_is_in(one.field, found.lists) for one in filled):
            message = f"no column fills anything of `{'.'.join(found.lists)}`, so there is nothing to be constant in"
            hint = "let a column fill a field of it, or remove the constant"
            problems.append(Diagnostic("mapping-wrong", message, tree.at(*path, "constants", name, key=True), hint))
        elif found is not None:
            constants.append((found, Plain(value)))
    for name in text.ignore:
        if name in text.columns:
            message = f"the column `{name}` is both read and ignored"
            problems.append(_wrong(message, tree, *path, "ignore", hint="say one of the two"))
    level = _level(text.record, (), filled, constants)
    for message in _unfilled(text.record, level) if len(problems) == before else ():
        hint = "let a column fill it, or give it one value under `constants`"
        problems.append(_wrong(message, tree, *path, "columns", hint=hint))
    return TableMapping(
        text,
        Written(text.decimal or file.decimal, text.thousands or file.thousands, text.dates or file.dates),
        text.encoding or file.encoding,
        text.delimiter or file.delimiter,
        text.quote or file.quote,
        level,
        tree,
        index,
    )


def _field(
    tree: Tree, section: str, name: str, at: tuple[str | int, ...], problems: list[Diagnostic], *, key: bool = False
) -> Field | None:
    found = field_at(section, name)
    if found is None:
        hint = did_you_mean(name, known(section)) or (
            "name one like `number`, `items.amount` or `attributes.payment_term`; `billpolicy schema book` has all"
        )
        message = f"`{name}` is no field that a column can fill of {section.replace('_', ' ')}"
        problems.append(Diagnostic("mapping-wrong", message, tree.at(*at, key=key), hint))
    return found


def _is_in(one: Field, lists: tuple[str, ...]) -> bool:
    return one.lists[: len(lists)] == lists


def _level(section: str, lists: tuple[str, ...], filled: list[Filled], constants: list[tuple[Field, str]]) -> Level:
    inside = [one.field.lists for one in filled if _is_in(one.field, lists) and len(one.field.lists) > len(lists)]
    deeper = dict.fromkeys(one[: len(lists) + 1] for one in inside)
    return Level(
        entry_at(section, lists),
        tuple(one for one in filled if one.field.lists == lists),
        tuple(one for one in constants if one[0].lists == lists),
        tuple(_level(section, inner, filled, constants) for inner in deeper),
    )


def _unfilled(section: str, level: Level) -> Iterator[str]:
    """What an entry needs and nothing fills; the id of an entry of a list is its place there."""
    entry = level.entry
    has = {one.field.names[0] for one in level.filled} | {one.names[0] for one, _ in level.constants}
    what = ".".join(entry.lists) or section
    for name in entry.required:
        if name not in has and not (entry.lists and name == entry.key):
            yield f"nothing fills `{'.'.join((*entry.lists, name))}`, which {what.replace('_', ' ')} need"
    inside = {one.entry.lists[-1] for one in level.inner}
    for name in entry.required_lists:
        if name not in inside:
            yield f"nothing fills `{'.'.join((*entry.lists, name))}`, which {what.replace('_', ' ')} need"
    for one in level.inner:
        yield from _unfilled(section, one)


def _wrong(message: str, tree: Tree, *path: str | int, hint: str | None) -> Diagnostic:
    return Diagnostic("mapping-wrong", message, tree.at(*path), hint)


DELIMITERS: dict[Delimiter, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
