"""Tables that would exhaust the machine: zip bombs, rows without end, one line as long as the file."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.tables import excel_table
from billpolicy.exchange.tables.csv_table import open_csv
from billpolicy.exchange.tables.excel_table import open_excel
from billpolicy.exchange.usage_file import load_usage
from billpolicy.recording import lines as recording_lines
from billpolicy.recording.lines import load_recording
from billpolicy.source import csv_lines
from billpolicy.source.csv_lines import MAX_ROW, CsvLines
from tests.helpers.refusals import codes, refused

MEGABYTE = 1024 * 1024
SHEET = "xl/worksheets/sheet1.xml"
ROWS = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}'
END = "</sheetData></worksheet>"
ID = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


@pytest.fixture
def memory() -> Iterator[None]:
    """The test may take 200 MB and no more, what is handed to it aside."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 200 * MEGABYTE
    finally:
        tracemalloc.stop()


def workbook(folder: Path, **parts: str | bytes) -> Path:
    """A workbook with one sheet, some parts of which are other ones."""
    book = openpyxl.Workbook()
    book.active.append(["id"])
    plain = io.BytesIO()
    book.save(plain)
    path = folder / "table.xlsx"
    own = {name.replace("__", "/") + ".xml": text for name, text in parts.items()}
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *own}:
            new.writestr(name, own.get(name) or old.read(name))
    return path


def rows_of(path: Path) -> int:
    return sum(1 for _ in open_excel(path, None).rows())


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"xl__worksheets__sheet1": b" " * (260 * MEGABYTE)}, "larger than 256 MB when it is unpacked"),
        ({"xl__sharedStrings": b" " * (70 * MEGABYTE)}, "the part `xl/sharedStrings.xml`"),
        ({"xl__styles": b" " * (10 * MEGABYTE)}, "the part `xl/styles.xml`"),
        ({f"more__{number}": b"x" for number in range(2_000)}, "more than 2,000 parts"),
    ],
    ids=["a sheet", "texts", "styles", "parts"],
)
def test_a_zip_bomb_is_not_unpacked(parts: dict[str, bytes], told: str, tmp_path: Path, memory: None) -> None:
    path = workbook(tmp_path, **parts)
    tracemalloc.reset_peak()
    found = refused(lambda: open_excel(path, None))
    assert codes(found) == ["file-too-large"]
    assert told in str(found)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"><c r="ZZZ2"><v>1</v></c></row>' * 2,
        '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>',
    ],
    ids=["columns", "rows"],
)
def test_a_cell_far_away_makes_no_rows_and_columns_without_end(
    rows: str, tmp_path: Path, memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel_table, "_MAX_ROWS", 10_000)  # so that it takes a moment
    path = workbook(tmp_path, xl__worksheets__sheet1=ROWS.format(ID + rows) + END)
    assert codes(refused(lambda: rows_of(path))) == ["file-too-large"]


def test_entities_are_not_expanded(tmp_path: Path, memory: None) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>'
    sheet = ROWS.format(ID + '<row r="2"><c r="A2" t="inlineStr"><is><t>&a11;</t></is></c></row>') + END
    path = workbook(tmp_path, xl__worksheets__sheet1=sheet.replace('<?xml version="1.0"?>', laughs))
    assert codes(refused(lambda: rows_of(path))) == ["file-kind"]


def test_a_formula_is_seen_wherever_the_sheet_is_cut(tmp_path: Path) -> None:
    for before in range(3):
        start = ROWS.format(ID)
        cell = '<row r="2"><c r="A2">'
        space = " " * (MEGABYTE - len(start) - len(cell) - before)
        path = workbook(tmp_path, xl__worksheets__sheet1=f"{start}{space}{cell}<f>1+1</f></c></row>{END}")
        (row,) = open_excel(path, None).rows()
        assert "the result of this formula was never saved" in str(row)


@pytest.mark.parametrize("cell", ["a", "a,", '"\n",', '"'])
def test_a_row_of_csv_ends_somewhere(cell: str, tmp_path: Path, memory: None) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id,subscription,charge,date,quantity\n" + cell * (20 * MEGABYTE // len(cell)))
    tracemalloc.reset_peak()
    assert codes(refused(lambda: load_usage(path))) == ["usage-file"]
    (row,) = open_csv(path, "utf-8", "comma", "double").rows()
    assert "this is no row of CSV" in str(row)


def test_a_table_of_many_wrong_rows_takes_little_more_than_the_file(tmp_path: Path, memory: None) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("id,subscription,charge,date,quantity\n" + "- a\n" * (5 * MEGABYTE))
    tracemalloc.reset_peak()
    assert "problems-more" in codes(refused(lambda: load_usage(path)))


def test_lines_are_those_of_the_text_and_end_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{number},x\u2028y{end}" for number in range(2_500) for end in ("\n", "\r\n", "\r")) + "last"
    lines = CsvLines(text)
    read = []
    for line in lines:
        lines.row_ends()
        read.append(line)
    assert read == list(io.StringIO(text, newline=""))
    for number in (1, 2, 999, 1_000, 1_001, 1_002, 7_500, 7_501):
        assert lines.line(number) == read[number - 1].rstrip("\r\n")
    assert lines.line(7_502) == lines.line(100_000) == lines.line(0) == ""
    assert len(list(CsvLines("x" * MAX_ROW))) == 1
    with pytest.raises(csv.Error, match="more than 1,000,000 characters"):
        list(CsvLines("x\n" * (MAX_ROW // 2) + "x"))
    monkeypatch.setattr(csv_lines, "MAX_LINES", 2)
    with pytest.raises(csv.Error, match="more than 2 lines"):
        list(CsvLines("a\nb\nc\n"))


def test_a_line_of_a_recording_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_lines, "MAX_LINE", 1_000)
    path = tmp_path / "recording.jsonl"
    path.write_text('{"recording":' + "1" * 1_000)
    with pytest.raises(Refused, match="a line of it is longer than 1,000 bytes"):
        list(load_recording(path))
