"""A table as a workbook: real numbers and days, a header that stays, totals in bold. The same table, the same bytes.

A workbook is a few XML files in a ZIP archive (ECMA-376, Office Open XML); this writes the least of it that there can
be, so that nothing has to be installed for it, and no clock goes into it. Texts are texts: none is a formula.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from billpolicy.accounting.tables import Cell, Group, Row, Table
from billpolicy.diagnostics.visible import visible
from billpolicy.money import minor_digits

_ZERO_DAY = datetime.date(1899, 12, 30)
"""Day 0 of spreadsheets."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAX_SHEET_NAME = 31
_TEXT, _BOLD, _DATE, _COUNT = 0, 1, 2, 3
_MONEY = 4
"""The first style of amounts: two for each number of decimals, the second in bold."""
_DIGITS = 5
"""Currencies have at most four decimals."""


def table_xlsx(table: Table) -> bytes:
    """The workbook, of one sheet."""
    name = re.sub(r"[^\w -]", "", table.name)[:_MAX_SHEET_NAME]
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/></Types>',
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")),
        "xl/styles.xml": _styles(),
        "xl/worksheets/sheet1.xml": _sheet(table),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            info = zipfile.ZipInfo(path, _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # the same on every system
            archive.writestr(info, _HEAD + text)
    return packed.getvalue()


def _relations(*those: tuple[str, str]) -> str:
    each = (
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(those, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(each)}</Relationships>'


def _styles() -> str:
    amounts = ["#,##0" + ("." + "0" * digits if digits else "") for digits in range(_DIGITS)]
    formats = "".join(f'<numFmt numFmtId="{165 + n}" formatCode="{code}"/>' for n, code in enumerate(amounts))
    plain = '<xf numFmtId="{}" fontId="{}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    styles = [plain.format(0, 0), plain.format(0, 1), plain.format(164, 0), plain.format(3, 0)]
    styles += [plain.format(165 + digits, font) for digits in range(_DIGITS) for font in (0, 1)]
    return (
        f'<styleSheet {_MAIN}><numFmts count="{len(amounts) + 1}">'
        f'<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>{formats}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _sheet(table: Table) -> str:
    heads: Row = ("group", "currency", *(column.title for column in table.columns))
    rows = [(heads, True, 0), *_rows(table)]
    widths = [max(len(str(row[n] or "")) for row, _, _ in rows) + 3 for n in range(len(heads))]
    columns = "".join(f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, 1))
    body = "".join(_row(number, *row) for number, row in enumerate(rows, 1))
    frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    return (
        f'<worksheet {_MAIN}><sheetViews><sheetView workbookViewId="0">{frozen}</sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{body}</sheetData></worksheet>"
    )


def _rows(table: Table) -> Iterator[tuple[Row, bool, int]]:
    """Each row with its group and currency, whether it is a total, and how many decimals its money has."""
    for one in (*table.groups, *table.totals):
        digits = 0 if one.currency is None else minor_digits(one.currency)
        for row in one.rows:
            yield (one.title, one.currency, *row), False, digits
        yield from _total(one, digits)


def _total(one: Group, digits: int) -> Iterator[tuple[Row, bool, int]]:
    if one.total is not None:
        yield (one.title, one.currency, *one.total), True, digits


def _row(number: int, row: Row, bold: bool, digits: int) -> str:
    cells = "".join(_cell(f"{_letters(n)}{number}", cell, bold, digits) for n, cell in enumerate(row))
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, cell: Cell, bold: bool, digits: int) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, str):
        text = escape(visible(cell))
        style = _BOLD if bold else _TEXT
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, datetime.date):
        return f'<c r="{place}" s="{_DATE}"><v>{(cell - _ZERO_DAY).days}</v></c>'
    style = _MONEY + 2 * digits + bold if isinstance(cell, Decimal) else _COUNT
    return f'<c r="{place}" s="{style}"><v>{cell}</v></c>'


def _letters(place: int) -> str:
    """`A` for the first column; a report has fewer than there are letters, unless it has many buckets."""
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)
