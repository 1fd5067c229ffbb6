"""`create_payment`: money received, put on documents or kept unapplied. docs/domain.md 1.2 row 12, 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from billpolicy.book.model import Payment
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.currencies import check_allowed, currency_of
from billpolicy.operations.shared.reached import reached
from billpolicy.operations.shared.references import references_of, repeated
from billpolicy.operations.shared.settling import (
    check_limits,
    named_in_all,
    named_targets,
    nothing_open,
    put,
    tell_due_dates,
)
from billpolicy.operations.shared.targets import Named, open_targets
from billpolicy.operations.shared.what_is_open import check_expiry
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import DocumentAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Boolean, Currency, Date, Integer, Reference, Text


@record
class CreatePayment(Request):
    """A payment of an account. `apply` names documents, each with an amount or not; the rest stays unapplied."""

    account: Text
    amount: Amount
    currency: Currency | None = None
    """By default that of the documents that are named, else the account's (docs/domain.md 9.5)."""
    type: Literal["external", "electronic"] = "external"
    reference: Reference | None = None
    """What others know it by, such as the bank."""
    priority: Integer | None = None
    """For the source order `by_priority`: 1 comes first."""
    expires_on: Date | None = None
    """The first day on which it is not used any more."""
    apply: tuple[DocumentAmount, ...] = ()
    apply_to_open: Boolean = False
    """Instead of `apply`: spread it over all open documents of the account, in the policy's document order."""


def _plan(planning: Planning, request: CreatePayment) -> None:
    account = planning.account(request.account, "account")
    planning.check_date()
    check_expiry(planning, request.expires_on)
    named = [wanted.document for wanted in request.apply]
    currency = currency_of(planning, account, request.currency, named, "the payment")
    amount = positive(planning, request.amount, currency, "amount")
    targets: Sequence[Named] = named_targets(planning, account, currency, request.apply)
    total = named_in_all(targets)
    if total > amount > 0:
        message = f"{total} is put on documents, but the payment is {amount}"
        planning.problem("over-applied", message, "apply", hint="lower the amounts, or raise the payment")
    if request.apply and request.apply_to_open:
        message = "`apply` names documents and `apply_to_open` takes all of them"
        planning.problem("apply-both", message, "apply_to_open", hint="keep one of the two")

    money = Money(amount, currency)
    again = repeated(planning, account, Payment, request.type, money, request.reference)
    if request.apply_to_open:
        targets = open_targets(planning.book, account.id, currency, planning.date)
    facts = {**again.facts, "payment.type": request.type}
    paid = reached(planning, account, targets, money, facts)
    resolved = resolve(planning, account, behind=paid, amount=money, more=facts)
    check_allowed(planning, account, currency, resolved, "currency")
    again.check(planning, resolved)
    draft = Payment(
        number="",
        account=account.id,
        date=planning.date,
        currency=currency,
        amount=amount,
        type=request.type,
        reference=request.reference,
        priority=request.priority,
        expires_on=request.expires_on,
        comment=request.comment,
    )
    payment = issue(planning, draft, resolved)
    if request.apply_to_open and not targets:
        planning.note(f"all of it stays unapplied: {nothing_open(planning, account, currency)}")
    if targets:
        tell_due_dates(planning, targets, amount - total, resolved)
        put(planning, payment, targets, amount, resolved)
    check_limits(planning, len(request.apply), resolved)


OPERATION = Operation(
    "create_payment",
    CreatePayment,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        numbers=frozenset(wanted.document for wanted in request.apply),
        open_of=frozenset({request.account} if request.apply_to_open else ()),
        references=references_of(request.account, request.reference),
    ),
    plan=_plan,
)
