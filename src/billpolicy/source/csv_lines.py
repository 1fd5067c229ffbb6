"""The lines of a text of CSV, as they are asked for: a list of them takes many times what the file does."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

MAX_ROW = 1_000_000
"""Characters of a row, which may be of several lines: cells are texts of 255 characters."""
MAX_LINES = 5_000_000
"""Of a file; a record takes more bytes than its share of the largest file that is read."""
_BREAK = re.compile("\r\n|[\n\r]")  # cells may hold U+2028 and other marks
_EVERY = 1_000
"""Lines between those whose beginning is remembered."""


class CsvLines:
    """Lines with their ends, to be read by `csv.reader`; one that was read can be looked up again.

    Raises `csv.Error` for a row, or a file, that is longer than any table is.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        self._read = 0
        self._row = 0

    def row_ends(self) -> None:
        """What comes next is another row."""
        self._row = 0

    def __iter__(self) -> Iterator[str]:
        text, start = self._text, 0
        for end in _ends(text):
            self._row += end - start
            self._read += 1
            if self._row > MAX_ROW:
                raise csv.Error(f"it has more than {MAX_ROW:,} characters; is a quote not closed?")
            if self._read > MAX_LINES:
                raise csv.Error(f"this file has more than {MAX_LINES:,} lines; split it into several")
            yield text[start:end]
            start = end
            if self._read % _EVERY == 0:
                self._starts.append(start)

    def line(self, number: int) -> str:
        """A line that was read, counted from 1, without its end; nothing where there was none."""
        place, more = divmod(number - 1, _EVERY)
        if not 0 <= place < len(self._starts):
            return ""
        start = self._starts[place]
        for _ in range(more):
            found = _BREAK.search(self._text, start)
            if found is None:
                return ""
            start = found.end()
        found = _BREAK.search(self._text, start)
        return self._text[start : found.start() if found else len(self._text)]


def _ends(text: str) -> Iterator[int]:
    end = 0
    for found in _BREAK.finditer(text):
        end = found.end()
        yield end
    if end < len(text):
        yield len(text)
