"""A book file with each amount in the decimals of its currency, and each application with its parts.

What is not clear is left as it is, and told by the checks: an amount that is none of its currency, and parts of which
more than one outcome is possible.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from billpolicy.book.book import Book, transferred_parts
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    BookFile,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Part,
    Payment,
    Refund,
)
from billpolicy.money import AmountError, exact

_T = TypeVar("_T")


def exact_amounts(file: BookFile) -> BookFile:
    """The same file, without the figures that it states beside what they come from."""
    sections: dict[str, Any] = {kind.section: getattr(file, kind.section) for kind in KINDS.values()}
    currency = {one.number: one.currency for section in sections.values() for one in section}
    billing = [one for kind in KINDS.values() if kind.has_items for one in sections[kind.section]]
    only_item = {one.number: one.items[0].id for one in billing if len(one.items) == 1 and not one.items[0].taxes}
    several = {one.number for one in billing if one.number not in only_item}
    owed = {
        one.number: one for kind in KINDS.values() if kind.has_items and kind.is_owed for one in sections[kind.section]
    }
    times = Counter(one.to for one in file.applications)
    memos = {memo.number for memo in file.credit_memos}
    negative = {invoice.number: invoice for invoice in file.invoices if invoice.amount < 0}

    def application(one: Application) -> Application:
        parts, code = one.parts, currency.get(one.from_, "")
        if parts or one.to not in currency:
            pass
        elif one.from_ in negative and one.amount == -negative[one.from_].amount:
            parts = transferred_parts(Book().open_places(negative[one.from_]))
        elif one.from_ not in several:
            source = only_item.get(one.from_) if one.from_ in memos or one.from_ in negative else None
            if one.to not in several:
                parts = (Part(item=only_item.get(one.to, TRANSFERRED), amount=one.amount, source_item=source),)
            elif one.to in owed and times[one.to] == 1 and one.amount == owed[one.to].amount:
                parts = _all_of(owed[one.to], source)
        return _with(one, amount=_exact(one.amount, code), parts=_each(parts, _in_decimals, code))

    def exact_record(one: Any) -> Any:
        if isinstance(one, Document):
            return _with(one, items=_each(one.items, _exact_item, one.currency), total=None, balance=None)
        if isinstance(one, Payment):
            return _with(one, amount=_exact(one.amount, one.currency), balance=None)
        if isinstance(one, Refund):
            whole = not one.parts and one.of in memos and one.of in only_item
            parts = (Part(item=only_item[one.of or ""], amount=one.amount),) if whole else one.parts
            one = _with(one, parts=_each(parts, _in_decimals, one.currency))
        return _in_decimals(one, one.currency)

    return replace(
        file,
        **{section: tuple(map(exact_record, records)) for section, records in sections.items()},
        applications=tuple(map(application, file.applications)),
        usage=tuple(
            _with(one, amount=_may_be(one.amount, code), drawn=_may_be(one.drawn, code))
            for one in file.usage
            for code in [currency.get(one.billed_by or "", "")]
        ),
        charge_periods=tuple(
            _with(one, **{name: _may_be(getattr(one, name), one.currency) for name in ("amount", "discount", "tax")})
            for one in file.charge_periods
        ),
    )


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
