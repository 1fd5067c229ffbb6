"""A plan made by hand for each kind of change that there is, on the sample book."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    BilledUsage,
    Change,
    ChargeAdded,
    ChargedThrough,
    Created,
    DraftCanceled,
    DraftPosted,
    Given,
    PeriodsRecorded,
    SubscriptionCanceled,
    UsageBilled,
    UsageRecorded,
)
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Charge,
    ChargePeriod,
    Contact,
    CreditAdjustment,
    DebitMemo,
    Held,
    Invoice,
    Item,
    SubscribedCharge,
    Subscription,
    TaxItem,
    UsageRecord,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.planning.plan import Plan, PlannedDocument
from tests.helpers.sample import (
    DAY,
    apply_plan,
    credit_plan,
    doing,
    next_draw,
    payment_plan,
    refund_plan,
    resolved_for,
    sample,
)

MOVED = ChargedThrough("s1", "s1-seat", datetime.date(2026, 7, 1), datetime.date(2026, 5, 1))
BILLED = UsageBilled(
    "s3",
    "s3-calls",
    None,
    "INV00000003",
    (BilledUsage("u1", Decimal("1.25"), Decimal("0.75"), "INV00000003/i1/s3-pool"),),
)
DRAFT = "INV00000005"
FAR = datetime.date(2099, 1, 1)


def only(book: Book, id: str, *changes: Change, basis: tuple[str, ...]) -> Plan:
    """A plan that does just this."""
    return doing(
        credit_plan(sample(), id, "INV00000003"),
        (),
        (),
        *changes,
        request={"operation": "credit_memo_from_invoice", "of": [*basis]},
        basis={name: book.revisions.get(name, 0) for name in basis},
        balances=(),
    )


def _with(plan: Plan, document: Invoice | DebitMemo | CreditAdjustment, draw: NumberDraw, *changes: Change) -> Plan:
    return doing(plan, (PlannedDocument(document, draw, resolved_for(document)),), (), *changes)


def _used(operation: str) -> tuple[UsageRecord, ...]:
    common = {"subscription": "s3", "charge": "s3-calls", "date": DAY, "operation": operation}
    return tuple(UsageRecord(id=f"u-{n}", quantity=Decimal(n) / 8, **common) for n in (-1, 2))  # type: ignore[arg-type]


def _invoice(book: Book, id: str) -> Plan:
    draw = next_draw(book, "invoice", "INV", 1)
    taxes = (TaxItem(id="t", amount=Decimal("0.96"), rate=Decimal("0.08"), jurisdiction="NY"),)
    item = Item(id="a", amount=Decimal("12.00"), subscription="s1", subscribed_charge="s1-seat", taxes=taxes)
    invoice = Invoice(
        number=draw.number,
        account="acme",
        date=DAY,
        due_date=DAY,
        currency="USD",
        items=(item,),
        bill_run="BR-7",
        attributes={"bill_to_contact": "ann", "payment_term": None},
    )
    return _with(only(book, id, basis=("account:acme",)), invoice, draw)


def _debit_memo(book: Book, id: str) -> Plan:
    draw = next_draw(book, "debit_memo", "DM", 1)
    item = Item(id="d", amount=Decimal("3.00"), source_item="c1")
    memo = DebitMemo(
        number=draw.number, account="acme", date=DAY, currency="USD", items=(item,), source="CM00000002", reason="Other"
    )
    return _with(only(book, id, basis=("CM00000002",)), memo, draw)


def _adjustment(book: Book, id: str) -> Plan:
    draw = next_draw(book, "credit_adjustment", "CBA-", 1)  # type: ignore[arg-type]
    raised = CreditAdjustment(
        number=draw.number, account="acme", date=DAY, currency="USD", amount=Decimal("7.50"), type="increase"
    )
    return _with(only(book, id, basis=("account:acme",)), raised, draw)


def _draft_posted(book: Book, id: str) -> Plan:
    draft = book.numbered[DRAFT]
    assert isinstance(draft, Invoice)
    draw = next_draw(book, "invoice", "INV", 1)
    posted = replace(draft, number=draw.number, status="posted")
    return _with(only(book, id, basis=(DRAFT, "subscription:s1")), posted, draw, DraftPosted(DRAFT, draw.number))


def _periods(book: Book, id: str) -> Plan:
    """One that is on record is billed again, and another one comes."""
    known = book.charge_periods["INV00000001/i1"]
    billed = replace(known, status="rebilled", rebilled_by="INV00000002", rebilled_item="i1", operation=id)
    excluded = ChargePeriod(
        id=f"s1/s1-setup/{id}",
        subscription="s1",
        charge="s1-setup",
        from_=DAY,
        until=FAR,
        currency="USD",
        status="excluded_zero_quantity",
        quantity=Decimal(0),
        operation=id,
    )
    basis = ("subscription:s1", "INV00000001")
    return only(book, id, PeriodsRecorded("s1", (billed, excluded)), basis=basis)


def _charge(id: str) -> SubscribedCharge:
    return SubscribedCharge(id=f"{id}-charge", rate=Decimal("3.00"), start=DAY, created_by=id)


EACH: dict[str, Callable[[Book, str], Plan]] = {
    "invoice_issued": _invoice,
    "credit_memo_issued": lambda book, id: credit_plan(book, id, "INV00000001", "40.00"),
    "debit_memo_issued": _debit_memo,
    "payment_issued": lambda book, id: payment_plan(book, id, {"INV00000002": "30.00", "INV00000003": "0.99"}, "55.49"),
    "refund_issued": lambda book, id: refund_plan(book, id, "CM00000002", "1.00"),
    "credit_adjustment_issued": _adjustment,
    "applied": lambda book, id: apply_plan(book, id, "P-00000001", "INV00000002", "5.00"),
    "reversed": lambda book, id: credit_plan(book, id, "INV00000003", "0.01", reverse=True),
    "draft_posted": _draft_posted,
    "draft_canceled": lambda book, id: only(book, id, DraftCanceled(DRAFT), basis=(DRAFT,)),
    "subscription_canceled": lambda book, id: only(
        book, id, SubscriptionCanceled("s1", DAY), basis=("subscription:s1",)
    ),
    "usage_recorded": lambda book, id: only(book, id, UsageRecorded(_used(id)), basis=("subscription:s3",)),
    "usage_billed": lambda book, id: only(book, id, BILLED, basis=("subscription:s3",)),
    "periods_recorded": _periods,
    "charged_through": lambda book, id: credit_plan(book, id, "INV00000002", "10.00", charged_through=[MOVED]),
    "account_created": lambda book, id: only(
        book, id, Created(Account(id=f"{id}-a", currency="EUR", created_by=id)), basis=()
    ),
    "contact_created": lambda book, id: only(
        book, id, Created(Contact(id=f"{id}-c", account="acme", created_by=id)), basis=("account:acme",)
    ),
    "subscription_created": lambda book, id: only(
        book,
        id,
        Created(Subscription(id=f"{id}-s", account="acme", charges=(_charge(id),), created_by=id)),
        basis=(),
    ),
    "charge_created": lambda book, id: only(
        book, id, Created(Charge(id=f"{id}-c", name="Seats", created_by=id)), basis=()
    ),
    "accounting_period_created": lambda book, id: only(
        book,
        id,
        Created(AccountingPeriod(from_=FAR, until=FAR + datetime.timedelta(days=30), created_by=id)),
        basis=(),
    ),
    "given": lambda book, id: only(
        book,
        id,
        Given("account", "acme", Held(field="attributes.payment_term", value="Net 7", since=DAY, operation=id)),
        Given("contact", "ann", Held(field="name", value="Ann M.", since=DAY, operation=id), "Ann", "acme"),
        Given("subscription", "s1", Held(field="bill_day", value="5", since=DAY, operation=id)),
        Given("subscription", "s1", Held(field="charges.s1-seat.until", value="2027-01-01", since=DAY, operation=id)),
        basis=("account:acme", "subscription:s1"),
    ),
    "charge_added": lambda book, id: only(book, id, ChargeAdded("s1", _charge(id)), basis=("subscription:s1",)),
}
"""By the names in `CHANGES`. Each can be posted after the others, but a draft is posted or canceled."""
