"""How records stand in the rows of tables, both ways: one codec, made of the columns of a table and a record's fields.

A column holds the field of its name, unless it is renamed here. `*_minor` is an amount in minor units of the currency
beside it, a date is `YYYY-MM-DD`, a decimal that is no amount is text as written, a mapping or a list is canonical
JSON. What a row has beside its record, such as the number of the document that an item is of, the caller gives and
takes.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    ChargePeriod,
    CombinedCharge,
    Contact,
    Held,
    Item,
    Numbered,
    Part,
    SubscribedCharge,
    Subscription,
    TaxItem,
    UsageRecord,
    VoidNumber,
)
from billpolicy.ledger import schema
from billpolicy.ledger.statements import Row
from billpolicy.ledger.tables import Table
from billpolicy.money import from_minor, to_minor
from billpolicy.source.codec import CodecError, canonical, decode
from billpolicy.source.record import written_name

R = TypeVar("R")
_MOST = 1 << 16
minor_of = lru_cache(_MOST)(to_minor)
"""As `to_minor`; the same amounts come again and again."""
amount_of = lru_cache(_MOST)(from_minor)
"""As `from_minor`."""
_MINOR = "_minor"


class Rows(Generic[R]):
    """Records of one type in one table."""

    def __init__(
        self, table: Table, kind: type[R], beside: Sequence[str] = (), renamed: Mapping[str, str] | None = None
    ) -> None:
        """`beside`: columns that hold nothing of the record. `renamed`: column -> field."""
        self.table = table
        self._kind = kind
        types = _field_types(kind)  # type: ignore[arg-type]
        named = {written_name(field): field for field in types} | (dict(renamed or {}))
        columns: list[tuple[int, str, _Conversion]] = []
        """Place in the row, field and conversion of each column that holds a field."""
        self._beside: list[tuple[int, str]] = []
        self._empty: list[Any] = []
        self.empty: dict[str, Any] = {}
        """The columns that hold nothing of such a record nor beside it -> what they hold."""
        for column in table.names:
            field = named.get(column.removesuffix(_MINOR), "")
            place = len(self._empty)
            if column not in beside and field in types:
                columns.append((place, field, _conversion(types[field], column.endswith(_MINOR))))
            elif column in beside:
                self._beside.append((place, column))
            else:
                self.empty[column] = _DEFAULTS.get(column)
            self._empty.append(_DEFAULTS.get(column))
        self._places = [place for place, _, _ in columns]
        self._fields = [field for _, field, _ in columns]
        self._of_record = attrgetter(*self._fields)
        self._of_row = itemgetter(*self._places)
        self._converted = [
            (place, field, to_column, from_column)
            for place, field, (to_column, from_column) in columns
            if to_column is not None or from_column is not None
        ]
        """Of the columns that hold a field, those that hold it otherwise than the record."""

    def row(self, record: R, currency: str = "", /, **beside: Any) -> Row:
        """The row of a record; `currency` is that of its amounts."""
        row = self._empty.copy()
        for place, value in zip(self._places, self._of_record(record), strict=True):
            row[place] = value
        for place, _, to_column, _ in self._converted:
            if to_column is not None and row[place] is not None:
                row[place] = to_column(row[place], currency)
        for place, name in self._beside:
            row[place] = beside[name]
        return tuple(row)

    def record(self, row: Row, currency: str = "", /, **other: Any) -> R:
        """The record of a whole row as it was selected; `other`: fields that stand in other tables.

        Raises `CodecError` where a column holds what nobody writes there.
        """
        fields = dict(zip(self._fields, self._of_row(row), strict=True))
        try:
            for _, field, _, from_column in self._converted:
                if from_column is not None and fields[field] is not None:
                    fields[field] = from_column(fields[field], currency)
        except (ArithmeticError, CodecError, TypeError, ValueError):
            raise CodecError(f"a row of `{self.table.name}` cannot be read any more") from None
        return self._kind(**fields, **other)

    def odd(self, row: Row) -> Iterator[str]:
        """The columns of a whole row that hold what nobody would write there, though it may be read: a day, a number or
        JSON in another spelling, or bytes, which stand nowhere. Amounts are numbers, which have but one spelling."""
        yield from (name for name, value in zip(self.table.names, row, strict=True) if type(value) is bytes)
        for place, _, to_column, from_column in self._converted:
            value = row[place]
            if (
                value is None
                or type(value) is bytes
                or to_column is None
                or from_column is None
                or from_column is amount_of
            ):
                continue
            try:
                same = to_column(from_column(value, ""), "") == value
            except (ArithmeticError, CodecError, TypeError, ValueError):
                same = False
            if not same:
                yield self.table.names[place]


_Conversion = tuple[Callable[[Any, str], Any] | None, Callable[[Any, str], Any] | None]
_DEFAULTS: dict[str, Any] = {"reversed": False, "split": False, "auto_apply": True, "write_off": False, "usage": False}
"""What a column holds for records that have no such field, where that is not nothing."""


@cache
def _field_types(kind: Hashable) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: _plain(hints[field.name]) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]


def _plain(hint: Any) -> Any:
    """`X` of `X | None`."""
    return (
        next((part for part in typing.get_args(hint) if part is not type(None)), hint) if _may_be_none(hint) else hint
    )


def _may_be_none(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _conversion(hint: Any, is_minor: bool) -> _Conversion:
    if is_minor:
        return minor_of, amount_of
    if hint is datetime.date:
        return lambda day, _: day.isoformat(), lambda text, _: datetime.date.fromisoformat(text)
    if hint is Decimal:
        return lambda number, _: str(number), lambda text, _: Decimal(text)
    if hint is bool:
        return None, lambda flag, _: bool(flag)
    if typing.get_origin(hint) in (dict, tuple):
        return lambda several, _: canonical(several), lambda text, _: decode(hint, text)
    return None, None


def day_text(day: datetime.date | None) -> str | None:
    """A day as its column has it."""
    return None if day is None else day.isoformat()


ACCOUNTS = Rows(schema.accounts, Account, ["revision", "import_id"])
CONTACTS = Rows(schema.contacts, Contact, ["import_id"])
CHARGES = Rows(schema.charges, Charge, ["import_id"])
VOID_NUMBERS = Rows(schema.void_numbers, VoidNumber, ["import_id"])
PERIODS = Rows(
    schema.accounting_periods, AccountingPeriod, ["import_id"], {"from_date": "from_", "until_date": "until"}
)
SUBSCRIPTIONS = Rows(schema.subscriptions, Subscription, ["imported_canceled_on", "revision", "import_id"])
SUBSCRIBED_CHARGES = Rows(
    schema.subscribed_charges, SubscribedCharge, ["subscription", "position", "imported_through", "import_id"]
)
HELD = Rows(schema.held, Held, ["scope", "id", "position", "posted_by", "import_id"])
ITEMS = Rows(schema.items, Item, ["document", "position"])
TAXES = Rows(schema.taxes, TaxItem, ["document", "item", "position"])
COMBINED = Rows(schema.combined, CombinedCharge, ["document", "item", "position"])
REFUND_PARTS = Rows(schema.refund_parts, Part, ["refund", "position"])
APPLICATION_PARTS = Rows(schema.application_parts, Part, ["application", "position"])
APPLICATIONS = Rows(
    schema.applications,
    Application,
    ["id", "currency", "operation", "import_id"],
    {"from_number": "from_", "to_number": "to"},
)
IMPORTED_USAGE = ("imported_billed_by", "imported_amount_minor", "imported_drawn_minor", "imported_drawn_from")
"""Columns of usage that say how it was imported."""
USAGE = Rows(schema.usage, UsageRecord, [*IMPORTED_USAGE, "import_id"])
CHARGE_PERIODS = Rows(
    schema.charge_periods, ChargePeriod, ["imported", "import_id"], {"from_date": "from_", "until_date": "until"}
)
IMPORTED = ("imported_status", "imported_reversed", "imported_posted_as")
"""Columns of a document that say how it was imported, where operations can change that."""
_BESIDE = ["id", "kind", "prefix", "start", "counter", "operation", *IMPORTED, "revision", "changed_by", "import_id"]
_RELATED = {"refund": "refund_of"}
"""Kind -> the column of the document that it hangs on, where that is not `source`."""
DOCUMENTS: dict[str, Rows[Any]] = {
    name: Rows(
        schema.documents,
        kind.record,
        [*_BESIDE, *(["amount_minor"] if kind.has_items else [])],
        {_RELATED.get(name, "source"): kind.related_field} if kind.related_field else {},
    )
    for name, kind in KINDS.items()
}
"""Kind of document -> its rows. They share one table; a column that a kind has no field for stays empty."""


EVERY = (
    ACCOUNTS,
    CONTACTS,
    CHARGES,
    VOID_NUMBERS,
    PERIODS,
    SUBSCRIPTIONS,
    SUBSCRIBED_CHARGES,
    HELD,
    ITEMS,
    TAXES,
    COMBINED,
    REFUND_PARTS,
    APPLICATION_PARTS,
    APPLICATIONS,
    USAGE,
    CHARGE_PERIODS,
)
"""Those of every table that records of one kind stand in."""


def document_row(document: Numbered, amount: int, **beside: Any) -> Row:
    """The row of a document of any kind; `amount` in minor units, tax included."""
    rows = DOCUMENTS[document.kind]
    return rows.row(document, document.currency, kind=document.kind, amount_minor=amount, **beside)
