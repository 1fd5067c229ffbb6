"""Which time has a document billed or credited, and what becomes of that when it is undone or billed again?"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from billpolicy.billing.undo import Undone, charged_before
from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import (
    BillingDocument,
    ChargePeriod,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    Numbered,
    OwedDocument,
    Subscription,
)
from billpolicy.operations.shared.recording import put_on_record
from billpolicy.operations.shared.what_is_open import documents_on, in_force, invoices_on
from billpolicy.periods.taken_back import billed_again_by, reopened_again, taken_back, unwound
from billpolicy.planning.planning import Planning

_Days = tuple[datetime.date, datetime.date]
"""A first and a last day."""
_DAY = datetime.timedelta(days=1)


def undone_by(
    planning: Planning, document: BillingDocument, left_out: Iterable[ChargePeriod] = ()
) -> Iterator[tuple[Subscription, Undone]]:
    """Each charge that a document moved, and what it was charged through before (docs/domain.md 3.3, 4.1, 4.2).

    *left_out*: what its bill run has left out of it has moved them, too.
    """
    moved = _what_moved(planning.book, document)
    return _undone(planning, replace(moved, items=(*moved.items, *map(_as_item, left_out))))


def _undone(planning: Planning, moved: BillingDocument) -> Iterator[tuple[Subscription, Undone]]:
    """The same of a document that has only the items that may have moved something."""
    for subscription in planning.subscriptions_of(moved.items):
        for undone in charged_before(moved, subscription):
            yield subscription, undone


def reopen(planning: Planning, document: BillingDocument, memo: CreditMemo | DebitMemo | None) -> None:
    """Let what a document billed be billed again, and say what the next bill run will do. *memo*: what undoes it; a
    document about nothing is reversed without one.

    Each charged-through date moves to where it was before the document. Where later time has been billed since, the
    date stays, since going back would bill that time twice: the time of the document is reopened beside it.
    """
    moved = _what_moved(planning.book, document)
    periods: list[ChargePeriod] = []
    for subscription, undone in tuple(_undone(planning, moved)):
        what = f"charge `{undone.charge}` of subscription `{subscription.id}`"
        if undone.goes_back:
            change = planning.charge_through(subscription.id, undone.charge, undone.before)
            again = "bills" if change.before is not None and change.after < change.before else "credits"
            message = f"{what} is charged through {undone.before} again: the next bill run {again} this time once more"
            planning.warn("charged-through-reverted", message)
        else:
            message = f"{what} has been billed for later time, so {_reopened(undone.before, undone.until)}"
            planning.warn("time-reopened", message)
        periods += taken_back(planning.book, moved, subscription, undone, memo)
    for period in reopened_again(planning.book, document, memo):
        what = f"charge `{period.charge}` of subscription `{period.subscription}`"
        planning.warn("time-reopened", f"{what}: {_reopened(period.from_, period.until)}")
        periods.append(period)
    put_on_record(planning, periods)


def _reopened(first: datetime.date, until: datetime.date) -> str:
    return f"its time from {first} to {until - _DAY} is reopened: the next bill run bills it once more"


def corrected_by(book: Book, negative: Invoice) -> dict[str, Decimal]:
    """The posted invoices with something open that a negative invoice corrects, and how much of each."""
    same = (negative.account, negative.currency)
    invoices = (one for one in invoices_on(book, negative.subscriptions) if (one.account, one.currency) == same)
    found = corrects(negative, (one for one in invoices if book.balance(one) > 0))
    return {number: amount for number, amount in found.items() if amount}


def corrects(credit: Invoice | CreditMemo, documents: Iterable[OwedDocument]) -> dict[str, Decimal]:
    """How much of what each of these documents billed a negative invoice or a credit memo takes back, with tax; not
    below zero.

    Of the document that it was made from, all. One that was made from none takes back of an invoice what its items say
    that they give back of it. Where an item does not say it, it is each invoice with an item of the same charge of the
    same subscription whose service period overlaps its own (docs/domain.md 6.3: a final credit first clears the invoice
    it gives back).
    """
    if isinstance(credit, CreditMemo) and credit.source is not None:
        return {one.number: credit.amount if credit.source == one.number else ZERO for one in documents}
    sign = -1 if isinstance(credit, Invoice) else 1
    named: dict[str, Decimal] = defaultdict(Decimal)
    others: list[tuple[Item, Decimal]] = []
    for item in credit.items:
        amount = sign * (item.amount + sum((tax.amount for tax in item.taxes), ZERO))
        if item.source is not None:
            named[item.source] += amount
        elif item.amount * sign > 0:
            others.append((item, amount))
    return {one.number: _corrects(one, named.get(one.number, ZERO), others) for one in documents}


def may_correct(book: Book, credit: CreditMemo) -> set[str]:
    """The numbers of the documents of which it can take back something; of all others it takes back nothing."""
    if credit.source is not None:
        return {credit.source}
    named = {item.source for item in credit.items if item.source is not None}
    return named.union(*(book.numbers_on.get(name, ()) for name in credit.subscriptions))


def _corrects(document: OwedDocument, named: Decimal, others: Iterable[tuple[Item, Decimal]]) -> Decimal:
    """Of one document. *named*: what items say that they give back of it; *others*: those that do not say of what."""
    if not isinstance(document, Invoice):
        return ZERO
    items = _by_charge(document) if others else ()
    alike = (amount for item, amount in others if any(_alike(one, each) for each in item.by_charge for one in items))
    return max(sum(alike, named), ZERO)


def _alike(one: Item, other: Item) -> bool:
    return _same_charge(one, other) and _overlap(_period(one), _period(other))


def _what_moved(book: Book, document: BillingDocument) -> BillingDocument:
    """A document with the items that may have moved what a charge is charged through, and their days that are its own.

    What bills a reopened period again has moved nothing, what was unwound before is not undone once more, and the days
    that a bill run has given back since may have been billed by others.
    """
    apart = {*billed_again_by(book, document), *unwound(book, document)}
    given_back = _given_back_since(book, document)
    items = (
        _before(each, [one for one in given_back if one.source_item == item.id and _of_charge(one, item, each)])
        for item in document.items
        if item.id not in apart
        for each in item.by_charge
    )
    return replace(document, items=tuple(item for item in items if item is not None))


def _as_item(period: ChargePeriod) -> Item:
    return Item(
        id="",
        amount=ZERO,
        subscription=period.subscription,
        subscribed_charge=period.charge,
        unit_price=period.rate,
        service_start=period.from_,
        service_end=period.until - _DAY,
    )


def _given_back_since(book: Book, document: BillingDocument) -> list[Item]:
    """The items of bill runs that give days of a document back, and name the line that billed them."""
    return [
        item
        for other in documents_on(book, document.subscriptions)
        if isinstance(other, Invoice | CreditMemo) and (in_force(other) or _waits(other))
        for item in _by_charge(other)
        if item.source == document.number and item.unit_price is not None
    ]


def _of_charge(back: Item, item: Item, each: Item) -> bool:
    """Whether what is given back of an item is of what it has of one charge."""
    return not item.combines or back.subscribed_charge == each.subscribed_charge


def billed_again(book: Book, first: Numbered, memo: CreditMemo) -> Invoice | None:
    """An invoice beside the `first` one, or one that waits on a draft of a bill run, for time that a write-off, a
    credit memo, had let be billed again.

    Usage never is: a write-off lets it stay billed, and more of it in the same time is billed beside it.
    """
    of_usage = {
        (name, charge.id) for name in memo.subscriptions for charge in book.subscriptions[name].charges if charge.usage
    }
    for other in documents_on(book, memo.subscriptions):
        if not isinstance(other, Invoice) or not (in_force(other) or _waits(other)):
            continue
        again = any(
            _same_charge(one, item) and _overlap(_known_days(one), _known_days(item))
            for one in _by_charge(other)
            for item in _by_charge(memo)
            if one.amount > 0 and (one.subscription, one.subscribed_charge) not in of_usage
        )
        if again and other.number != first.number:
            return other
    return None


def _waits(document: Invoice | CreditMemo) -> bool:
    """Whether it is a draft of a bill run, of which the days are taken."""
    return document.is_open_draft and document.bill_run is not None


def without_what_was_given_back(book: Book, first: Numbered, memo: CreditMemo) -> CreditMemo:
    """The memo of a write-off of the `first` document, with the days of its charges that were still to be paid.

    A memo of a write-off mirrors whole items, also where a bill run has given back their last days, after the end of
    service, by a credit memo that is applied to the document. These days are billed anew where service goes on.
    """
    sources = [book.numbered[application.from_] for application in book.applications_to.get(first.number, ())]
    given_back = [
        item
        for source in sources
        if isinstance(source, CreditMemo) and source.source is None and book.links_from(source.number).get(first.number)
        for item in _by_charge(source)
        if item.amount > 0
    ]
    items = (_before(item, given_back) for item in _by_charge(memo))
    return replace(memo, items=tuple(item for item in items if item is not None))


def _before(item: Item, given_back: Iterable[Item]) -> Item | None:
    """An item without its last days that were given back; None where these are all its days."""
    days = _known_days(item)
    starts = [one.service_start for one in given_back if _same_charge(one, item) and _overlap(_known_days(one), days)]
    end = min((start for start in starts if start is not None), default=None)
    if days is None or end is None:
        return item
    return replace(item, service_end=end - datetime.timedelta(days=1)) if end > days[0] else None


def _by_charge(document: BillingDocument) -> tuple[Item, ...]:
    """Its lines, of one charge each."""
    return tuple(each for item in document.items for each in item.by_charge)


def _same_charge(one: Item, other: Item) -> bool:
    """Whether two items are of the same charge of a subscription."""
    same = (one.subscription, one.subscribed_charge) == (other.subscription, other.subscribed_charge)
    return same and one.subscription is not None and one.subscribed_charge is not None


def _period(item: Item) -> _Days:
    """Without its first or last day a period is open on that side, as of a one-time charge."""
    return item.service_start or datetime.date.min, item.service_end or datetime.date.max


def _known_days(item: Item) -> _Days | None:
    """Of nothing but a first day, that one."""
    return None if item.service_start is None else (item.service_start, item.service_end or item.service_start)


def _overlap(one: _Days | None, other: _Days | None) -> bool:
    return one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]
