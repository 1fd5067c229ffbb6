"""`apply_payment` and `apply_credit_memo` are one thing with two kinds of source: money unapplied, put on documents."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.book.book import ZERO
from billpolicy.book.model import CreditMemo, Invoice, Payment
from billpolicy.book.needs import Needs
from billpolicy.deciding.levels import levels_of
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.owing import owing_invoices
from billpolicy.operations.shared.settling import (
    Named,
    check_limits,
    check_not_before,
    named_targets,
    open_targets,
    put,
    rules_of,
)
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import DocumentAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount
from billpolicy.vocabulary.spec import OperationSpec


@record
class Apply(Request):
    """Without `amount`, all that is unapplied. Without `apply`, all open documents of the account."""

    amount: Amount | None = None
    apply: tuple[DocumentAmount, ...] = ()


def plan_apply(
    planning: Planning,
    spec: OperationSpec,
    request: Apply,
    source: Payment | CreditMemo,
    subscription: str | None = None,
) -> None:
    """Put the source's money on documents. `date` is when it takes effect.

    With a subscription: on what that still owes, on each invoice not before its date.
    """
    account = planning.account(source.account)
    if subscription is not None:
        owing = owing_invoices(planning.book, subscription)
        mine = (one for one in owing if (one.account, one.currency) == (account.id, source.currency))
        targets = [_owed_by(planning, subscription, invoice) for invoice in mine]
    else:
        targets = named_targets(planning, account, source.currency, request.apply) or open_targets(
            planning, account, source.currency, planning.date
        )
    check_not_before(planning, source, targets)
    amount = _amount(planning, request, source, sum((target.amount or ZERO for target in targets), ZERO))
    planning.stop_if_refused()
    if not targets:
        message = f"account `{account.id}` has no open document to apply {source.number} to"
        hint = f"name one in `apply`: rules take only what is dated {planning.date} or before and has not opted out"
        planning.refuse("nothing-open", message, hint=hint)
    resolved = planning.resolve(
        spec,
        objects={"account": [account], source.kind: [source]},
        amount=amount,
        currency=source.currency,
        levels=levels_of(account),
    )
    planning.decide(resolved)
    put(planning, source, targets, amount, rules_of(resolved, planning, source.currency), planning.date)
    check_limits(planning, len(request.apply), resolved)


def _owed_by(planning: Planning, subscription: str, invoice: Invoice) -> Named:
    """What a subscription still owes on an invoice."""
    balance = sum(planning.book.open_places(invoice, subscription).values(), ZERO)
    return Named(invoice, balance, subscription=subscription)


def _amount(planning: Planning, request: Apply, source: Payment | CreditMemo, named: Decimal) -> Decimal:
    unapplied = planning.book.balance(source)
    if request.amount is None:
        all_named = bool(request.apply) and all(wanted.amount is not None for wanted in request.apply)
        amount = named if all_named else unapplied
    else:
        amount = positive(planning, request.amount, source.currency, "amount")
    if unapplied <= 0:
        planning.problem(
            "nothing-unapplied", f"nothing of {source.number} is unapplied", hint="unapply some of it first"
        )
    elif max(amount, named) > unapplied:
        message = f"{max(amount, named)} is more than the {unapplied} that is unapplied of {source.number}"
        planning.problem("over-applied", message, "amount", hint=f"apply at most {unapplied} {source.currency}")
    elif named > amount > 0:
        message = f"{named} is put on documents, but only {amount} of {source.number} is to be applied"
        planning.problem("over-applied", message, "amount", hint="lower the amounts in `apply`, or raise `amount`")
    return amount


def needs_of_apply(request: Apply, number: str) -> Needs:
    """The source, the documents that are named, or everything open of its account."""
    return Needs(
        numbers=frozenset({number, *(wanted.document for wanted in request.apply)}),
        open_of_owner=frozenset(() if request.apply else {number}),
    )
