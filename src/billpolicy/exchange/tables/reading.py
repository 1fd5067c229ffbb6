"""Tables as a book: rows become records by a mapping, and every mistake is told at its cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.check import Context, problems
from billpolicy.book.model import BookFile
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean, refuse_errors
from billpolicy.diagnostics.limit import first_of, stop_at_limit
from billpolicy.exchange.tables.book_text import book_text
from billpolicy.exchange.tables.cells import as_books_write
from billpolicy.exchange.tables.csv_table import open_csv
from billpolicy.exchange.tables.excel_table import ENDINGS, OTHER_ENDINGS, open_excel
from billpolicy.exchange.tables.mapping import Filled, Level, TableMapping, joined, load_mapping
from billpolicy.exchange.tables.table import Row, Table
from billpolicy.source.collector import collector_paused
from billpolicy.source.composed import composed
from billpolicy.source.read import read_record
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Tree


class TableRead(NamedTuple):
    """How many rows a table had, and how many records they made."""

    file: str
    record: str
    rows: int
    records: int


class FromTables(NamedTuple):
    """A book that tables gave."""

    book: Book
    file: BookFile
    """The same as a file has it."""
    tables: tuple[TableRead, ...]

    @property
    def text(self) -> str:
        """The book as the text of a book file; the same tables give the same text."""
        return book_text(self.file, dict.fromkeys(Path(one.file).name for one in self.tables))


def load_tables(files: Sequence[str | Path], mapping: str | Path) -> FromTables:
    """The book that these tables are by a mapping file, checked as any book is.

    Raises `Refused` with every mistake: those of the mapping; then those of rows and cells; then those of the book.
    """
    chosen = _chosen(list(map(Path, files)), load_mapping(mapping))
    tree = _Tables(str(mapping))
    found: list[Diagnostic] = []
    reads = []
    with collector_paused():
        for path, one in chosen:
            try:
                reads.append(_read(path, one, tree, found))
            except Refused as refused:
                found += refused.diagnostics
        if found:
            raise Refused(found)
        try:
            file = read_record(BookFile, tree)
            refuse_errors(first_of(problems(context := Context(file, tree)), Position(tree.file)))
        except Refused as refused:
            raise Refused(map(tree.named, refused.diagnostics)) from None
    return FromTables(context.book, file, tuple(reads))


def _chosen(files: list[Path], tables: list[TableMapping]) -> list[tuple[Path, TableMapping]]:
    """Each table of the mapping with its file. Raises `Refused` for a file or a table without the other."""
    by_name = {file.name: file for file in files}
    wrong = []
    for one in tables:
        if one.text.file not in by_name:
            at, hint = one.tree.at("tables", one.index, "file"), did_you_mean(one.text.file, by_name)
            message = f"the mapping reads `{one.text.file}`, which was not given"
            wrong.append(Diagnostic("mapping-wrong", message, at, hint))
    mapped = {one.text.file for one in tables}
    for name, file in by_name.items():
        if name not in mapped:
            hint = f"add a table with `file: {name}`; `--propose` writes a first one"
            wrong.append(
                Diagnostic("mapping-wrong", "the mapping has no table for this file", Position(str(file)), hint)
            )
    if len(by_name) < len(files):
        hint = "give each file once, and each its own name"
        wrong.append(Diagnostic("mapping-wrong", "two of the files have one name", Position(str(files[-1])), hint))
    if wrong:
        raise Refused(wrong)
    return [(by_name[one.text.file], one) for one in tables]


def opened(path: Path, mapping: TableMapping) -> Table:
    """The table of a file. Raises `Refused`."""
    if path.suffix.casefold() in (*ENDINGS, *OTHER_ENDINGS):
        return open_excel(path, mapping.text.sheet)
    return open_csv(path, mapping.encoding, mapping.delimiter, mapping.quote)


class _Made:
    """A record in the making, or an entry of a list in it: where it stands, and its lists."""

    __slots__ = ("data", "line", "lists", "named", "table")

    def __init__(self, table: _Source, line: int) -> None:
        self.table, self.line = table, line
        self.data: dict[str, Any] = {}
        self.lists: dict[str, list[_Made]] = {}
        self.named: dict[tuple[str, str], _Made] = {}
        """(List, key) -> the entry."""


class _Source(NamedTuple):
    """A table with the place of each column in it."""

    table: Table
    places: dict[str, int]
    columns: dict[str, str]
    """Field -> column."""

    def at(self, line: int, field: str) -> Position:
        column = self.columns.get(field)
        return self.table.at(line, 0 if column is None else self.places[column])


class _Tables(Tree):
    """The book in the making as plain data, whose places are cells."""

    def __init__(self, mapping: str) -> None:
        super().__init__(mapping, {"accounts": []})
        self.made: dict[str, list[_Made]] = {}
        self._columns: dict[Position, str] = {}

    def at(self, *path: str | int, key: bool = False) -> Position:
        """The cell of a value, or the row of its record."""
        match path:
            case (str(section), int(index), *rest) if index < len(self.made.get(section, ())):
                return self._cell(self.made[section][index], rest)
            case _:
                return Position(self.file)

    def _cell(self, made: _Made, path: Sequence[str | int]) -> Position:
        names: list[str] = []
        inside: list[_Made] = []
        for step in path:
            if isinstance(step, str):
                names.append(step)
                inside = made.lists.get(step, [])
            elif step < len(inside):
                made = inside[step]
        fields = (".".join(names[:size]) for size in range(len(names), 0, -1))
        field = next((one for one in fields if one in made.table.columns), "")
        at = made.table.at(made.line, field)
        if field:
            self._columns[at] = made.table.columns[field]
        return at

    def named(self, one: Diagnostic) -> Diagnostic:
        """The finding with the name of its column."""
        column = None if one.position is None else self._columns.get(one.position)
        return one if column is None else one._replace(message=f"column `{column}`: {one.message}")


def _read(path: Path, mapping: TableMapping, tree: _Tables, found: list[Diagnostic]) -> TableRead:
    """Read a table into the tree; what is wrong with its cells is put to `found`."""
    table = opened(path, mapping)
    _check_columns(table, mapping)
    places = {name: place for place, name in enumerate(table.columns) if name}
    columns = {str(one.field): one.column for one in _filled(mapping.level)}
    source = _Source(table, places, columns)
    unnamed = [place for place, name in enumerate(table.columns) if not name]
    section = mapping.text.record
    root = _Made(source, 1)
    rows = 0
    before = len(tree.made.get(section, ()))
    for row in table.rows():
        stop_at_limit(found, Position(table.file))
        if isinstance(row, Diagnostic):
            found.append(row)
            continue
        rows += 1
        for place in unnamed:
            if row.cells[place].strip():
                message, hint = "this cell stands in a column without a name", "name it in the first row"
                found.append(Diagnostic("table-wrong", message, table.at(row.line, place), hint))
        _put(root, section, mapping.level, source, mapping, row, found)
    made = root.lists.get(section, [])
    tree.made.setdefault(section, []).extend(made)
    tree.data.setdefault(section, []).extend(one.data for one in made)
    for one in made:
        _check_whole(one, section, mapping.level, found)
    return TableRead(table.file, section, rows, len(tree.made[section]) - before)


def _filled(level: Level) -> Iterator[Filled]:
    yield from level.filled
    for inner in level.inner:
        yield from _filled(inner)


def _put(
    parent: _Made, name: str, level: Level, source: _Source, mapping: TableMapping, row: Row, found: list[Diagnostic]
) -> None:
    """What a row says of an entry of the list `name` of `parent`, and of the lists in that."""
    values = [
        (one, text) for one in level.filled for text in [_value(one, row, source, mapping, found)] if text is not None
    ]
    lists = parent.lists.setdefault(name, [])
    entry = level.entry
    key = next((text for one, text in values if one.field.names == (entry.key,)), None)
    inner = [one for one in level.inner if any(row.cells[source.places[each.column]].strip() for each in _filled(one))]
    made: _Made | None = None
    if not values:
        if not inner:
            return
        made = lists[-1] if lists else None  # it goes on with the entry above
    elif key is not None and level.inner:
        made = parent.named.get((name, key))
    if made is None:
        made = _Made(source, row.line)
        lists.append(made)
        if entry.lists:
            parent.data.setdefault(name, []).append(made.data)
        if key is not None:
            parent.named[name, key] = made
        elif entry.lists and not level.keyed and entry.key in entry.required:
            made.data[str(entry.key)] = str(len(lists))
        for field, constant in level.constants:
            _set(made.data, field.names, constant)
    for one, text in values:
        held = _get(made.data, one.field.names)
        if made.line != row.line and held is not None and held != text:
            at = source.table.at(row.line, source.places[one.column])
            message = f"column `{one.column}`: of `{key}` it is `{text}` here, but `{held}` on line {made.line}"
            hint = "let all rows of one record say the same of it, or leave the cell empty"
            found.append(Diagnostic("rows-differ", message, at, hint))
        else:
            _set(made.data, one.field.names, text)
    for each in inner:
        _put(made, each.entry.lists[-1], each, source, mapping, row, found)


def _value(one: Filled, row: Row, source: _Source, mapping: TableMapping, found: list[Diagnostic]) -> str | None:
    """What a cell says, as a book writes it; None where it is empty, or wrong."""
    cell = row.cells[source.places[one.column]]
    bare = composed(cell.strip())
    if not bare:
        return None
    if bare in one.values:
        return Plain(one.values[bare])
    try:
        return as_books_write(bare if bare != cell else cell, one.field.form, mapping.written)
    except ValueError as error:
        at = source.table.at(row.line, source.places[one.column])
        hint = "mend the cell, or say in the mapping how it is written: `dates`, `decimal` and `thousands`"
        found.append(Diagnostic("cell-wrong", f"column `{one.column}`: {error}", at, hint))
        return None


def _check_whole(made: _Made, what: str, level: Level, found: list[Diagnostic]) -> None:
    """Put to `found` which cells are empty that a record needs."""
    entry = level.entry
    stop_at_limit(found, Position(made.table.table.file))
    for name in entry.required:
        if name in made.data:
            continue
        field = ".".join((*entry.lists, name))
        at = made.table.at(made.line, field)
        if any(one.position == at for one in found):
            continue  # its cell is wrong
        column = made.table.columns.get(field)
        message = f"column `{column}`: this cell is empty, but `{field}` is needed of {what.replace('_', ' ')}"
        found.append(Diagnostic("cell-wrong", message, at, "fill it, or give it one value under `constants`"))
    inner = {one.entry.lists[-1]: one for one in level.inner}
    for name in entry.required_lists:
        if name not in made.lists:
            message = f"this row has nothing of `{name}`, of which {what.replace('_', ' ')} need at least one"
            at = made.table.table.at(made.line, 0)
            found.append(Diagnostic("cell-wrong", message, at, "fill the cells, or remove the row"))
    for name, entries in made.lists.items():
        for one in entries:
            _check_whole(one, name, inner[name], found)


def _get(data: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names[:-1]:
        data = data.get(name, {})
    return data.get(names[-1])


def _set(data: dict[str, Any], names: tuple[str, ...], value: str) -> None:
    for name in names[:-1]:
        data = data.setdefault(name, {})
    data[names[-1]] = value


def _check_columns(table: Table, mapping: TableMapping) -> None:
    """Raise `Refused` where the columns of a table are not those of the mapping."""
    wrong: list[Diagnostic] = []
    names = [name for name in table.columns if name]
    read, ignored = mapping.columns(), {joined(name) for name in mapping.text.ignore}
    if not names:
        raise Refused([Diagnostic("file-empty", "this table is empty", Position(table.file), "it may be cut off")])
    for place, name in enumerate(table.columns):
        at = table.at(1, place)
        if name and name in table.columns[:place]:
            message, hint = f"two columns are called `{name}`", "give each a name of its own"
            wrong.append(Diagnostic("table-wrong", message, at, hint))
        elif name and name not in read and name not in ignored:
            message = f"the column `{name}` is neither read nor ignored by the mapping"
            hint = "say under `columns` which field it fills, or list it under `ignore`"
            wrong.append(Diagnostic("column-unmapped", message, at, hint))
    others: Iterable[str] = sorted(set(names) - read.keys() - ignored)
    for name, written in [*read.items(), *((joined(one), one) for one in mapping.text.ignore)]:
        if name not in names:
            key = "columns" if name in read else "ignore"
            at = mapping.tree.at("tables", mapping.index, key, written, key=True)
            message = f"there is no column `{name}` in `{mapping.text.file}`"
            one = len(names) == 1 and mapping.delimiter in ("comma", "semicolon", "tab", "pipe")
            hint = (
                f"its first row is one cell, `{names[0][:40]}`: is `delimiter: {mapping.delimiter}` right?"
                if one and len(read) > 1
                else did_you_mean(name, others) or "remove it, or mend the table"
            )
            wrong.append(Diagnostic("column-missing", message, at, hint))
    if wrong:
        raise Refused(wrong)
