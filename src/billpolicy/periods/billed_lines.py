"""What the documents of bill runs have of each charge of a subscription, what they give back included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeGuard

from billpolicy.billing.limits import Billed, Left
from billpolicy.billing.rating import BilledLine, Line
from billpolicy.billing.undo import gives_back
from billpolicy.book.book import Book, Place
from billpolicy.book.model import CreditMemo, Invoice, Item, Subscription
from billpolicy.money import from_minor, to_minor
from billpolicy.periods.given_back import Left as LeftOfInvoice
from billpolicy.periods.given_back import given_back_of, net_left
from billpolicy.periods.taken_back import is_open_again


def billed_lines(book: Book, subscription: Subscription) -> list[Billed]:
    """The lines with days of invoices and of the credit memos that bill runs made, drafts included, by document.

    What was undone does not count: of a canceled or reversed document, of a line that was reopened, and what gave back
    something of those. Memos do neither: what was credited beside bill runs was billed all the same. What was excluded
    from billing was billed at nothing.
    """
    recorded = list(book.recorded_periods(subscription.id))
    reopened = {(one.document or "", one.item or "", one.charge) for one in recorded if is_open_again(book, one)}
    days = {(one.document or "", one.item or "", one.charge): (one.from_, one.until) for one in recorded}
    found = [
        Billed(one.charge, one.from_, one.until, 0) for one in recorded if one.document is None and one.amount == 0
    ]
    charges = {charge.id: charge for charge in subscription.charges}
    for number in sorted(book.numbers_on.get(subscription.id, ())):
        document = book.numbered[number]
        if not _counts(document):
            continue
        sign = -1 if isinstance(document, CreditMemo) else 1
        for item in document.items:
            if item.subscription != subscription.id or _is_undone(book, item):
                continue
            for each in item.by_charge:
                name = each.subscribed_charge or ""
                own, corrected = (number, item.id, name), (item.source or "", item.source_item or "", name)
                of = days.get(own) or item.days
                if name not in charges or of is None or {own, corrected} & reopened:
                    continue
                bills = isinstance(document, Invoice) and not gives_back(each, charges[name])
                line = BilledLine(number, item.id) if bills else None
                found.append(Billed(name, *of, sign * to_minor(each.amount, document.currency), line))
    return found


def _counts(document: object) -> TypeGuard[Invoice | CreditMemo]:
    """Whether it is a document of a bill run, and in force or still a draft."""
    if not isinstance(document, Invoice | CreditMemo) or document.reversed_ or document.status == "canceled":
        return False
    return document.posted_as is None and document.related is None


def _is_undone(book: Book, item: Item) -> bool:
    """Whether it gives back what a document has billed that was undone as a whole."""
    source = None if item.source is None else book.numbered.get(item.source)
    return isinstance(source, Invoice) and not _counts(source)


def left_of_lines(book: Book, billed: Iterable[Billed], currency: str) -> Left:
    """What is left of each of these lines of invoices, net of its discounts, in minor units."""
    of = _left_in(book, {one.line.document for one in billed if one.line is not None})

    def left(line: BilledLine) -> int:
        return to_minor(net_left(of[line.document].invoice, of[line.document].places(), line.item), currency)

    return left


def _left_in(book: Book, numbers: Iterable[str]) -> dict[str, LeftOfInvoice]:
    """What is left of each of these invoices."""
    documents = (book.numbered[number] for number in sorted(numbers))
    invoices = [one for one in documents if isinstance(one, Invoice)]
    given = given_back_of(book, invoices)
    return {one.number: LeftOfInvoice(one, given[one.number]) for one in invoices}


def with_tax_of_lines(book: Book, lines: Sequence[Line], currency: str) -> list[Line]:
    """The lines; what of a minimum or maximum corrects a line of an invoice takes its part of the taxes of that along.
    What others correct of the same line has its taxes already."""
    of_limits = {one.corrects.document for one in lines if one.corrects is not None and one.charge.bills != "rate"}
    left = _left_in(book, of_limits)

    def take(line: Line, corrected: BilledLine) -> Line:
        of_it = left[corrected.document]
        (item,) = (one for one in of_it.invoice.items if one.id == corrected.item)
        net = from_minor(-line.amount, currency)
        if line.charge.bills != "rate" and not line.returns:
            taxes = of_it.taxes(item, net)
            own = ((tax, taxes.get(Place(item.id, tax.id))) for tax in item.taxes)
            told = (replace(tax, amount=-amount, source_tax=tax.id) for tax, amount in own if amount is not None)
            line = line._replace(taxes=tuple(told))
        of_it.take({Place(item.id): net, **{Place(item.id, tax.source_tax): -tax.amount for tax in line.taxes}})
        return line

    found = list(lines)
    by_rate_first = sorted(range(len(found)), key=lambda place: found[place].charge.bills != "rate")
    for place in by_rate_first:
        corrected = found[place].corrects
        if corrected is not None and corrected.document in left:
            found[place] = take(found[place], corrected)
    return found
