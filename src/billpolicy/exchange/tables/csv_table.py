"""A CSV file as a table: by the delimiter, the quote and the encoding that a mapping names, and no others."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.tables.mapping import DELIMITERS, Delimiter, Encoding, Quote, joined
from billpolicy.exchange.tables.table import Row, no_table
from billpolicy.source.csv_lines import CsvLines
from billpolicy.source.files import DISK
from billpolicy.source.tree import raw_of

MAX_MEGABYTES = 64
"""As of a book, which is what it becomes; a larger table is given as several files."""
_CODECS: dict[Encoding, str] = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "cp1252": "cp1252", "latin-1": "latin-1"}
_QUOTES: dict[Quote, str] = {"double": '"', "single": "'"}


class CsvTable:
    """A CSV file."""

    def __init__(self, file: str, text: str, delimiter: str, quote: str) -> None:
        self.file = file
        self._lines = CsvLines(text)
        self._delimiter, self._quote = delimiter, quote
        self._reader = csv.reader(self._lines, strict=True, delimiter=delimiter, quotechar=quote)
        self.columns: Sequence[str] = []
        try:
            self.columns = [joined(cell) for cell in next(self._reader, [])]
            self._lines.row_ends()
        except csv.Error as error:
            raise Refused([self._broken(1, error)]) from None

    def rows(self) -> Iterator[Row | Diagnostic]:
        """As `Table.rows`. Behind a row that cannot be told from the next, there are no others."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                yield self._broken(line, error)
                return
            if cells is None:
                return
            self._lines.row_ends()
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) == len(self.columns):
                yield Row(line, cells)
            else:
                message = f"this row has {len(cells)} cells, but the first line names {len(self.columns)} columns"
                hint = (
                    "put a cell that has the delimiter in it into quotes, and write an empty cell for what is not known"
                )
                yield no_table(message, Position(self.file, line, 1), hint)

    def at(self, line: int, column: int) -> Position:
        """The first character of a cell; of a row of several lines, its first line."""
        text = self._lines.line(line)
        start, quoted = 0, False
        places = [0]
        for start, character in enumerate(text):
            if character == self._quote:
                quoted = not quoted
            elif character == self._delimiter and not quoted:
                places.append(start + 1)
        begin = places[column] if column < len(places) else 0
        end = places[column + 1] - 1 if column + 1 < len(places) else len(text) if column < len(places) else begin
        return Position(self.file, line, begin + 1, line, max(end, begin + 1) + 1 if end <= begin else end + 1)

    def _broken(self, line: int, error: csv.Error) -> Diagnostic:
        hint = "write a text that has the delimiter in it in quotes, and a quote in it twice"
        return no_table(f"this is no row of CSV: {error}", Position(self.file, line, 1), hint)


def open_csv(path: Path, encoding: Encoding, delimiter: Delimiter, quote: Quote) -> CsvTable:
    """The table in a CSV file. Raises `Refused` where it is no text in this encoding, or no CSV."""
    name = str(path)
    text = decoded(raw_of(path, MAX_MEGABYTES, DISK), name, encoding)
    return CsvTable(name, text, DELIMITERS[delimiter], _QUOTES[quote])


def decoded(raw: bytes, name: str, encoding: Encoding) -> str:
    """The text of a file. Raises `Refused`."""
    try:
        text = raw.decode(_CODECS[encoding])
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        if encoding == "utf-8" and raw.startswith(BOM_UTF8):
            start += len(BOM_UTF8)  # the codec takes it off before it counts
        line = raw[:start].count(b"\n") + 1
        hint = "say under `encoding` which it is: utf-8, utf-16, or cp1252, as Excel on Windows saves CSV"
        message = f"this file is not {encoding} text (byte {start + 1})"
        raise Refused([Diagnostic("file-encoding", message, Position(name, line, 1), hint)]) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        hint = "the file may be UTF-16, which `encoding: utf-16` says, or be damaged"
        raise Refused([no_table("the character U+0000 may not stand in a table", Position(name, line, 1), hint)])
    return text
