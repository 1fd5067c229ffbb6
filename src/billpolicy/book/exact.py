"""A book file with each amount in the decimals of its currency, and each application with its parts.

What is not clear is left as it is, and told by the checks: an amount that is none of its currency, and parts of which
more than one outcome is possible.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from billpolicy.book.book import Book, transferred_parts
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    BookFile,
    ChargePeriod,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Numbered,
    Part,
    Payment,
    Refund,
    UsageRecord,
)
from billpolicy.book.ordinary import NOTHING, Ordinary
from billpolicy.money import AmountError, exact

_T = TypeVar("_T")


Times = Callable[[str], int]
"""How often money was put on a document."""


def exact_amounts(file: BookFile, passed: Ordinary = NOTHING) -> BookFile:
    """The same file, without the figures that it states beside what they come from.

    `passed`: what is known to be ordinary, and so exact already.
    """
    sections: dict[str, Any] = {kind.section: getattr(file, kind.section) for kind in KINDS.values()}
    numbered: dict[str, Numbered] = {one.number: one for section in sections.values() for one in section}
    times = Counter(one.to for one in file.applications)
    documents = {
        section: tuple([one if one.number in passed.documents else exact_document(one, numbered) for one in records])
        for section, records in sections.items()
    }
    applications = [
        one if one.from_ in passed.settled else exact_application(one, numbered, times.__getitem__)
        for one in file.applications
    ]
    return replace(
        file,
        **documents,
        applications=tuple(applications),
        usage=tuple([exact_usage(one, numbered) for one in file.usage]),
        charge_periods=tuple(map(exact_charge_period, file.charge_periods)),
    )


def exact_document(one: Any, numbered: Mapping[str, Numbered]) -> Any:
    """A document. `numbered`: those of its book, as they stand in the file or exact."""
    if isinstance(one, Document):
        return _with(one, items=_each(one.items, _exact_item, one.currency), total=None, balance=None)
    if isinstance(one, Payment):
        return _with(one, amount=_exact(one.amount, one.currency), balance=None)
    if isinstance(one, Refund):
        memo = numbered.get(one.of or "")
        only = _only_item(memo) if isinstance(memo, CreditMemo) and not one.parts else None
        parts = one.parts if only is None else (Part(item=only, amount=one.amount),)
        one = _with(one, parts=_each(parts, _in_decimals, one.currency))
    return _in_decimals(one, one.currency)


def exact_application(one: Application, numbered: Mapping[str, Numbered], times: Times) -> Application:
    """An application, with the parts that it leaves out where only one outcome is possible."""
    source, target = numbered.get(one.from_), numbered.get(one.to)
    parts, code = one.parts, "" if source is None else source.currency
    if not parts and target is not None:
        parts = _parts(one, source, target, times)
    return _with(one, amount=_exact(one.amount, code), parts=_each(parts, _in_decimals, code))


def exact_usage(one: UsageRecord, numbered: Mapping[str, Numbered]) -> UsageRecord:
    """A usage record: what it was billed at is in the currency of the document that bills it."""
    document = numbered.get(one.billed_by or "")
    code = "" if document is None else document.currency
    return _with(one, amount=_may_be(one.amount, code), drawn=_may_be(one.drawn, code))


def exact_charge_period(one: ChargePeriod) -> ChargePeriod:
    """A charge period."""
    return _with(one, **{name: _may_be(getattr(one, name), one.currency) for name in ("amount", "discount", "tax")})


def _parts(one: Application, source: Numbered | None, target: Numbered, times: Times) -> tuple[Part, ...]:
    negative = isinstance(source, Invoice) and source.amount < 0
    if isinstance(source, Invoice) and negative and one.amount == -source.amount:
        return transferred_parts(Book().open_places(source))
    from_item = _only_item(source)
    if isinstance(source, Document) and from_item is None:
        return ()
    source_item = from_item if negative or isinstance(source, CreditMemo) else None
    only = _only_item(target)
    if not isinstance(target, Document) or only is not None:
        return (Part(item=only or TRANSFERRED, amount=one.amount, source_item=source_item),)
    if isinstance(target, Invoice | DebitMemo) and times(one.to) == 1 and one.amount == target.amount:
        return _all_of(target, source_item)
    return ()


def _only_item(document: Numbered | None) -> str | None:
    """The one place of a document, if it has but one."""
    items = document.items if isinstance(document, Document) else ()
    return items[0].id if len(items) == 1 and not items[0].taxes else None


def _all_of(document: Invoice | DebitMemo, source: str | None) -> tuple[Part, ...]:
    """How an amount stands on a document that it settles by itself; nothing where some of it is below zero."""
    open_places = Book().open_places(document)
    if any(is_open < 0 for is_open in open_places.values()):
        return ()
    return tuple(
        Part(item=place.item, amount=is_open, tax=place.tax, source_item=source)
        for place, is_open in open_places.items()
        if is_open
    )


def _exact_item(item: Item, currency: str) -> Item:
    return _with(
        item,
        amount=_exact(item.amount, currency),
        taxes=_each(item.taxes, _in_decimals, currency),
        combines=_each(item.combines, _in_decimals, currency),
    )


def _in_decimals(record: _T, currency: str) -> _T:
    return _with(record, amount=_exact(record.amount, currency))  # type: ignore[attr-defined]


def _may_be(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else _exact(amount, currency)


def _exact(amount: Decimal, currency: str) -> Decimal:
    try:
        return exact(amount, currency)
    except AmountError:
        return amount


def _each(records: tuple[_T, ...], change: Callable[[_T, str], _T], currency: str) -> tuple[_T, ...]:
    changed = tuple([change(record, currency) for record in records])
    return records if all(map(operator.is_, changed, records)) else changed


def _with(record: _T, **changes: Any) -> _T:
    """As `replace` does it. Most books write amounts exactly as they are: what is so already is not made anew."""
    for name, value in changes.items():
        if getattr(record, name) is not value:
            return replace(record, **changes)  # type: ignore[type-var]
    return record
