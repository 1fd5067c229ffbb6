"""`undo_credit_adjustment`: what was done to a credit balance by hand is taken back. docs/domain.md 6.1.

By an adjustment of the other type over the same amount that names the one it undoes; both stay on record. What another
operation did to the credit balance moved money of a document as well, so it is not undone here.
"""

from __future__ import annotations

from typing import NoReturn

from billpolicy.book.model import CreditAdjustment, Invoice, Refund
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.what_is_open import check_usable
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import adjust
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class UndoCreditAdjustment(Request):
    """The adjustment by its number."""

    adjustment: Text
    reason: Text | None = None


def _plan(planning: Planning, request: UndoCreditAdjustment) -> None:
    done = planning.posted(CreditAdjustment, request.adjustment, "adjustment")
    account = planning.account(done.account, "adjustment")
    planning.check_date(done)
    reason = checked_reason(planning, request.reason, "credit_balance")
    if done.document is not None:
        _refuse(planning, done, done.document)
    changes = planning.book.credit_of.get(account.id, ())
    undone_by = next((change for change in changes if change.document == done.number), None)
    if undone_by is not None:
        message = f"{done.number} was undone already, on {undone_by.date}, by {undone_by.number}"
        hint = "change the credit balance with `adjust_credit_balance`"
        planning.problem("undone-already", message, "adjustment", hint=hint)
    elif done.type == "increase":
        check_usable(planning, account, done.currency, planning.date, done.amount, "adjustment")

    opposite = "decrease" if done.type == "increase" else "increase"
    money, more = Money(done.amount, done.currency), {"type": opposite}
    resolved = resolve(planning, account, amount=money, reason=reason, more=more)
    adjust(
        planning,
        account,
        done.amount,
        resolved,
        type=opposite,
        reason=reason,
        currency=done.currency,
        document=done.number,
    )


def _refuse(planning: Planning, done: CreditAdjustment, name: str) -> NoReturn:
    """Say what made the adjustment, and what undoes that."""
    named = planning.book.numbered[name]
    if isinstance(named, CreditAdjustment):
        what, hint = f"undoes {name}", "change the credit balance with `adjust_credit_balance`"
    elif isinstance(named, Refund):
        what, hint = f"pays the refund {name}", "record what comes back with `create_payment`"
    elif done.type == "decrease":
        what = f"was used on {name}"
        hint = f"credit {name} by a memo, or raise the credit balance with `adjust_credit_balance`"
    else:
        assert isinstance(named, Invoice)
        what = f"is the balance of {name}, which was transferred"
        hint = "use it with `apply_credit_balance`, or pay it back with `refund_credit_balance`"
    message = f"{done.number} was not done by hand: it {what}"
    planning.refuse("adjustment-not-by-hand", message, "adjustment", hint=hint)


OPERATION = Operation(
    "undo_credit_adjustment",
    UndoCreditAdjustment,
    needs=lambda request: Needs(numbers=frozenset({request.adjustment}), open_of_owner=frozenset({request.adjustment})),
    plan=_plan,
)
