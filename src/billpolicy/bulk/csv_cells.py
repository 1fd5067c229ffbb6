"""Cells of a CSV file, which are texts: what each is by the field of its column, and which are none of that.

A cell that cannot be read refuses its row and no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from billpolicy.bulk.values import Bools
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.vocabulary.spec import FieldSpec


class UnreadColumn(NamedTuple):
    """A column with cells that cannot be read."""

    wrong: Bools
    """Which rows have one."""
    texts: pa.StringArray
    """Of all rows."""


Unread = Mapping[str, UnreadColumn]
"""By the names of columns that have such cells."""

_WRITTEN = {
    "money": ("an amount", "write it like `1000.00`: a point for decimals, nothing between thousands"),
    "date": ("a day", "write it like `2026-03-03`, not `03.03.2026`"),
    "integer": ("a whole number", "write it in digits alone, like `30`"),
    "days": ("a whole number of days", "write it in digits alone, like `30`"),
    "boolean": ("true or false", "write `true` or `false`"),
}
"""What a cell of a type of field is, and how it is written."""
_TRUTHS = pa.array(["true", "false"])
_LIKE_A_NUMBER = r"^[-+.0-9a-fA-FxX]*$"
"""What has other letters is no number and no day, and need not be tried."""


def read_cells(batch: pa.RecordBatch, schema: pa.Schema) -> tuple[pa.RecordBatch, Unread]:
    """A batch of texts as one of this schema: nothing where a cell is not of the type of its column."""
    unread: dict[str, UnreadColumn] = {}
    columns = []
    for place, field in enumerate(schema):
        column = texts = batch.column(place)
        if field.type != texts.type:
            column = _converted(texts, field.type)
            if column.null_count > texts.null_count:
                wrong = pc.and_(texts.is_valid(), column.is_null()).to_numpy(zero_copy_only=False)
                unread[field.name] = UnreadColumn(wrong, texts)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema), unread


def cell_wrong(field: FieldSpec, text: str) -> Diagnostic:
    """What is wrong with a cell that cannot be read."""
    what, hint = _WRITTEN[field.type]
    return Diagnostic("row-value-wrong", f"`{field.name}` of a row: `{text:.40}` is not {what}", None, hint)


def _converted(texts: pa.StringArray, type_: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(type_):  # Arrow takes other words for it, too
        texts = pc.if_else(pc.is_in(texts, value_set=_TRUTHS), texts, None)
    with suppress(pa.ArrowInvalid):
        return texts.cast(type_)
    distinct = texts.dictionary_encode()
    words = pc.utf8_trim_whitespace(distinct.dictionary)
    words = pc.if_else(pc.match_substring_regex(words, _LIKE_A_NUMBER), words, None)
    return _each(words, type_).take(distinct.indices)


def _each(words: pa.StringArray, type_: pa.DataType) -> pa.Array:
    """Those words that are of the type. Most are, so they are tried together, and in halves where one is not."""
    with suppress(pa.ArrowInvalid):
        return words.cast(type_)
    if len(words) == 1:
        return pa.nulls(1, type_)
    half = len(words) // 2
    return pa.concat_arrays([_each(words[:half], type_), _each(words[half:], type_)])
