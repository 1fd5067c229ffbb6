"""A batch of rows, of which each column is read once, whoever asks for which of its rows."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pyarrow as pa

from billpolicy.bulk.csv_cells import Unread
from billpolicy.bulk.values import Bools, Ints, Numbers, Texts, composed_words, numbers_of, texts_of, words_wrong
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.vocabulary.spec import FieldSpec, FieldType


class Batch:
    """A batch of Arrow. Rows are places in it; None: all of them. `unread`: cells that are none of their column."""

    def __init__(self, batch: pa.RecordBatch, unread: Unread = MappingProxyType({})) -> None:
        self.rows: int = batch.num_rows
        self._batch, self._unread = batch, unread
        self._texts: dict[str, Texts] = {}
        self._composed: dict[str, Texts] = {}
        self._words_wrong: dict[tuple[str, FieldType, tuple[str, ...]], Bools] = {}
        self._numbers: dict[str, tuple[Numbers, Bools | None]] = {}

    def column(self, name: str, rows: Ints | None = None) -> pa.Array:
        """A column as it is."""
        column = self._batch.column(name)
        return column if rows is None else column.take(pa.array(rows))

    def value(self, name: str, row: int) -> Any:
        """What one row has in a column."""
        value = self._batch.column(name)[row]
        try:
            return value.as_py()
        except (OverflowError, ValueError):  # a day that is none of Python's
            return f"{value.cast(pa.int32())} days since 1970"

    def unread(self, name: str, rows: Ints | None) -> Bools | None:
        """Which rows have a cell in a column that could not be read; None: none of them."""
        if name not in self._unread:
            return None
        wrong = self._unread[name].wrong
        return wrong if rows is None else wrong[rows]

    def unread_text(self, name: str, row: int) -> str | None:
        """What stands in such a cell."""
        if name not in self._unread or not self._unread[name].wrong[row]:
            return None
        return cast(str, self._unread[name].texts[row].as_py())

    def texts(self, name: str, rows: Ints | None = None) -> Texts:
        """A column of texts: its words are those of all rows. Raises `Refused` where one is none, as its bytes are not
        UTF-8: Arrow reads files without asking."""
        if name not in self._texts:
            self._texts[name] = _readable(name, texts_of(self._batch.column(name)))
        found = self._texts[name]
        return found if rows is None else Texts(found.numbers[rows], found.words)

    def composed(self, name: str, rows: Ints | None = None) -> Texts:
        """A column of texts as facts: those that look the same are the same."""
        if name not in self._composed:
            self._composed[name] = composed_words(self.texts(name))
        found = self._composed[name]
        return found if rows is None else Texts(found.numbers[rows], found.words)

    def texts_wrong(self, field: FieldSpec, name: str, rows: Ints | None) -> Bools | None:
        """Which rows have a text in this column that a field cannot be; None where no word of it is one."""
        by = name, field.type, field.choices
        if by not in self._words_wrong:
            self._words_wrong[by] = words_wrong(field, self.texts(name).words)
        wrong = self._words_wrong[by]
        return np.append(wrong, np.False_)[self.texts(name, rows).numbers] if wrong.any() else None

    def numbers(self, field: FieldSpec, rows: Ints | None) -> tuple[Numbers, Bools | None]:
        """A column of numbers, and which rows have one that no field of its type can be."""
        if field.name not in self._numbers:
            currency = self.texts(f"{field.name}.currency") if field.type == "money" else None
            self._numbers[field.name] = numbers_of(field.type, self._batch.column(field.name), currency)
        (values, there), wrong = self._numbers[field.name]
        if rows is None:
            return Numbers(values, there), wrong
        return Numbers(values[rows], None if there is None else there[rows]), None if wrong is None else wrong[rows]


def _readable(name: str, texts: Texts) -> Texts:
    try:
        texts.words.validate(full=True)
    except pa.ArrowInvalid:
        message = f"the column `{name}` has a text that is not in UTF-8"
        raise Refused(
            [Diagnostic("row-column-type", message, None, "write it again, with its texts in UTF-8")]
        ) from None
    return texts
