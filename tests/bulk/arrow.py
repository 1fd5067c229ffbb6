"""Rows as a table of Arrow, with the types that columns come in from other programs."""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from billpolicy.vocabulary.spec import FieldSpec

TEXTS = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()))
AMOUNTS = (pa.decimal128(18, 4), pa.decimal128(38, 6), pa.decimal128(38, 18), pa.decimal64(18, 4))
WHOLE = (pa.int64(),)


def table(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], fields: Mapping[str, FieldSpec], chance: random.Random
) -> pa.Table:
    """The rows in batches of some length. A column that is no field has texts."""
    schema = pa.schema([(name, _type(name, fields, chance)) for name in names])
    columns = [_column([row.get(name) for row in rows], schema.field(name).type) for name in names]
    whole = pa.Table.from_arrays(columns, schema=schema)
    return pa.Table.from_batches(whole.to_batches(max_chunksize=chance.choice((1, 7, 1000))), schema)


def _type(name: str, fields: Mapping[str, FieldSpec], chance: random.Random) -> pa.DataType:
    types = {"money": AMOUNTS, "integer": WHOLE, "days": WHOLE, "date": (pa.date32(),), "boolean": (pa.bool_(),)}
    return chance.choice(types.get(fields[name].type, TEXTS) if name in fields else TEXTS)


def _column(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode()
    return pa.array(values, type_)


def day(number: int) -> datetime.date:
    return datetime.date.fromordinal(number)


def rows_of_payments(count: int, chance: random.Random) -> pa.Table:
    """Payments to decide under the standard policy, some of which cannot be."""
    rows = [
        {
            "id": number,
            "date": day(chance.randrange(735_000, 740_000)),
            "account.country": chance.choice(("DE", "FR", None)),
            "amount": chance.choice((Decimal("1.000"), Decimal("0.125"), None)),
            "amount.currency": chance.choice(("EUR", "KWD")),
            "account.sequence_set": chance.choice(("EU", "US", None)),
        }
        for number in range(count)
    ]
    types = (pa.int64(), pa.date32(), pa.string(), pa.decimal128(18, 3), pa.string(), pa.string())
    return pa.Table.from_pylist(rows, pa.schema(list(zip(rows[0], types, strict=True))))
