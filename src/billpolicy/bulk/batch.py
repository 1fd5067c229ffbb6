"""A batch of rows, of which each column of texts is read once, whoever asks for which of its rows."""

from __future__ import annotations

import pyarrow as pa

from billpolicy.bulk.values import Ints, Texts, texts_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused


class Batch:
    """A batch of Arrow. Rows are places in it; None: all of them."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.rows: int = batch.num_rows
        self._batch = batch
        self._texts: dict[str, Texts] = {}

    def column(self, name: str, rows: Ints | None = None) -> pa.Array:
        """A column as it is."""
        column = self._batch.column(name)
        return column if rows is None else column.take(pa.array(rows))

    def texts(self, name: str, rows: Ints | None = None) -> Texts:
        """A column of texts: its words are those of all rows. Raises `Refused` where one is none, as its bytes are not
        UTF-8: Arrow reads files without asking."""
        if name not in self._texts:
            self._texts[name] = _readable(name, texts_of(self._batch.column(name)))
        found = self._texts[name]
        return found if rows is None else Texts(found.numbers[rows], found.words)


def _readable(name: str, texts: Texts) -> Texts:
    try:
        texts.words.validate(full=True)
    except pa.ArrowInvalid:
        message = f"the column `{name}` has a text that is not in UTF-8"
        raise Refused(
            [Diagnostic("row-column-type", message, None, "write it again, with its texts in UTF-8")]
        ) from None
    return texts
