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
_MEGABYTE = 1024 * 1024
MAX_UNPACKED = 256 * _MEGABYTE
"""Bytes of XML: a million rows of ten cells take about as much."""
_MAX_PART = {"xl/sharedStrings.xml": 64 * _MEGABYTE}
_MAX_OTHER_PART = 8 * _MEGABYTE
"""Bytes of a part that is no sheet, such as the styles: openpyxl holds these in memory whole."""
_MAX_PARTS = 2_000
_MAX_ROWS = 1_048_576
"""What Excel has. A file may say that its next row is any other, and openpyxl goes through all of those between."""
MAX_COLUMNS = 1_000
"""Excel has 16,384, and one cell in the last of them makes as many of its row."""
_ENTRY = b"PK\x01\x02"
"""How an entry of the list of a ZIP file begins."""
_SHEETS = "xl/worksheets/"
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
        _refuse_bomb(raw, name)
        has_formulas = _has_formulas(raw)
        books = [openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)]
        if has_formulas:
            books.append(openpyxl.load_workbook(io.BytesIO(raw), read_only=True))
    except Refused:
        raise
    except Exception:  # openpyxl raises whatever comes of a file that is damaged
        raise _damaged(name) from None
    names = [one.title for one in books[0].worksheets]
    wanted = sheet or next(iter(names), "")
    if wanted not in names:
        message = f"this workbook has no sheet `{wanted}`"
        raise Refused([no_table(message, Position(name), did_you_mean(wanted, names) or "name one of its sheets")])
    return ExcelTable(name, books[0][wanted], books[1][wanted] if has_formulas else None)


def _refuse_bomb(raw: bytes, name: str) -> None:
    """Raises `Refused` where a workbook would fill the memory. What it says of its sizes is what is unpacked of it."""
    most = f"{MAX_UNPACKED // _MEGABYTE} MB"
    hint = "it is packed as no program does it, or has far more in it than a table: save the one sheet as CSV"
    if raw.count(_ENTRY) > _MAX_PARTS:
        raise _refused("file-too-large", f"this workbook has more than {_MAX_PARTS:,} parts", name, hint)
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        parts = packed.infolist()
    if sum(one.file_size for one in parts) > MAX_UNPACKED:
        raise _refused("file-too-large", f"this workbook is larger than {most} when it is unpacked", name, hint)
    for one in parts:
        if not one.filename.startswith(_SHEETS) and one.file_size > _MAX_PART.get(one.filename, _MAX_OTHER_PART):
            message = f"the part `{one.filename[:40]}` of this workbook is larger than any table needs"
            raise _refused("file-too-large", message, name, hint)


def _has_formulas(raw: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return any(_has_formula(packed, name) for name in packed.namelist() if name.startswith(_SHEETS))


def _has_formula(packed: zipfile.ZipFile, name: str) -> bool:
    """Whether a sheet has one, a megabyte after the other; what is cut between two of them is looked at again."""
    before = b""
    with packed.open(name) as stream:
        while text := stream.read(_MEGABYTE):
            if b"<f>" in (both := before + text) or b"<f " in both:
                return True
            before = text[-2:]
    return False


def _sound(rows: Iterator[Any], name: str) -> Iterator[Any]:
    """Rows as they are parsed. Raises `Refused` where the sheet is damaged, or has more of them than Excel."""
    hint = "take out what stands far away from the table, also empty cells with a format"
    try:
        for number, row in enumerate(rows, start=1):
            if number > _MAX_ROWS or len(row) > MAX_COLUMNS:
                message = f"this sheet has more than {MAX_COLUMNS:,} columns, or more than {_MAX_ROWS:,} rows"
                raise _refused("file-too-large", message, name, hint)
            yield row
    except Refused:
        raise
    except Exception:
        raise _damaged(name) from None


def _damaged(name: str) -> Refused:
    return _refused("file-kind", "this is no Excel workbook, or a damaged one", name, "save it anew")


def _refused(code: Any, message: str, name: str, hint: str) -> Refused:
    return Refused([Diagnostic(code, message, Position(name), hint)])
