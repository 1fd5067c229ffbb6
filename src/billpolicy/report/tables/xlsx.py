"""A table as a workbook: real numbers and days, a header that stays, totals in bold. The same table, the same bytes.

The library is XlsxWriter, of the extra `excel`. It writes amounts as they are, puts no clock into the file where it is
told when that was made, and takes no text for a formula that is written as a text.
"""

from __future__ import annotations

import datetime
import importlib.util
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from billpolicy.accounting.tables import Cell, Row, Table
from billpolicy.diagnostics.spreadsheets import is_formula
from billpolicy.diagnostics.visible import visible
from billpolicy.money import minor_digits

_MADE = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
"""When every workbook says that it was made: the first day that an archive of files knows."""
_MAX_SHEET_NAME = 31
_MAX_DIGITS = 15
"""More digits of a number no spreadsheet keeps: such an amount is written as a text, and not rounded in silence."""


def can_write_workbooks() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("xlsxwriter") is not None


def table_xlsx(table: Table) -> bytes:
    """The workbook, of one sheet. Raises `ImportError` where the library is not installed."""
    import xlsxwriter  # type: ignore[import-untyped]

    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": visible(table.title), "created": _MADE})
        sheet = workbook.add_worksheet(re.sub(r"[^\w -]", "", table.name)[:_MAX_SHEET_NAME])
        sheet.freeze_panes(1, 0)
        styles: dict[tuple[str, bool, bool], Any] = {}
        for number, (row, bold, decimals) in enumerate(_rows(table)):
            for place, cell in enumerate(row):
                style = _number_format(cell, decimals), bold, isinstance(cell, str) and is_formula(visible(cell))
                if style not in styles:
                    # What looks like a formula stays a text also when somebody edits the cell.
                    format = {"num_format": style[0], "bold": bold, "quote_prefix": style[2]}
                    styles[style] = workbook.add_format(format)
                _put(sheet, number, place, cell, styles[style])
        sheet.autofit()
    return packed.getvalue()


def _rows(table: Table) -> Iterator[tuple[Row, bool, int]]:
    """Each row with its group and currency, whether it is in bold, and how many decimals its money has."""
    yield ("group", "currency", *(column.title for column in table.columns)), True, 0
    for one in (*table.groups, *table.totals):
        decimals = 0 if one.currency is None else minor_digits(one.currency)
        for row in one.rows:
            yield (one.title, one.currency, *row), False, decimals
        if one.total is not None:
            yield (one.title, one.currency, *one.total), True, decimals


def _number_format(cell: Cell, decimals: int) -> str:
    match cell:
        case Decimal():
            return "#,##0." + "0" * decimals if decimals else "#,##0"
        case int():
            return "#,##0"
        case datetime.date():
            return "yyyy-mm-dd"
        case _:
            return "General"


def _put(sheet: Any, number: int, place: int, cell: Cell, style: Any) -> None:
    match cell:
        case None | "":
            pass
        case str():
            sheet.write_string(number, place, visible(cell), style)
        case datetime.date():
            sheet.write_datetime(number, place, cell, style)
        case Decimal() if len(cell.as_tuple().digits) > _MAX_DIGITS:
            sheet.write_string(number, place, f"{cell:f}", style)
        case _:
            sheet.write_number(number, place, cell, style)
