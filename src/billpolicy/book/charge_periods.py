"""Can the charge periods that a book gives be as they stand? docs/domain.md 7; `ChargePeriod` says what each field is.

What is wrong with one alone, and with the lines that it names. That they are there is asked before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from billpolicy.book.book import ZERO, Book
from billpolicy.book.limits import Fault
from billpolicy.book.model import (
    UNWOUND,
    ChargePeriod,
    CreditMemo,
    Document,
    Invoice,
    Item,
    Numbered,
    SubscribedCharge,
    Subscription,
)
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic

_PAIRS = (("document", "item"), ("memo", "memo_item"), ("rebilled_by", "rebilled_item"))
"""A document, and the line of it that did something."""
_OWN = {
    "document": "name the invoice and the line that billed these days of this charge",
    "memo": "name the credit memo or the invoice, and its line, that gave the line of this period back",
    "rebilled_by": "name the document and the line that billed these days of this charge again",
}
"""What each document of a period is."""


def charge_period_faults(book: Book, period: ChargePeriod) -> Iterator[Fault]:
    """What is wrong with a charge period whose subscription, charge, documents and lines are there."""
    subscription = book.subscriptions[period.subscription]
    charge = next(one for one in subscription.charges if one.id == period.charge)
    yield from _days_and_amounts(period, charge)
    odd = list(_status(period))
    yield from odd
    yield from _name(book, period)
    yield from () if odd else _given_back(book, period)
    yield from _lines(book, period, subscription, charge)
    yield from _currency(book, period, subscription)


def shared_line_faults(book: Book, periods: Iterable[ChargePeriod]) -> Iterator[tuple[int, Fault]]:
    """What is wrong with several periods of one line: the place of a period among all, and what."""
    of_line: dict[tuple[str | None, str | None], list[tuple[int, ChargePeriod]]] = defaultdict(list)
    for place, period in enumerate(periods):
        if not _is_excluded(period):
            of_line[period.document, period.item].append((place, period))
    for (document, name), those in of_line.items():
        item = _item(book.numbered.get(document or ""), name)
        if item is None or item.combines or len({period.id for _, period in those}) < 2:
            continue
        for place, period in those:
            if period.amount is None:
                message = (
                    f"{document}/{name} billed several charge periods, but `{period.id}` does not say its `amount`"
                )
                hint = "say what each has of the line, without discounts and tax"
                yield place, _fault("amount", "charge-period-line", message, hint)
        total = sum((period.amount or ZERO for _, period in those), ZERO)
        if abs(total) > abs(item.amount):
            message = f"the charge periods of {document}/{name} add up to {total}, but the line is {item.amount}"
            yield those[-1][0], _fault("amount", "charge-period-line", message, "mend one of the two")
        in_order = sorted(those, key=lambda one: (one[1].charge, one[1].from_, one[0]))
        for (_, before), (place, after) in pairwise(in_order):
            if before.charge == after.charge and after.from_ < before.until:
                message = (
                    f"charge period `{after.id}` begins before `{before.id}` ends, and both are of {document}/{name}"
                )
                hint = f"a day is billed once: let it begin on {before.until} or later"
                yield place, _fault("from", "charge-period-line", message, hint)


def _fault(field: str, code: Code, message: str, hint: str) -> Fault:
    return Fault(field, Diagnostic(code, message, hint=hint))


def _days_and_amounts(period: ChargePeriod, charge: SubscribedCharge) -> Iterator[Fault]:
    if period.until <= period.from_:
        message = f"charge period `{period.id}` ends on {period.until}, but begins on {period.from_}"
        yield _fault("until", "period-empty", message, "`until` is the first day after its last one")
    if period.quantity is not None and period.quantity < 0 and not charge.usage:
        message = f"the quantity of charge period `{period.id}` is {period.quantity}, below zero"
        hint = "write a `rate` below zero where money is given back"
        yield _fault("quantity", "amount-sign", message, hint)
    if period.discount is not None and period.discount > 0:
        message = f"the discount of charge period `{period.id}` is {period.discount}, above zero"
        yield _fault("discount", "amount-sign", message, "write what discounts took off as an amount below zero")


def _status(period: ChargePeriod) -> Iterator[Fault]:
    """What does not go with its status, and lines without their documents."""
    is_ = f"charge period `{period.id}` is `{period.status}`"
    for document, line in _PAIRS:
        if getattr(period, line) is not None and getattr(period, document) is None:
            message = f"charge period `{period.id}` says its `{line}`, but no `{document}`"
            yield _fault(line, "charge-period-odd", message, _OWN[document])
    for document, line in (_PAIRS[0], _PAIRS[2]):
        if getattr(period, document) is not None and getattr(period, line) is None:
            message = f"charge period `{period.id}` says its `{document}`, but no `{line}`"
            yield _fault(document, "charge-period-odd", message, _OWN[document])
    if _is_excluded(period) and period.document is not None:
        message = f"{is_}, but names {period.document} as what billed it"
        hint = "leave out `document` and `item`, or write another `status`"
        yield _fault("document", "charge-period-odd", message, hint)
    if period.memo is not None and (period.status not in UNWOUND or period.document is None):
        message = f"{is_} and was billed by no document" if period.document is None else is_
        hint = "leave out `memo`, or say what billed it and that it is `credited`, `reopened` or `rebilled`"
        yield _fault("memo", "charge-period-odd", f"{message}, but {period.memo} is said to have given it back", hint)
    if period.status == "rebilled" and period.rebilled_by is None:
        message, hint = f"{is_}, but does not say by what", "name it: `rebilled_by` and `rebilled_item`"
        yield _fault("status", "charge-period-odd", message, hint)
    if period.status != "rebilled" and period.rebilled_by is not None:
        hint = "write `status: rebilled`, or leave out `rebilled_by` and `rebilled_item`"
        yield _fault(
            "rebilled_by", "charge-period-odd", f"{is_}, but {period.rebilled_by} is said to have billed it again", hint
        )


def _name(book: Book, period: ChargePeriod) -> Iterator[Fault]:
    """A period is named after the line that billed it, or after its charge: so no two are the same, and what is billed
    later finds it."""
    charge = f"{period.subscription}/{period.charge}"
    if period.document is None or _is_excluded(period):
        exact = _is_excluded(period)
        name = f"{charge}/{period.from_}"
        if period.id == name or (not exact and period.id.startswith(f"{charge}/")):
            return
        message = f"charge period `{period.id}`, which no line has billed, is not named after its charge and first day"
    elif period.item is None:
        return
    else:
        line = f"{period.document}/{period.item}"
        combined = _combined(_item(book.numbered.get(period.document), period.item))
        name = f"{line}/{period.charge}" if combined else line
        if period.id in {f"{line}/{one}" for one in combined} if combined else f"{period.id}/".startswith(f"{line}/"):
            return
        message = f"charge period `{period.id}` is not named after {line}, the line that billed it"
        message += ", and its charge" if combined else ""
    yield _fault("id", "charge-period-name", message, f"write `id: {name}`")


def _is_excluded(period: ChargePeriod) -> bool:
    return period.status.startswith("excluded")


def _combined(item: Item | None) -> list[str]:
    return [] if item is None else [one.subscribed_charge for one in item.combines]


def _given_back(book: Book, period: ChargePeriod) -> Iterator[Fault]:
    """A line of which time was taken back without a memo was given back before, or came to nothing. Else it would stand
    in full, and be billed again beside that."""
    invoice = book.numbered.get(period.document or "")
    item = _item(invoice, period.item)
    if period.status not in UNWOUND or period.memo is not None or not isinstance(invoice, Invoice) or item is None:
        return
    of = item.discounts or item.id  # a discount is settled with what it reduces
    net = sum((one.amount for one in invoice.items if of in (one.id, one.discounts)), ZERO)
    if net != 0 and not invoice.reversed_ and not _gives_back(book, invoice, item):
        message = (
            f"charge period `{period.id}` is `{period.status}`, but nothing has given {period.document}/{item.id} back"
        )
        yield _fault("status", "charge-period-odd", message, "name the credit memo: `memo` and `memo_item`")


def _gives_back(book: Book, invoice: Invoice, item: Item) -> bool:
    """Whether a line of another document gives something of it back, as far as that can be told without amounts."""
    others = {
        *book.numbers_on.get(item.subscription or "", ()),
        *(one.number for one in book.created_from.get(invoice.number, ())),
    }
    return any(
        _mirrors(document, line, invoice, item)
        for document in map(book.numbered.__getitem__, others - {invoice.number})
        if isinstance(document, CreditMemo | Invoice) and document.status == "posted"
        for line in document.items
    )


def _mirrors(document: Document, line: Item, invoice: Invoice, item: Item) -> bool:
    """Whether a line gives back what an item of an invoice has billed; of a bill run also one of its charge that does
    not say what it gives back."""
    of = line.source or document.related
    if of is not None:
        return (of, line.source_item) == (invoice.number, item.id)
    own = (line.subscription, line.subscribed_charge) == (item.subscription, item.subscribed_charge)
    return own and (isinstance(document, CreditMemo) or (line.amount < 0) != (item.amount < 0))


# -- the lines that it names ---------------------------------------------------------------------------------------


def _lines(book: Book, period: ChargePeriod, subscription: Subscription, charge: SubscribedCharge) -> Iterator[Fault]:
    """The documents are what they are said to be, in force and of the account; their lines are of the charge, or of
    those that continue it."""
    own = {one.id for one in subscription.charges if one.first == charge.first}
    for field, line in _PAIRS:
        document = book.numbered.get(getattr(period, field) or "")
        if document is None:
            continue
        item, number = _item(document, getattr(period, line)), document.number
        why = _why_not(field, document)
        if why is None and document.account != subscription.account:
            why = f"its account is `{document.account}`, that of the subscription `{subscription.account}`"
        if why is not None:
            message = f"{number} cannot be the `{field}` of charge period `{period.id}`: {why}"
            yield _fault(field, "charge-period-line", message, _OWN[field])
        elif isinstance(document, Document) and not _is_of(book, period, field, document, item, own):
            of = f"`{charge.id}` of subscription `{subscription.id}`"
            billed, name = f"{period.document}/{period.item}", number if item is None else f"{number}/{item.id}"
            why = f"it gives nothing of {billed} back" if field == "memo" else f"it is no line of charge {of}"
            place = field if item is None else line
            message = f"{name} cannot be the `{place}` of charge period `{period.id}`: {why}"
            yield _fault(place, "charge-period-line", message, _OWN[field])


def _why_not(field: str, document: Numbered) -> str | None:
    """Why a document cannot have done what a period says of it."""
    if field == "document" and not isinstance(document, Invoice):
        return "it is no invoice"
    if field == "memo" and not isinstance(document, CreditMemo | Invoice):
        return "it is no credit memo or invoice"
    if not isinstance(document, Invoice | CreditMemo):
        return "it is no invoice or credit memo of a bill run"
    if document.posted_as is not None:
        return f"it was posted as {document.posted_as}"
    if document.status == "canceled":
        return "it is canceled"
    return "it was reversed" if field == "rebilled_by" and document.reversed_ else None


def _is_of(book: Book, period: ChargePeriod, field: str, document: Document, item: Item | None, own: set[str]) -> bool:
    """Whether a line has to do with a period; where a memo has no line of it, whether it was made from the invoice."""
    if field == "memo":
        invoice = book.numbered.get(period.document or "")
        billed = _item(invoice, period.item)
        if item is None:
            return document.related == period.document
        return not isinstance(invoice, Invoice) or billed is None or _mirrors(document, item, invoice, billed)
    if item is None:
        return True  # told as a document without its line
    charges = {item.subscribed_charge, *_combined(item)} - {None}
    return item.subscription == period.subscription and (not charges or bool(charges & own))


def _currency(book: Book, period: ChargePeriod, subscription: Subscription) -> Iterator[Fault]:
    """It is in the currency of its documents; one that no document has billed in that of its subscription."""
    named = [book.numbered[number] for name, _ in _PAIRS if (number := getattr(period, name)) is not None]
    account = book.accounts.get(subscription.account)
    others = [(one.number, one.currency) for one in named]
    if not others and account is not None:
        others = [(f"subscription `{subscription.id}`", subscription.currency or account.currency)]
    for name, currency in others:
        if currency != period.currency:
            message = f"charge period `{period.id}` is in {period.currency} and {name} in {currency}"
            yield _fault("currency", "currency-mismatch", message, f"write `currency: {currency}`")


def _item(document: Numbered | None, name: str | None) -> Item | None:
    items = document.items if isinstance(document, Document) else ()
    return next((one for one in items if one.id == name), None)
