"""What of the record of billed time is a document's own, and what becomes of that when it is undone? docs/domain.md 7.

A line that has billed a reopened period again is told by the record of that period, and a line that was unwound by its
own. All other lines have moved what their charges are charged through (`billing/undo.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from billpolicy.billing.undo import Undone, adjusts
from billpolicy.book.book import Book
from billpolicy.book.model import (
    OPEN_AGAIN,
    UNWOUND,
    BillingDocument,
    ChargePeriod,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    Subscription,
)
from billpolicy.periods.charge_periods import charge_of, charge_periods, excluded_name


def on_record(book: Book, document: BillingDocument) -> Iterator[ChargePeriod]:
    """The charge periods on record of the subscriptions of a document."""
    for name in document.subscriptions:
        yield from book.recorded_periods(name)


def billed_again_by(book: Book, document: BillingDocument) -> dict[str, list[ChargePeriod]]:
    """The reopened periods that a document has billed again, by the id of the item that did: of usage, all of the same
    days are on one."""
    found: dict[str, list[ChargePeriod]] = {}
    items = {item.id for item in document.items}
    for period in on_record(book, document):
        if period.status == "rebilled" and period.rebilled_by == document.number and period.rebilled_item in items:
            found.setdefault(period.rebilled_item or "", []).append(period)
    return found


def unwound(book: Book, document: BillingDocument) -> set[str]:
    """The items of a document of which the time was taken back before."""
    return {
        period.item
        for period in on_record(book, document)
        if period.document == document.number and period.item is not None and period.status in UNWOUND
    }


def taken_back(
    book: Book,
    document: BillingDocument,
    subscription: Subscription,
    undone: Undone,
    memo: CreditMemo | DebitMemo | None,
) -> Iterator[ChargePeriod]:
    """What is to be on record of the days of a charge that a document has billed, now that a memo undoes it; of a
    document about nothing, none does.

    Where the charge goes back to them, they are due like any others: by a write-off they are `credited`, a reversal
    tells by itself. Where it cannot, they are `reopened`, to be billed at what the charge says then.
    """
    charge = next(one for one in subscription.charges if one.id == undone.charge)
    items = [
        item
        for item in document.items
        if item.subscription == subscription.id
        and not any(each.subscribed_charge == charge.id and adjusts(each, charge) for each in item.by_charge)
    ]
    billed = list(_billed(book, document, subscription, items))
    for period in billed:
        if period.charge != charge.id or not undone.before <= period.from_ < undone.until:
            continue
        if not undone.goes_back:
            terms = replace(period, status="reopened", quantity=None, rate=None, until=min(period.until, undone.until))
            yield by_memo(terms, memo)
        elif isinstance(memo, CreditMemo) and memo.write_off:
            yield by_memo(replace(period, status="credited"), memo)


def reopened_again(
    book: Book, document: BillingDocument, memo: CreditMemo | DebitMemo | None
) -> Iterator[ChargePeriod]:
    """What is to be on record of the days that a document has billed again, now that a memo undoes it.

    After a reversal its line is none: the period that it had billed is reopened as it was. A line that was written off
    stays one, so its own period is reopened, at the price of the one that it had billed; usage stays billed by it.
    """
    again = billed_again_by(book, document)
    if not (isinstance(memo, CreditMemo) and memo.write_off):
        yield from (as_reopened(period) for of in again.values() for period in of)
        return
    own = [
        one
        for name in document.subscriptions
        for one in charge_periods(book, name)
        if one.document == document.number and one.item in again and one.status == "billed"
    ]
    for period in own:
        of_it = again[period.item or ""]
        before = next((one for one in of_it if one.charge == period.charge), of_it[0])
        charge = charge_of(book, period)
        if charge is not None and not charge.usage:
            terms = replace(period, quantity=before.quantity, rate=before.rate, tax_code=before.tax_code)
            yield by_memo(replace(terms, status="reopened"), memo)


def as_reopened(period: ChargePeriod) -> ChargePeriod:
    """A period that was billed again, to be billed again once more."""
    return replace(period, status="reopened", rebilled_by=None, rebilled_item=None)


def is_open_again(book: Book, period: ChargePeriod) -> bool:
    """Whether the days of a line are not billed by it any more: they are billed again, or will be.

    What was credited is, but where a write-off did, since by that the charge went back to these days.
    """
    memo = book.numbered.get(period.memo or "")
    written_off = isinstance(memo, CreditMemo) and memo.write_off
    return period.status in OPEN_AGAIN or (period.status == "credited" and written_off)


def by_memo(period: ChargePeriod, memo: CreditMemo | DebitMemo | None) -> ChargePeriod:
    """A period of a line, with the line of the memo that takes it back; a memo over a memo has taken no line back."""
    if period.document is None or not isinstance(memo, CreditMemo):
        return period
    line = next((item.id for item in memo.items if item.source_item == period.item), None)
    return replace(period, memo=memo.number, memo_item=line)


def taken_back_by(book: Book, memo: CreditMemo) -> list[ChargePeriod]:
    """The periods that a memo has taken back, whatever became of them since."""
    return [period for period in on_record(book, memo) if period.memo == memo.number]


def _billed(
    book: Book, document: BillingDocument, subscription: Subscription, items: list[Item]
) -> Iterator[ChargePeriod]:
    """The periods that these items have billed. Of a charge below zero a credit memo has: no line of an invoice tells
    of that, so what is reopened of it is a period of its own."""
    if isinstance(document, Invoice):
        own = {item.id for item in items}
        for period in charge_periods(book, subscription.id):
            if period.document == document.number and period.item in own:
                yield period
        return
    for item in (each for one in items for each in one.by_charge):
        if item.subscribed_charge is not None and item.days is not None:
            first, until = item.days
            yield ChargePeriod(
                id=excluded_name(subscription.id, item.subscribed_charge, first),
                subscription=subscription.id,
                charge=item.subscribed_charge,
                from_=first,
                until=until,
                currency=document.currency,
            )
