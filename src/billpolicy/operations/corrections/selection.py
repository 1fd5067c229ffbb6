"""Which lines of an invoice are to be unwound: those that are asked for, with what belongs to them. docs/domain.md 7.

What can be unwound are lines that bill time of subscribed charges, once, and as long as something of them is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import ZERO, Book, Place, at_most, in_item_order, in_tax_order
from billpolicy.book.model import Invoice, Item
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.corrections.locks import unwound_in_words, what_instead
from billpolicy.operations.shared.memos import checked_reason, resolve_on
from billpolicy.operations.shared.over_credit import and_taken, left_to_give
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.closure import closure
from billpolicy.periods.given_back import Left
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class Unwind(Request):
    """Unwind these lines of an invoice, by the ids of its items; without `lines`, every one that bills time."""

    invoice: Text
    lines: tuple[Text, ...] = ()
    reason: Text | None = None


class Selected(NamedTuple):
    """What is asked for, and what the policy says of it."""

    invoice: Invoice
    lines: tuple[BilledLine, ...]
    amounts: Mapping[Place, Decimal]
    """What is left of them."""
    reason: str | None
    resolved: Resolved


def selected(planning: Planning, request: Unwind) -> Selected:
    """The lines that a request asks for. Refuses what billing has not made, what was unwound before, and what has
    nothing left; where no line is named these are passed over, and refused only if no other is left."""
    invoice = planning.posted(Invoice, request.invoice, "invoice")
    planning.check_date(invoice)
    reason = checked_reason(planning, request.reason, "credit_memo")
    lines = _Lines(planning, invoice)
    names = lines.named(request.lines) if request.lines else lines.all()
    planning.stop_if_refused()
    amounts = what_is_left(lines.left, names)
    resolved = resolve_on(planning, invoice, amounts, reason)
    planning.decide(resolved)
    return Selected(invoice, tuple(BilledLine(invoice.number, name) for name in names), amounts, reason, resolved)


class _Lines:
    """The lines of an invoice as what can be unwound of it."""

    def __init__(self, planning: Planning, invoice: Invoice) -> None:
        self.left = left_to_give(planning, invoice)
        self._planning, self._invoice = planning, invoice
        self._items = {item.id: item for item in in_item_order(invoice.items)}
        every = (BilledLine(invoice.number, name) for name in self._items)
        found = closure(planning.book, every, later=False, related=False).lines
        self._found = {one.line.item: one for one in found}
        self._gone = given_back_lines(self.left, self._items)

    def named(self, names: Collection[str]) -> list[str]:
        """Those of these names; what is wrong with one is noted."""
        asked: list[str] = []
        for index, name in enumerate(names):
            path = ("lines", index)
            if name not in self._items:
                message = f"{self._invoice.number} has no item `{name}`"
                self._planning.problem("item-unknown", message, *path, hint=did_you_mean(name, self._items))
            elif name in asked:
                self._planning.problem("item-repeated", f"item `{name}` is named twice", *path, hint="name it once")
            else:
                self._refuse(name, *path)
                asked.append(name)
        return asked

    def all(self) -> list[str]:
        """All that can be; what is passed over is noted. Refuses where that is everything."""
        of_time = [name for name in self._items if self._found[name].periods]
        can_be = [name for name in of_time if self._why_not(name) is None]
        others = [f"{name} ({self._why_not(name)})" for name in self._items if name not in can_be]
        if not of_time:
            message = f"no line of {self._invoice.number} was made by billing: {', '.join(others[:_TOLD])}"
            self._planning.problem("not-by-billing", message, "invoice", hint=_NOT_BY_BILLING)
        elif not can_be:
            self._refuse(of_time[0], "invoice")
        elif others:
            self._planning.note(f"of {self._invoice.number}, left alone: {', '.join(others)}")
        return can_be

    def _refuse(self, name: str, *path: str | int) -> None:
        """Note why a line cannot be unwound, if it cannot."""
        why, line, one = self._why_not(name), line_name(self._invoice.number, name), self._found[name]
        if why is None:
            return
        if not one.periods:
            message = f"{line} was not made by billing: {why}"
            self._planning.problem("not-by-billing", message, *path, hint=_NOT_BY_BILLING)
        elif one.is_unwound:
            hint = what_instead(one.periods[0])
            self._planning.problem("unwound-already", f"{line} {why}; a line is unwound once", *path, hint=hint)
        else:
            hint = "name only lines of which something is left"
            self._planning.problem("credited-in-full", f"{line} cannot be credited: {why}", *path, hint=hint)

    def _why_not(self, name: str) -> str | None:
        """Why a line cannot be unwound."""
        one = self._found[name]
        if not one.periods:
            return _no_time(self._planning.book, self._items[name])
        if one.is_unwound:
            return unwound_in_words(one.periods[0])
        if name in self._gone:
            return f"nothing of it is left{and_taken(self.left, name)}"
        return None


_NOT_BY_BILLING = (
    "credit it with `credit_memo_from_invoice`, or let the book say which days of which charge it bills "
    "(`charge_periods`)"
)
_TOLD = 3


def _no_time(book: Book, item: Item) -> str:
    """Why a line is no record of time that was billed."""
    subscription = book.subscriptions.get(item.subscription or "")
    if subscription is None:
        return "it names no subscription"
    if not item.combines and item.subscribed_charge not in {charge.id for charge in subscription.charges}:
        return f"it names no charge of subscription `{subscription.id}`"
    if item.service_start is None or item.service_end is None:
        return "it does not say which days it bills"
    return "it gives time back"


# -- what is left --------------------------------------------------------------------------------------------------


def settled_as_one(invoice: Invoice, names: Iterable[str]) -> list[str]:
    """These items with those that they reduce and are reduced by, in the order of the invoice."""
    wanted = set(names)
    wanted |= {item.discounts for item in invoice.items if item.id in wanted and item.discounts is not None}
    return [item.id for item in invoice.items if item.id in wanted or item.discounts in wanted]


def what_is_left(left: Left, names: Collection[str]) -> dict[Place, Decimal]:
    """What can be credited of these items and their taxes, in item order.

    An item and its discounts are settled as one: where others have taken all that the two come to, nothing is left of
    either; and so with their taxes. Together no more is left than of the whole invoice.
    """
    found: dict[Place, Decimal] = {}
    for item in in_item_order(left.invoice.items):
        if item.id in names:
            found |= _of_item(left, item)
    return at_most(left.in_all, found)


def given_back_lines(left: Left, names: Collection[str]) -> set[str]:
    """Those of these items that were billed at something, and of which nothing is left."""
    if not left.before:
        return set()
    whole = Left(left.invoice, ())
    return {
        item.id
        for item in left.invoice.items
        if item.id in names
        and any(_of_item(whole, item).values())
        and not (left.in_all and any(_of_item(left, item).values()))
    }


def _of_item(left: Left, item: Item) -> dict[Place, Decimal]:
    reduced = item.discounts or item.id
    found = {Place(item.id): left.of(Place(item.id)) if left.net(reduced) else ZERO}
    has_tax = bool(item.taxes) and left.has_tax_left(reduced)
    for place in (Place(item.id, tax.id) for tax in in_tax_order(item.taxes)):
        found[place] = left.of(place) if has_tax else ZERO
    return found
