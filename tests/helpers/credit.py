"""A book with a negative invoice, drafts and rated subscriptions, and plans made by hand about them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from billpolicy.book.book import Book, transferred_parts
from billpolicy.book.changes import ChargedThrough, DraftCanceled, DraftPosted, SubscriptionCanceled
from billpolicy.book.model import Application, CreditAdjustment, Document, Invoice, Part, Refund
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.planning.plan import FollowedBy, Plan, PlannedDocument, left_by
from tests.helpers.books import book_from
from tests.helpers.sample import DAY, credit_plan, doing, next_draw, resolved_for, sample

CREDIT = """
accounts: [{id: acme, currency: USD}, {id: other, currency: USD}]
subscriptions:
- {id: s1, account: acme, start: 2026-01-15, term_end: 2027-01-15, bill_day: 15, invoice_separately: true,
   currency: USD, charges: [
    {id: seats, charged_through: 2026-07-15, name: Seats, rate: 12.50, quantity: 3, period: quarter,
     timing: in_arrears, start: 2026-02-01, until: 2026-12-01},
    {id: rebate, rate: -1.00, discounts: seats}]}
- {id: s2, account: acme, start: 2026-01-01, canceled_on: 2026-06-01}
invoices:
- {number: I1, account: acme, date: 2026-06-01, currency: USD, items: [
    {id: back, amount: -100.00, subscription: s1, taxes: [{id: vat, amount: -20.00}]}, {id: fee, amount: 20.00}]}
- {number: I2, account: acme, date: 2026-06-10, currency: USD, items: [{id: a, amount: 70.00}]}
- {number: I3, account: acme, date: 2026-06-20, currency: USD, items: [{id: a, amount: -30.00}]}
- {number: TMP-INV-00000001, account: acme, date: 2026-06-30, currency: USD, status: draft, items: [
    {id: a, amount: 9.00, subscription: s1}]}
- {number: TMP-INV-00000002, account: acme, date: 2026-06-30, currency: USD, status: draft, items: [
    {id: a, amount: 8.00, subscription: s1}]}
"""
"""I1 is -100 -20 +20 = -100 USD; s1 holds everything that a subscription and its charges can."""
JUNE = datetime.date(2026, 6, 25)


def credit_book() -> Book:
    """It, as a checked book."""
    return book_from(CREDIT)


def _plan(book: Book, id: str, operation: str, names: tuple[str, ...]) -> Plan:
    return doing(
        credit_plan(sample(), id, "INV00000003"),
        operation=operation,
        request={"operation": operation, "of": [*names]},
        basis={name: book.revisions.get(name, 0) for name in names},
        balances=(),
        warnings=(),
    )


def adjustment(
    book: Book,
    type: Literal["increase", "decrease"],
    amount: str,
    document: str | None = None,
    day: datetime.date = JUNE,
    account: str = "acme",
) -> PlannedDocument:
    """One change of the credit balance, with the next number."""
    draw = next_draw(book, "credit_adjustment", "CBA-", 1)  # type: ignore[arg-type]
    made = CreditAdjustment(
        number=draw.number,
        account=account,
        date=day,
        currency="USD",
        amount=Decimal(amount),
        type=type,
        document=document,
        reason="Standard Adjustment",
        comment="by phone",
    )
    return PlannedDocument(made, draw, resolved_for(made))


def adjust_plan(
    book: Book, id: str, type: Literal["increase", "decrease"], amount: str, day: datetime.date = JUNE
) -> Plan:
    """The credit balance of acme raised or lowered by hand."""
    plan = _plan(book, id, "adjust_credit_balance", ("account:acme",))
    return doing(plan, (adjustment(book, type, amount, None, day),))


def transfer_plan(book: Book, id: str, invoice: str, amount: str | None = None) -> Plan:
    """All of a negative invoice to the credit balance; `amount`: what the increase says it is, if it lies."""
    negative = book.numbered[invoice]
    assert isinstance(negative, Invoice)
    parts = transferred_parts(book.open_places(negative))
    given = sum((part.amount for part in parts), Decimal(0))
    increase = adjustment(book, "increase", amount or str(given), invoice)
    made = Application(from_=invoice, to=increase.document.number, date=JUNE, amount=given, parts=parts)
    plan = _plan(book, id, "transfer_negative_invoice", (invoice,))
    return doing(plan, (increase,), (made,))


def use_plan(book: Book, id: str, target: str, amount: str, day: datetime.date = JUNE, put: str | None = None) -> Plan:
    """Credit balance used on the first item of a document; `put`: what is applied, if it is another amount."""
    document = book.numbered[target]
    assert isinstance(document, Document)
    decrease = adjustment(book, "decrease", amount, target, day)
    money = Decimal(put or amount)
    parts = (Part(item=document.items[0].id, amount=money),)
    made = Application(from_=decrease.document.number, to=target, date=day, amount=money, parts=parts)
    plan = _plan(book, id, "apply_credit_balance", (target,))
    return doing(plan, (decrease,), (made,))


def refund_plan(book: Book, id: str, amount: str, refunded: str | None = None) -> Plan:
    """Credit balance paid back; `refunded`: the amount of the refund, if it is another one."""
    draw = next_draw(book, "refund", "R-", 1)
    refund = Refund(number=draw.number, account="acme", date=JUNE, currency="USD", amount=Decimal(refunded or amount))
    decrease = adjustment(book, "decrease", amount, refund.number)
    plan = _plan(book, id, "refund_credit_balance", ("account:acme",))
    return doing(plan, (PlannedDocument(refund, draw, resolved_for(refund)), decrease))


def post_draft_plan(book: Book, id: str, draft: str) -> Plan:
    """A draft becomes the next invoice `BILL`."""
    known = book.numbered[draft]
    assert isinstance(known, Invoice)
    draw = next_draw(book, "invoice", "BILL", 1)
    posted = replace(known, number=draw.number, status="posted")
    plan = _plan(book, id, "post_draft", (draft, "subscription:s1"))
    return doing(plan, (PlannedDocument(posted, draw, resolved_for(posted)),), (), DraftPosted(draft, draw.number))


def cancel_draft_plan(book: Book, id: str, draft: str) -> Plan:
    """A draft is canceled."""
    plan = _plan(book, id, "cancel_draft", (draft,))
    return doing(plan, (), (), DraftCanceled(draft), notes=("It was wrong.",))


def cancel_plan(book: Book, id: str, subscription: str = "s1") -> Plan:
    """A subscription is canceled, and what was never billed of it is billed through the same day."""
    moved = ChargedThrough(subscription, "rebate", None, JUNE)
    plan = _plan(book, id, "cancel_subscription", (f"subscription:{subscription}",))
    notes = ("The latest of three dates.",)
    return doing(plan, (), (), SubscriptionCanceled(subscription, JUNE), moved, notes=notes)


def followed(book: Book, plan: Plan, *steps: Callable[[Book], Plan]) -> Plan:
    """The plan with steps that follow it, each planned on what the ones before it leave."""
    book = left_by(plan, book)
    follow_ups = []
    for number, make in enumerate(steps):
        step = make(book)
        book = left_by(step, book)
        at = Position("policy.yaml", 7 + number, 3)
        because = "FIN-7" if number else None
        follow_ups.append(FollowedBy(f"{plan.id} was posted", "a-rule", at, because, step))
    return replace(plan, follow_ups=tuple(follow_ups))


def day(number: int) -> datetime.date:
    """A day of July 2026."""
    return DAY.replace(day=number)
