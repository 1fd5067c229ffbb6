"""A file of usage as operations that record it: CSV, one record a row, with every mistake at its line.

The first row names the columns, in any order: `id`, `subscription`, `charge`, `date` and `quantity`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.operations.record_usage import RecordUsage, UsedQuantity
from billpolicy.planning.request import Instruction
from billpolicy.source.codec import canonical
from billpolicy.source.csv_lines import CsvLines
from billpolicy.source.scalars import read_amount, read_date, read_text
from billpolicy.source.tree import text_of

MAX_MEGABYTES = 64
GROUP = 1_000
"""Records of one operation: refused and posted together."""
_READERS: dict[str, Callable[[Any], Any]] = {
    "id": read_text,
    "subscription": read_text,
    "charge": read_text,
    "date": read_date,
    "quantity": read_amount,
}
_HEADER = ",".join(_READERS)
_NO_SEPARATORS = {";": "semicolons", "\t": "tabs"}
"""What spreadsheets write in place of commas."""


class UsageRow(NamedTuple):
    """A record and the line that it stands on."""

    line: int
    used: UsedQuantity


@dataclass(frozen=True, slots=True)
class UsageFile:
    """What a file of usage says."""

    file: str
    lines: CsvLines
    columns: Sequence[str]
    rows: tuple[UsageRow, ...]

    def at(self, line: int, column: str) -> Position:
        """Where a cell stands; behind one in quotes, only its line is told."""
        text = self.lines.line(line)
        before = text.split(",")[: self.columns.index(column)] if '"' not in text and column in self.columns else []
        return Position(self.file, line, sum(len(cell) + 1 for cell in before) + 1)

    def operations(self, known: Collection[str], actor: str | None = None) -> Iterator[Instruction]:
        """Operations that record the rows of the file, some at a time, without the ids that are `known`.

        The id of each follows from what it records: the same rows are the same operation.
        """
        rows = [row for row in self.rows if row.used.id not in known]
        for first in range(0, len(rows), GROUP):
            group = rows[first : first + GROUP]
            records = tuple(row.used for row in group)
            digest = hashlib.sha256(canonical(records).encode()).hexdigest()
            request = RecordUsage(id=f"usage-{digest[:24]}", operation="record_usage", records=records, actor=actor)
            yield Instruction(request, _Rows(self, group))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of a file as the origin of an operation."""

    file: UsageFile
    rows: Sequence[UsageRow]

    def at(self, *path: str | int) -> Position:
        """Where `records`, a place among them and a field stand."""
        match path:
            case ("records", int(index), str(field)):
                return self.file.at(self.rows[index].line, field)
            case _:
                return Position(self.file.file)


def load_usage(path: str | Path) -> UsageFile:
    """The records of a file, in its order. Raises `Refused` with every mistake of form."""
    name = str(path)
    text = text_of(Path(path), max_megabytes=MAX_MEGABYTES)
    lines = CsvLines(text)
    reader = csv.reader(lines, strict=True)
    try:
        columns = next(reader, [])
        lines.row_ends()
        _check_header(columns, name)
        file = UsageFile(name, lines, columns, ())
        return UsageFile(name, lines, columns, tuple(_rows(reader, file)))
    except csv.Error as error:
        message = f"this is no row of CSV: {error}"
        hint = 'write a text with commas or quotes as `"a, b"`, and a quote in it twice'
        raise Refused([Diagnostic("usage-file", message, Position(name, reader.line_num, 1), hint)]) from None


def _check_header(columns: Sequence[str], file: str) -> None:
    at = Position(file, 1, 1)
    for mark, name in _NO_SEPARATORS.items():
        if len(columns) == 1 and mark in columns[0]:
            message = f"the columns of this file are separated by {name}, and not by commas"
            hint = f"separate the cells of every line by commas: {_HEADER}"
            raise Refused([Diagnostic("usage-file", message, at, hint)])
    problems = []
    for place, column in enumerate(columns):
        if column not in _READERS:
            hint = did_you_mean(column, _READERS) or "remove the column"
            problems.append(Diagnostic("usage-file", f"there is no column `{column}` in a file of usage", at, hint))
        elif column in columns[:place]:
            problems.append(Diagnostic("usage-file", f"column `{column}` stands here twice", at, "remove one of them"))
    missing = [column for column in _READERS if column not in columns]
    if missing:
        what = f"column{'s' if len(missing) > 1 else ''} {', '.join(f'`{column}`' for column in missing)}"
        hint = f"let the first line name the columns, separated by commas: {_HEADER}"
        problems.append(Diagnostic("usage-file", f"the first line of this file does not name {what}", at, hint))
    if problems:
        raise Refused(problems)


def _rows(reader: Any, file: UsageFile) -> Iterator[UsageRow]:
    problems: list[Diagnostic] = []
    first: dict[str, int] = {}
    readers = [(column, _READERS[column]) for column in file.columns]
    for cells in reader:
        line = reader.line_num
        file.lines.row_ends()
        if not cells:
            continue
        stop_at_limit(problems, Position(file.file))
        if len(cells) != len(readers):
            message = f"this row has {len(cells)} cells, but the first line names {len(readers)} columns"
            hint = f"write one cell for each of {','.join(file.columns)}"
            problems.append(Diagnostic("usage-file", message, Position(file.file, line, 1), hint))
            continue
        values: dict[str, Any] = {}
        for (column, read), cell in zip(readers, cells, strict=True):
            try:
                values[column] = read(cell)
            except ValueError as error:
                problems.append(Diagnostic("value-wrong", f"`{column}`: {error}", file.at(line, column)))
        id = values.get("id")
        if id is not None and first.setdefault(id, line) != line:
            message = f"usage `{id}` stands in this file twice (first on line {first[id]})"
            problems.append(Diagnostic("id-repeated", message, file.at(line, "id"), "give each record its own id"))
        if not problems:
            yield UsageRow(line, UsedQuantity(**values))
    if problems:
        raise Refused(problems)
