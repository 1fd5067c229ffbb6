"""What is asked for: one operation with its id, its date and its own fields, and where each of them was written."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from billpolicy.book.model import Attributes
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date, FreeText, Names, Prose, Text
from billpolicy.source.write import plain_data


@record
class Request:
    """What every operation has. `date` is the document date; without it, the day of planning."""

    id: Text
    """Names this operation for ever: the same id with the same content is posted once."""
    operation: Text
    date: Date | None = None
    actor: Text | None = None
    """Who asks; kept in the audit trail, and the policy may say what they may do."""
    approved_by: Names = ()
    """Who approves it, where the policy asks for that: one other person, or several."""
    comment: Prose | None = None
    attributes: Attributes = field(default_factory=dict)
    """Level `request`: values named explicitly, where the policy takes them from there."""

    def document_date(self, today: datetime.date) -> datetime.date:
        """The document date: it also selects the version of the policy."""
        return self.date or today

    def asked_for(self) -> Attributes:
        """The attribute values that the document shall have, as far as the policy takes them from the request."""
        return self.attributes

    def done_to(self) -> str | None:
        """The number of the document that it is done to, where conditions of a follow-up can ask about that."""
        return None

    def is_divided(self) -> bool:
        """Whether it is posted as a batch of parts, each an operation of its own, and not as one operation."""
        return False

    def told(self) -> dict[str, str | bool]:
        """What conditions of a follow-up can ask about it, beside what it brought about."""
        return {}


@record
class TaxAmount:
    """An amount on one tax of an item."""

    tax: Text
    amount: Amount


@record
class ItemAmount:
    """An amount on one item; its taxes follow in proportion unless they are named."""

    item: Text
    amount: Amount | None = None
    taxes: tuple[TaxAmount, ...] | None = None


@record
class NamedTax:
    """A tax amount that was determined elsewhere."""

    name: FreeText
    amount: Amount
    rate: Amount | None = None


@record
class ChargeAmount:
    """An amount for one product rate plan charge, with any tax on it."""

    charge: Text
    amount: Amount
    quantity: Amount | None = None
    service_start: Date | None = None
    service_end: Date | None = None
    taxes: tuple[NamedTax, ...] = ()


@record
class PartAmount:
    """An amount for one item of a document (or one tax of it)."""

    item: Text
    amount: Amount
    tax: Text | None = None


@record
class DocumentAmount:
    """An invoice or debit memo to settle. Without `amount`, the document order of the policy decides how much; without
    `items`, the allocation rule."""

    document: Text
    amount: Amount | None = None
    items: tuple[PartAmount, ...] = ()


def request_data(request: Request) -> dict[str, Any]:
    """What is asked for, as plain JSON data: the content that an operation id stands for, without id and people."""
    return {key: value for key, value in plain_data(request).items() if key not in ("id", "actor", "approved_by")}


class Origin(Protocol):
    """Where something was written: a file, or the data that a program gave."""

    def at(self, *path: str | int) -> Position:
        """The place of the value at a path."""


@dataclass(frozen=True)
class Instruction:
    """One operation as it was asked for: the request, and where it was written."""

    request: Request
    origin: Origin
    path: tuple[str | int, ...] = ()
    """Where in its origin it stands."""
    dated: datetime.date | None = None
    """The document date of one that names none, where that was fixed when it began to wait for approvals."""
    apart: bool = False
    """Whether approvals that it lacks are given apart from it: they are told, and no reason to refuse."""

    def at(self, *path: str | int) -> Position:
        """Where a field of the request stands."""
        return self.origin.at(*self.path, *path)

    def document_date(self, today: datetime.date) -> datetime.date:
        """The document date, where it is planned on that day."""
        return self.request.document_date(self.dated or today)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What is asked for, as `request_data` gives it."""
        return request_data(self.request)
