"""Operations on the credit balance of an account, one after the other, and what they make of it."""

from __future__ import annotations

import datetime

from billpolicy.book.book import Book
from billpolicy.book.model import CreditAdjustment
from billpolicy.planning.plan import Plan
from tests.helpers.books import book_from
from tests.helpers.plan_views import documents
from tests.helpers.planning import Planned, dry_run, plan_on
from tests.helpers.scenes import operations, versions

TODAY = datetime.date(2026, 9, 1)
NEGATIVE = "- {number: INV-001, account: a, date: 2026-09-10, currency: USD, items: [{id: x, amount: -100.00}]}\n"
POSITIVE = "- {number: INV-002, account: a, date: 2026-09-01, currency: USD, items: [{id: x, amount: 30.00}]}\n"
ACCOUNTS = "accounts: [{id: a, currency: USD}, {id: b, currency: USD}]\n"
SCENE = f"{ACCOUNTS}invoices:\n{NEGATIVE}{POSITIVE}"
TRANSFER = "operation: transfer_negative_invoice\ninvoice: INV-001\n"
APPLY = "operation: apply_credit_balance\naccount: a\n"
REFUND = "operation: refund_credit_balance\naccount: a\n"
ADJUST = "operation: adjust_credit_balance\naccount: a\n"


def planned(start: Book | str, *texts: str, policy: str = "", today: datetime.date = TODAY) -> tuple[Plan, Book]:
    """The plan of the last operation, and the book that all of them leave; none is refused."""
    after = book_from(start) if isinstance(start, str) else start
    for asked in operations(*texts):
        plan, after = plan_on(versions(policy), after, asked, today)
    return plan, after


def outcomes(start: Book | str, *texts: str, policy: str = "", today: datetime.date = TODAY) -> list[Planned]:
    """What comes of each operation, on what the ones before it leave."""
    return list(
        dry_run(versions(policy), book_from(start) if isinstance(start, str) else start, operations(*texts), today)
    )


def told(start: Book | str, text: str, *, policy: str = "", today: datetime.date = TODAY) -> str:
    """Why the operation is refused, as `code: message; hint`; each reason has its place and its hint."""
    (only,) = outcomes(start, text, policy=policy, today=today)
    assert only.plan is None
    assert all(problem.position and problem.hint for problem in only.problems)
    return "\n".join(f"{problem.code}: {problem.message}; {problem.hint}" for problem in only.problems)


def codes(start: Book | str, text: str, *, policy: str = "") -> list[str]:
    """The codes of the reasons why the operation is refused."""
    return sorted(line.partition(":")[0] for line in told(start, text, policy=policy).splitlines())


def credit(after: Book, day: str | None = None, account: str = "a") -> str:
    """The credit balance of an account."""
    return str(after.credit_balance(account, "USD", None if day is None else datetime.date.fromisoformat(day)))


def adjustments(plan: Plan) -> list[CreditAdjustment]:
    """The changes of credit balances that a plan makes."""
    return [document for document in documents(plan) if isinstance(document, CreditAdjustment)]


def used(plan: Plan) -> dict[str, str]:
    """Document -> how much of the credit balance is put on it; each has one decrease of that amount."""
    for change in adjustments(plan):
        (application,) = (a for a in plan.applications if a.from_ == change.number)
        assert (application.to, application.amount, application.date) == (change.document, change.amount, change.date)
    return {change.document or "": str(change.amount) for change in adjustments(plan) if change.type == "decrease"}
