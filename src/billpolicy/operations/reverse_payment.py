"""`reverse_payment`: a payment that bounced or was charged back. docs/domain.md 4.6.

What was applied of it is taken back by its recorded links, and nothing of it is left. What was transferred of it to
other accounts is gone, too: the payments that were made of it are reversed with it, each as its own account has it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from billpolicy.book.changes import Reversed
from billpolicy.book.model import Payment
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class ReversePayment(Request):
    """Take a payment back, wherever its money is."""

    payment: Text
    reason: Text | None = None


def _plan(planning: Planning, request: ReversePayment) -> None:
    payment = planning.posted(Payment, request.payment, "payment")
    reason = checked_reason(planning, request.reason, "payment_reversal")
    planning.check_open(planning.date, "date")
    if payment.source is not None:
        message = f"{payment.number} has its money from {payment.source}, of which it was transferred"
        hint = f"reverse {payment.source}, and this one goes with it; or transfer it back"
        planning.refuse("payment-transferred", message, "payment", hint=hint)
    gone = list(_made_of(planning, payment))
    for one in gone:
        _check_refunded(planning, payment, one)
    planning.check_not_before(planning.date, *max(_last_used(planning, one) for one in gone), "date")
    planning.stop_if_refused()
    for one in gone:
        _reverse(planning, one, reason)


def _made_of(planning: Planning, payment: Payment) -> Iterator[Payment]:
    """The payments that money of this one was transferred to, step by step, and it, each after all that it gave to."""
    book = planning.book
    for number, links in book.links_from(payment.number).items():
        target = book.numbered[number]
        if links and isinstance(target, Payment):
            yield from _made_of(planning, target)
    yield payment


def _check_refunded(planning: Planning, payment: Payment, one: Payment) -> None:
    """Money that was paid back cannot be taken back."""
    refunded = planning.book.refunded(one.number)
    if refunded:
        what = one.number if one is payment else f"{one.number}, which was transferred from it,"
        message = f"{payment.number} cannot be reversed: {refunded} {one.currency} of {what} has been refunded"
        hint = "unapply it and refund the rest of it, for the reason that it bounced; ask for what was paid back twice"
        planning.problem("already-refunded", message, "payment", hint=f"{hint} with a debit memo")


def _last_used(planning: Planning, payment: Payment) -> tuple[datetime.date, str]:
    """The day on which money of a payment was moved last, or on which it came in, and in words which that is."""
    used = [made.date for made in planning.book.applications_from.get(payment.number, ())]
    return (max(used), f"the latest use of {payment.number}") if used else (payment.date, payment.number)


def _reverse(planning: Planning, payment: Payment, reason: str | None) -> None:
    """Take back what was applied of a payment, and what was transferred of it, and mark it; its account decides why."""
    account = planning.account(payment.account)
    resolved = resolve(planning, account, payment, amount=Money(payment.amount, payment.currency), reason=reason)
    planning.decide(resolved)
    for number, links in planning.book.links_from(payment.number).items():
        if links:
            back = tuple(replace(part, amount=-part.amount) for part in links)
            planning.apply(payment, planning.numbered(number), planning.date, back)
    planning.change(Reversed(payment.number, reason or resolved.text("reason_code")))
    planning.touch(payment.number)


OPERATION = Operation(
    "reverse_payment",
    ReversePayment,
    needs=lambda request: Needs(numbers=frozenset({request.payment}), transfers_of=frozenset({request.payment})),
    plan=_plan,
)
