"""A sheet of an Excel workbook as a table: numbers exactly as they are shown at full length, days as days.

The library is openpyxl, which is an extra: `pip install 'billpolicy[excel]'`. It computes nothing, so of a formula the
result counts that Excel has saved with it.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.exchange.tables.cells import Ready
from billpolicy.exchange.tables.mapping import joined
from billpolicy.exchange.tables.table import Row, no_table
from billpolicy.source.files import DISK
from billpolicy.source.tree import raw_of

MAX_MEGABYTES = 64
_MOST_UNPACKED = 1024 * 1024 * 1024
ENDINGS = (".xlsx",)
OTHER_ENDINGS = (".xls", ".xlsm", ".xlsb", ".ods")
"""Workbooks that are not read: of an older Excel, with macros, in binary, of another office."""


class ExcelTable:
    """One sheet."""

    def __init__(self, file: str, sheet: Any, formulas: Any) -> None:
        self.file = file
        self._rows = _sound(sheet.iter_rows(), file)
        self._formulas = None if formulas is None else _sound(formulas.iter_rows(), file)
        first = next(self._rows, ())
        if self._formulas is not None:
            next(self._formulas, ())
        self.columns: Sequence[str] = [joined(str(cell.value or "")) for cell in first]
        while self.columns and not self.columns[-1]:
            self.columns = self.columns[:-1]

    def rows(self) -> Iterator[Row | Diagnostic]:
        """As `Table.rows`."""
        width = len(self.columns)
        for line, cells in enumerate(self._rows, start=2):
            written = None if self._formulas is None else next(self._formulas, ())
            texts, wrong = [], None
            for place, cell in enumerate(cells):
                at = self.at(line, place)
                if (
                    cell.value is None
                    and written is not None
                    and place < len(written)
                    and written[place].data_type == "f"
                ):
                    hint = "open the workbook in Excel and save it, or write the value in place of the formula"
                    wrong = wrong or no_table("the result of this formula was never saved", at, hint)
                elif cell.data_type == "e":
                    message = f"this cell has the error {cell.value} in place of a value"
                    wrong = wrong or no_table(message, at, "mend the formula, or write the value")
                elif place >= width and _text(cell.value):
                    message = "this cell stands in a column that the first row does not name"
                    wrong = wrong or no_table(message, at, "name the column in the first row, or remove the cell")
                texts.append(_text(cell.value))
            if wrong is not None:
                yield wrong
            elif any(text.strip() for text in texts):
                yield Row(line, [*texts[:width], *[""] * (width - len(texts))])

    def at(self, line: int, column: int) -> Position:
        """The row, and the column counted from 1."""
        return Position(self.file, line, column + 1)


def _text(value: Any) -> str:
    """A value as books write it. The shortest decimal of a float is what its cell was given: 19.99 and not 19.989…."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return Ready(str(value).lower())
    if isinstance(value, float):
        return Ready(str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f"))
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return Ready(value.date().isoformat() if midnight else value.isoformat(sep=" "))
    return Ready(str(value))


def open_excel(path: Path, sheet: str | None) -> ExcelTable:
    """A sheet of a workbook, by default the first. Raises `Refused` where it cannot be read, or there is no such."""
    name = str(path)
    if path.suffix.casefold() in OTHER_ENDINGS:
        message = f"this is a workbook of a kind that is not read (`{path.suffix}`)"
        raise _refused("file-kind", message, name, "save it as `.xlsx`, without macros, or as CSV")
    raw = raw_of(path, MAX_MEGABYTES, DISK)
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        message = "this is an Excel workbook, and what reads those is not installed"
        hint = "`pip install 'billpolicy[excel]'`, or save it as CSV"
        raise _refused("file-kind", message, name, hint) from None
    try:
        has_formulas = _inspect(raw)
        books = [openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)]
        if has_formulas:
            books.append(openpyxl.load_workbook(io.BytesIO(raw), read_only=True))
    except Exception:  # openpyxl raises whatever comes of a file that is damaged
        raise _damaged(name) from None
    names = [one.title for one in books[0].worksheets]
    wanted = sheet or next(iter(names), "")
    if wanted not in names:
        message = f"this workbook has no sheet `{wanted}`"
        raise Refused([no_table(message, Position(name), did_you_mean(wanted, names) or "name one of its sheets")])
    return ExcelTable(name, books[0][wanted], books[1][wanted] if has_formulas else None)


def _inspect(raw: bytes) -> bool:
    """Whether there are formulas in it. Raises `ValueError` where it would fill the memory, or is no workbook."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(one.file_size for one in packed.infolist()) > _MOST_UNPACKED:
            raise ValueError("too large")
        sheets = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
        return any(b"<f>" in (text := packed.read(name)) or b"<f " in text for name in sheets)


def _sound(rows: Iterator[Any], name: str) -> Iterator[Any]:
    """Rows as they are parsed. Raises `Refused` where the sheet is damaged."""
    try:
        yield from rows
    except Exception:
        raise _damaged(name) from None


def _damaged(name: str) -> Refused:
    return _refused("file-kind", "this is no Excel workbook, or a damaged one", name, "save it anew")


def _refused(code: Any, message: str, name: str, hint: str) -> Refused:
    return Refused([Diagnostic(code, message, Position(name), hint)])
