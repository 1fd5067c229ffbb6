"""Which types of Arrow a column can have. Of any other the whole table is refused, and told how to cast it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa
from pyarrow import types as arrow

from billpolicy.deciding.columns import Columns
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.vocabulary.spec import FieldSpec


class _Wanted(NamedTuple):
    """What a column is to be."""

    name: str
    fits: Callable[[pa.DataType], bool]
    hint: str


def is_text(type_: pa.DataType) -> bool:
    """Whether a column of this type has texts."""
    if arrow.is_dictionary(type_):
        return is_text(type_.value_type)
    return bool(arrow.is_string(type_) or arrow.is_large_string(type_) or arrow.is_string_view(type_))


def _is_amount(type_: pa.DataType) -> bool:
    return bool(arrow.is_decimal32(type_) or arrow.is_decimal64(type_) or arrow.is_decimal128(type_))


def _is_whole(type_: pa.DataType) -> bool:
    return bool(arrow.is_integer(type_) and not arrow.is_uint64(type_))


_TEXT = _Wanted("texts (string)", is_text, "cast it: `CAST({name} AS VARCHAR)`")
_WHOLE = _Wanted("whole numbers (int64)", _is_whole, "cast it: `CAST({name} AS BIGINT)`")
_AMOUNT = _Wanted(
    "exact amounts (decimal128)",
    _is_amount,
    "cast it where it is made: `CAST({name} AS DECIMAL(18, 2))`; no float is exact",
)
_DATE = _Wanted("dates (date32)", arrow.is_date32, "cast it: `CAST({name} AS DATE)`; a moment is no day")
_TRUTH = _Wanted("true or false (bool)", arrow.is_boolean, "cast it: `CAST({name} AS BOOLEAN)`")
_BY_TYPE = {
    "text": _TEXT,
    "choice": _TEXT,
    "country": _TEXT,
    "currency": _TEXT,
    "integer": _WHOLE,
    "days": _WHOLE,
    "money": _AMOUNT,
    "date": _DATE,
    "boolean": _TRUTH,
}


def types_wrong(schema: pa.Schema, columns: Columns) -> Iterator[Diagnostic]:
    """The columns of one operation that have a type which their field cannot have. One of nulls alone fits any."""
    wanted = {field.name: _BY_TYPE[field.type] for field in columns.fields}
    for name in columns.names:
        problem = type_wrong(schema, name, wanted.get(name, _TEXT))
        if problem is not None:
            yield problem


def type_wrong(schema: pa.Schema, name: str, wanted: _Wanted = _TEXT) -> Diagnostic | None:
    """What is wrong with the type of a column, if anything."""
    type_ = schema.field(name).type
    if arrow.is_null(type_) or wanted.fits(type_):
        return None
    message = f"the column `{name}` is of type {type_}; it must be of {wanted.name}"
    hint = wanted.hint.replace("{name}", f'"{name}"')
    return Diagnostic("row-column-type", message, None, hint)


_IN_TEXTS = {
    "integer": pa.int64(),
    "days": pa.int64(),
    "money": pa.decimal128(38, 6),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


def in_texts(fields: Iterable[FieldSpec]) -> dict[str, pa.DataType]:
    """The types in which a file that is only text is read: of fields that are no texts, by name."""
    return {field.name: _IN_TEXTS[field.type] for field in fields if field.type in _IN_TEXTS}
