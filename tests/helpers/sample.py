"""A small book, and plans made by hand on whatever book they are given: the ledger is tested without the planners."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Change, ChargedThrough, Issued, Reversed
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    CreditMemo,
    Document,
    Invoice,
    Item,
    Numbered,
    Part,
    Payment,
    Refund,
    TaxItem,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.resolver import LevelValues, Resolved, Several
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.planning.plan import BalanceChange, Plan, PlannedDocument
from billpolicy.vocabulary.spec import DocumentKind
from tests.helpers.books import book_from

DAY = datetime.date(2026, 7, 1)
NOW = datetime.datetime(2026, 7, 1, 12, 30, tzinfo=datetime.UTC)

BOOK = """
accounts:
- {id: acme, currency: USD, name: Acme, country: US, region: NY,
   attributes: {bill_to_contact: ann, payment_term: null}}
- {id: nippon, currency: JPY, custom: {segment: large}}
contacts:
- {id: ann, account: acme, name: Ann, country: US, email: ann@acme.test}
- {id: bob, account: acme}
charges:
- {id: seat, name: Seats, type: recurring, tax_code: services}
- {id: setup, name: Setup}
subscriptions:
- id: s1
  account: acme
  plan: gold
  attributes: {bill_to_contact: bob}
  charges:
  - {id: s1-seat, charge: seat, charged_through: 2026-07-01}
  - {id: s1-setup, charge: setup}
- {id: s2, account: acme}
- id: s3
  account: acme
  charges:
  - {id: s3-calls, usage: true, included: 100, item: calls, tax_code: telecom}
  - {id: s3-floor, item: calls, bills: minimum, rate: 5.00, profile: phone}
  - {id: s3-pool, drawn_by: [calls], profile: phone}
usage:
- {id: u1, subscription: s3, charge: s3-calls, date: 2026-05-30, quantity: 12.50}
- {id: u2, subscription: s3, charge: s3-calls, date: 2026-05-31, quantity: 80, billed_by: INV00000003, amount: 0.25,
   drawn: 0.75, drawn_from: INV00000003/i1/s3-pool}
invoices:
- number: INV00000001
  account: acme
  date: 2026-05-01
  due_date: 2026-05-31
  currency: USD
  bill_run: BR-5
  attributes: {bill_to_contact: ann}
  items:
  - {id: i1, name: Seats, line: 1, subscription: s1, subscribed_charge: s1-seat, charge: seat, quantity: 10,
     unit_price: 10.00, amount: 100.00, service_start: 2026-05-01, service_end: 2026-06-01,
     taxes: [{id: t1, name: VAT, rate: 0.20, jurisdiction: NY, code: services, amount: 20.00}]}
  - {id: i2, line: 2, amount: -10.00, discounts: i1, taxes: [{id: t1, amount: -2.00}]}
  - {id: i3, line: 3, subscription: s2, charge: setup, amount: 50.00}
- number: INV00000002
  account: acme
  date: 2026-06-01
  currency: USD
  bill_run: BR-6
  items:
  - {id: i1, subscription: s1, subscribed_charge: s1-seat, charge: seat, amount: 100.00, service_start: 2026-06-01}
- number: INV00000003
  account: acme
  date: 2026-06-02
  currency: USD
  items:
  - {id: i1, subscription: s3, amount: 70.00, service_start: 2026-06-01, service_end: 2026-06-30,
     combines: [{subscribed_charge: s3-pool, charge: setup, quantity: 2, unit_price: 35.00, amount: 70.00},
                {subscribed_charge: s3-floor, amount: -0.25},
                {subscribed_charge: s3-calls, amount: 0.25}]}
- number: INV00000004
  account: nippon
  date: 2026-06-03
  currency: JPY
  items: [{id: i1, amount: 5000}]
- number: INV00000005
  account: acme
  date: 2026-06-20
  currency: USD
  status: draft
  items: [{id: i1, subscription: s1, amount: 1.00}]
credit_memos:
- number: CM00000001
  account: acme
  date: 2026-06-01
  currency: USD
  bill_run: BR-6
  reason: Charge Dispute
  items: [{id: c1, subscription: s1, subscribed_charge: s1-seat, amount: 30.00, source: INV00000001, source_item: i1}]
- number: CM00000002
  account: acme
  date: 2026-06-05
  currency: USD
  source: INV00000001
  items: [{id: c1, amount: 20.00, source_item: i1}]
debit_memos:
- {number: DM00000001, account: acme, date: 2026-06-05, due_date: 2026-07-05, currency: USD, source: CM00000002,
   items: [{id: d1, amount: 5.00, source_item: c1}]}
payments:
- {number: P-00000001, account: acme, date: 2026-06-10, currency: USD, amount: 120.00, comment: wire}
- {number: P-00000002, account: nippon, date: 2026-06-10, currency: JPY, amount: 5000, type: electronic}
refunds:
- {number: R-00000001, account: acme, date: 2026-06-12, currency: USD, amount: 20.00, of: P-00000001}
- {number: R-00000002, account: acme, date: 2026-06-12, currency: USD, amount: 4.00, of: CM00000002, reason: Other,
   parts: [{item: c1, amount: 4.00}]}
applications:
- {from: P-00000001, to: INV00000003, date: 2026-06-10, amount: 60.00}
- {from: CM00000002, to: INV00000001, date: 2026-06-05, amount: 8.00,
   parts: [{item: i1, amount: 6.00, source_item: c1}, {item: i1, tax: t1, amount: 2.00, source_item: c1}]}
- {from: P-00000001, to: DM00000001, date: 2026-06-10, amount: 5.00}
charge_periods:
- {id: INV00000001/i1, subscription: s1, charge: s1-seat, from: 2026-05-01, until: 2026-06-02, currency: USD,
   status: reopened, quantity: 8, amount: 100.00, discount: -10.00, tax: 18.00, document: INV00000001, item: i1,
   memo: CM00000001, memo_item: c1, tax_code: services}
- {id: s1/s1-seat/2026-04-01, subscription: s1, charge: s1-seat, from: 2026-04-01, until: 2026-05-01, currency: USD,
   status: excluded_zero_amount, quantity: 1, rate: 0.00, amount: 0.00}
accounting_periods:
- {from: 2026-05-01, until: 2026-06-01, status: closed}
- {from: 2026-06-01, until: 2027-01-01}
"""


@cache
def sample() -> Book:
    """A book with one of everything. Immutable, so read once."""
    return book_from(BOOK)


def credit_plan(
    book: Book,
    id: str,
    invoice: str,
    amount: str = "10.00",
    *,
    prefix: str = "CM",
    start: int = 1,
    request: dict[str, Any] | None = None,
    reverse: bool = False,
    charged_through: Sequence[ChargedThrough] = (),
) -> Plan:
    """A credit memo on the first item of an invoice, applied to it at once; `reverse` flags both."""
    target = book.numbered[invoice]
    assert isinstance(target, Invoice)
    first = target.items[0]
    money = Decimal(amount)
    draw = next_draw(book, "credit_memo", prefix, start)
    item = Item(id="1", amount=money, source_item=first.id, name=first.name, quantity=Decimal("2.50"))
    memo = CreditMemo(
        number=draw.number,
        account=target.account,
        date=DAY,
        currency=target.currency,
        items=(item,),
        reason="Write-off",
        source=invoice,
        attributes={"bill_to_contact": "ann", "note": None},
    )
    part = Part(item=first.id, amount=money, source_item="1")
    application = Application(from_=draw.number, to=invoice, date=DAY, amount=money, parts=(part,))
    basis = {invoice: book.revisions.get(invoice, 0), f"account:{target.account}": 0}
    basis |= {f"subscription:{one.subscription}": _revision(book, one.subscription) for one in charged_through}
    plan = Plan(
        id=id,
        operation="credit_memo_from_invoice",
        date=DAY,
        request={"operation": "credit_memo_from_invoice", "invoice": invoice, "amount": amount, **(request or {})},
        policy="standard",
        policy_digest="d1ge57",
        engine="python",
        basis=basis,
        balances=(
            BalanceChange("invoice", invoice, target.currency, book.balance(target), book.balance(target) - money),
            BalanceChange("credit_memo", draw.number, target.currency, None, Decimal("0.00")),
        ),
        warnings=(Diagnostic("allocation-fallback", "look twice", Position("ops.yaml", 3, 5), "look", "warning"),),
        actor="ann",
        comment="agreed by phone",
    )
    flagged = map(Reversed, (invoice, draw.number) if reverse else ())
    documents = (PlannedDocument(memo, draw, resolved_for(memo)),)
    return doing(plan, documents, (application,), *flagged, *charged_through)


def doing(
    plan: Plan,
    documents: Iterable[PlannedDocument] = (),
    applications: Iterable[Application] = (),
    *others: Change,
    decisions: Iterable[Resolved] = (),
    **said: Any,
) -> Plan:
    """The plan of other changes: these documents, this money and these others; `said`: other fields of it."""
    documents = tuple(documents)
    return replace(
        plan,
        changes=(
            *(Issued(one.document, one.draw) for one in documents),
            *(Applied(made) for made in applications),
            *others,
        ),
        resolved=(*(one.resolved for one in documents), *decisions),
        reasons={one.document.number: place for place, one in enumerate(documents)},
        **said,
    )


def payment_plan(book: Book, id: str, amounts: dict[str, str], amount: str, account: str = "acme") -> Plan:
    """A payment applied to the first items of some invoices."""
    draw = next_draw(book, "payment", "P-", 1)
    payment = Payment(number=draw.number, account=account, date=DAY, currency="USD", amount=Decimal(amount))
    applications = []
    for number, part in amounts.items():
        target = book.numbered[number]
        assert isinstance(target, Invoice)
        parts = (Part(item=target.items[0].id, amount=Decimal(part)),)
        applications.append(Application(from_=draw.number, to=number, date=DAY, amount=Decimal(part), parts=parts))
    basis = {number: book.revisions.get(number, 0) for number in amounts} | {f"account:{account}": 0}
    plan = credit_plan(sample(), id, "INV00000003")
    return doing(
        plan,
        (PlannedDocument(payment, draw, resolved_for(payment)),),
        applications,
        operation="create_payment",
        request={"operation": "create_payment", "account": account, "amount": amount, "documents": [*amounts]},
        basis=basis,
        balances=(),
        warnings=(),
        comment=None,
    )


def refund_plan(book: Book, id: str, of: str, amount: str) -> Plan:
    """A refund of a payment, or of the first item of a credit memo."""
    source = book.numbered[of]
    assert isinstance(source, Payment | CreditMemo)
    draw = next_draw(book, "refund", "R-", 1)
    parts: tuple[Part, ...] = ()
    if isinstance(source, CreditMemo):
        parts = (Part(item=source.items[0].id, amount=Decimal(amount)),)
    refund = Refund(
        number=draw.number,
        account=source.account,
        date=DAY,
        currency=source.currency,
        amount=Decimal(amount),
        of=of,
        parts=parts,
    )
    plan = credit_plan(sample(), id, "INV00000003")
    return doing(
        plan,
        (PlannedDocument(refund, draw, resolved_for(refund)),),
        operation="create_refund",
        request={"operation": "create_refund", "of": of, "amount": amount},
        basis={of: book.revisions.get(of, 0)},
        balances=(),
    )


def apply_plan(
    book: Book, id: str, source: str, target: str, amount: str, parts: tuple[Part, ...] = (), day: datetime.date = DAY
) -> Plan:
    """Money of a source put on the first item of a document or on some parts of it, or taken back if below zero."""
    document = book.numbered[target]
    if not parts:
        item = document.items[0].id if isinstance(document, Document) else TRANSFERRED
        parts = (Part(item=item, amount=Decimal(amount)),)
    made = Application(from_=source, to=target, date=day, amount=Decimal(amount), parts=parts)
    operation = "unapply_payment" if made.amount < 0 else "apply_payment"
    return doing(
        credit_plan(sample(), id, "INV00000003"),
        (),
        (made,),
        operation=operation,
        request={"operation": operation, "payment": source, "to": target, "amount": amount},
        basis={number: book.revisions.get(number, 0) for number in (source, target)},
        decisions=(resolved_for(document),),
        balances=(),
        warnings=(),
        comment=None,
    )


def transfer_plan(
    book: Book, id: str, source: str, account: str, amount: str, put: str | None = None, item: str = TRANSFERRED
) -> Plan:
    """A payment of another account out of one; `put` is what is applied to it, by default all of its amount."""
    draw = next_draw(book, "payment", "P-", 1)
    old = book.numbered[source]
    payment = Payment(
        number=draw.number,
        account=account,
        date=DAY,
        currency=old.currency,
        amount=Decimal(amount),
        source=source,
        auto_apply=False,
    )
    money = Decimal(put or amount)
    parts = (Part(item=item, amount=money),)
    return doing(
        credit_plan(sample(), id, "INV00000003"),
        (PlannedDocument(payment, draw, resolved_for(payment)),),
        (Application(from_=source, to=draw.number, date=DAY, amount=money, parts=parts),),
        operation="transfer_payment",
        request={"operation": "transfer_payment", "payment": source, "to_account": account, "amount": amount},
        basis={source: book.revisions.get(source, 0), f"account:{account}": 0},
        balances=(),
        warnings=(),
        comment=None,
    )


def next_draw(book: Book, kind: DocumentKind, prefix: str, start: int) -> NumberDraw:
    counter = max(book.counters.get(prefix, 0) + 1, start)
    return NumberDraw(kind, prefix, start, counter, f"{prefix}{counter:08d}")


def resolved_for(document: Numbered) -> Resolved:
    return Resolved(
        operation="credit_memo_from_invoice",
        date=DAY,
        facts={"amount": 1000, "account.country": "US", "flagged": True},
        levels={
            "request": LevelValues("the request", {}),
            "subscription": LevelValues(
                "subscription s1, s2", {"bill_to_contact": Several((("s1", "bob"), ("s2", None)))}
            ),
            "account": LevelValues(f"account {document.account}", {"bill_to_contact": "ann", "payment_term": None}),
        },
        matched=("german-disputes",),
        resolutions={
            "bill_to_contact": Resolution("bill_to_contact", "ann", "account", "credit_memo_from_invoice"),
            "item_limit": Resolution("item_limit", 1000, None, "german-disputes"),
        },
    )


def many_invoices(count: int, items: int = 3) -> Book:
    """Invoices INV10000001 and on, of one account and 100.00 an item."""
    book = sample()
    invoices = [
        Invoice(
            number=f"INV{10_000_001 + n}",
            account="acme",
            date=DAY,
            currency="USD",
            items=tuple(
                Item(
                    id=f"i{i}",
                    name="Seats",
                    amount=Decimal("100.00"),
                    taxes=(TaxItem(id="t", amount=Decimal("20.00")),),
                )
                for i in range(items)
            ),
        )
        for n in range(count)
    ]
    return book.with_posted(invoices, counters={"INV": 10_000_000 + count})


def _revision(book: Book, subscription: str) -> int:
    return book.revisions.get(f"subscription:{subscription}", 0)
