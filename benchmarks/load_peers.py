"""Typed readers of the same book by other libraries, at their best: made once, no checks but those of types."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import GenericAlias
from typing import Any


def msgspec_reader() -> Callable[[bytes], Any]:
    """msgspec's decoder into its own structs."""
    import msgspec

    def struct(called: str, /, **fields: Any) -> Any:
        return msgspec.defstruct(called, fields.items(), forbid_unknown_fields=True, gc=False, rename={"from_": "from"})

    day, text, amount = datetime.date, str, Decimal
    account = struct("Account", id=text, name=text, country=text, currency=text)
    tax = struct("Tax", id=text, name=text, amount=amount)
    item = struct("Item", id=text, name=text, amount=amount, taxes=_many(tax))
    head = {"number": text, "account": text, "date": day, "currency": text}
    invoice = struct("Invoice", **head, due_date=day, items=_many(item))
    payment = struct("Payment", **head, amount=amount)
    part = msgspec.defstruct("Part", [("item", text), ("amount", amount), ("tax", text | None, None)], gc=False)
    application = struct("Application", from_=text, to=text, date=day, amount=amount, parts=_many(part))
    sections = {"accounts": account, "invoices": invoice, "payments": payment, "applications": application}
    book = struct("Book", **{name: _many(kind) for name, kind in sections.items()})
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(book).decode
    return decode


def _many(kind: Any) -> Any:
    return GenericAlias(tuple, (kind, ...))


@dataclass(slots=True)
class Account:
    id: str
    name: str
    country: str
    currency: str


@dataclass(slots=True)
class Tax:
    id: str
    name: str
    amount: Decimal


@dataclass(slots=True)
class Item:
    id: str
    name: str
    amount: Decimal
    taxes: tuple[Tax, ...]


@dataclass(slots=True)
class Invoice:
    number: str
    account: str
    date: datetime.date
    currency: str
    due_date: datetime.date
    items: tuple[Item, ...]


@dataclass(slots=True)
class Payment:
    number: str
    account: str
    date: datetime.date
    currency: str
    amount: Decimal


@dataclass(slots=True)
class Part:
    item: str
    amount: Decimal
    tax: str | None = None


@dataclass(slots=True)
class Application:
    to: str
    date: datetime.date
    amount: Decimal
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Book:
    accounts: tuple[Account, ...]
    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]
    applications: tuple[Application, ...]


def pydantic_reader() -> Callable[[bytes], Any]:
    """pydantic's reader of JSON into dataclasses."""
    from pydantic import TypeAdapter

    return TypeAdapter(Book).validate_json
