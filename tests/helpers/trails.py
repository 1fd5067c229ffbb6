"""Books in which a line was credited, reopened and billed again, as a correction leaves them."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from billpolicy.book.changes import Change, PeriodsRecorded
from billpolicy.book.model import Document
from billpolicy.book.numbers import NumberDraw
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan, PlannedDocument
from tests.helpers.books import book_from
from tests.helpers.ledgers import post, whole
from tests.helpers.sample import credit_plan, doing, resolved_for, sample

CORRECTED = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
subscriptions:
- id: S-1
  account: acme
  start: 2026-01-01
  charges:
  - {id: seats, name: Seats, rate: 11.00, quantity: 10, charged_through: 2026-02-01}
  - {id: support, name: Support, rate: 30.00, charged_through: 2026-02-01}
invoices:
- number: INV00000001
  account: acme
  date: 2026-01-01
  currency: EUR
  bill_run: BR-1
  items:
  - {id: "1", line: 1, name: Seats, subscription: S-1, subscribed_charge: seats, quantity: 10, unit_price: 10.00,
     amount: 100.00, service_start: 2026-01-01, service_end: 2026-01-31,
     taxes: [{id: vat, name: VAT, rate: 0.20, amount: 20.00}]}
  - {id: "2", line: 2, name: Support, subscription: S-1, subscribed_charge: support, quantity: 1, unit_price: 30.00,
     amount: 30.00, service_start: 2026-01-01, service_end: 2026-01-31}
- number: INV00000002
  account: acme
  date: 2026-03-10
  currency: EUR
  bill_run: BR-3
  items:
  - {id: "1", line: 1, name: Seats, subscription: S-1, subscribed_charge: seats, quantity: 10, unit_price: 11.00,
     amount: 110.00, service_start: 2026-01-01, service_end: 2026-01-31,
     taxes: [{id: vat, name: VAT, rate: 0.20, amount: 22.00}]}
credit_memos:
- number: CM00000001
  account: acme
  date: 2026-02-10
  currency: EUR
  source: INV00000001
  reason: Customer Satisfaction
  items: [{id: "1", name: Seats, subscription: S-1, subscribed_charge: seats, amount: 10.00, source_item: "1"}]
- number: CM00000002
  account: acme
  date: 2026-03-10
  currency: EUR
  source: INV00000001
  items:
  - {id: "1", name: Seats, subscription: S-1, subscribed_charge: seats, amount: 90.00, source_item: "1",
     taxes: [{id: vat, name: VAT, amount: 20.00, source_tax: vat}]}
charge_periods:
- id: INV00000001/1
  subscription: S-1
  charge: seats
  from: 2026-01-01
  until: 2026-02-01
  currency: EUR
  status: rebilled
  quantity: 10
  rate: 11.00
  amount: 100.00
  tax: 20.00
  document: INV00000001
  item: "1"
  memo: CM00000002
  memo_item: "1"
  rebilled_by: INV00000002
  rebilled_item: "1"
"""
"""January of 10 seats was billed at 10.00 instead of 11.00: 10.00 were given back as goodwill, and then the rest."""
IMPORTED = CORRECTED[: CORRECTED.index("- number: INV00000002")]
"""The same before any of that."""


def correct(ledger: Ledger, text: str = CORRECTED) -> None:
    """Post to a ledger that has `IMPORTED` what made `CORRECTED` of it: plans made by hand, by three operations."""
    book = book_from(text)
    period = book.charge_periods["INV00000001/1"]
    reopened = replace(period, status="reopened", rebilled_by=None, rebilled_item=None, operation="CR-1")
    again = replace(period, operation="CR-1/rebill")
    for id, operation, number, hour, comment, changes in (
        ("GW-1", "credit_memo_from_invoice", "CM00000001", 8, "the outage of the third of January", ()),
        ("CR-1", "credit_rebill", "CM00000002", 9, None, (PeriodsRecorded("S-1", (reopened,)),)),
        ("CR-1/rebill", "bill_run", "INV00000002", 9, None, (PeriodsRecorded("S-1", (again,)),)),
    ):
        document: Any = book.numbered[number]
        now = datetime.datetime.combine(document.date, datetime.time(hour), datetime.UTC)
        post(ledger, _plan(ledger, document, changes, id=id, operation=operation, comment=comment), who="ann", now=now)


def _plan(ledger: Ledger, document: Document, changes: tuple[Change, ...], **said: Any) -> Plan:
    revisions = whole(ledger).revisions
    prefix = document.number.rstrip("0123456789")
    draw = NumberDraw(document.kind, prefix, 1, int(document.number[len(prefix) :]), document.number)
    basis = {name: revisions[name] for name in ("account:acme", "subscription:S-1", "INV00000001")}
    more: dict[str, Any] = {"basis": basis, "date": document.date, "request": {}, "balances": (), "warnings": ()}
    planned = PlannedDocument(document, draw, resolved_for(document))  # type: ignore[arg-type]
    return doing(credit_plan(sample(), "x", "INV00000003"), (planned,), (), *changes, **more, **said)
