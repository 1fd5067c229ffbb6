"""`create_payment`: money received, put on documents or kept unapplied. Seeds 1 (use case 7) and 5; domain 1.2 row 12, 2."""

from __future__ import annotations

from typing import Literal

from billpolicy.book.book import ZERO
from billpolicy.book.model import Payment
from billpolicy.book.needs import Needs
from billpolicy.operations.amounts import positive
from billpolicy.operations.operation import Operation
from billpolicy.operations.planning import Planning, levels_of
from billpolicy.operations.request import DocumentAmount, Request
from billpolicy.operations.settling import check_limits, named_targets, open_targets, put, rules_of
from billpolicy.operations.vocabulary import VOCABULARY
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Boolean, Currency, Text

_SPEC = VOCABULARY["create_payment"]


@record
class CreatePayment(Request):
    """A payment of an account. `apply` names documents, each with an amount or not; the rest stays unapplied."""

    account: Text
    amount: Amount
    currency: Currency | None = None
    """By default the account's; any other is refused (domain section 9.5)."""
    type: Literal["external", "electronic"] = "external"
    apply: tuple[DocumentAmount, ...] = ()
    apply_to_open: Boolean = False
    """Instead of `apply`: spread it over all open documents of the account, in the policy's document order."""


def _plan(planning: Planning, request: CreatePayment) -> None:
    account = planning.account(request.account, "account")
    planning.check_document_date(planning.date, None, "", "date")
    if request.currency is not None and request.currency != account.currency:
        message = f"the payment is in {request.currency}, but account `{account.id}` is in {account.currency}"
        hint = f"a payment is in the currency of its account: write `currency: {account.currency}`"
        planning.problem("currency-mismatch", message, "currency", hint=hint)
    amount = positive(planning, request.amount, account.currency, "amount")
<<<<<<< HEAD
    targets = named_targets(planning, account, request.apply)
    total = sum((target.amount or ZERO for target in targets), ZERO)
=======
    named = Counter(wanted.document for wanted in request.apply)
    for number in sorted(number for number, times in named.items() if times > 1):
        planning.problem("document-repeated", f"{number} is named more than once", "apply", hint="add the amounts up")
    targets = [_target(planning, account, wanted, index) for index, wanted in enumerate(request.apply)]
    total = sum((wanted.amount for wanted in request.apply), ZERO)
>>>>>>> main
    if total > amount > 0:
        message = f"{total} is put on documents, but the payment is {amount}"
        planning.problem("over-applied", message, "apply", hint="lower the amounts, or raise the payment")
    if request.apply and request.apply_to_open:
        message = "`apply` names documents and `apply_to_open` takes all of them"
        planning.problem("apply-both", message, "apply_to_open", hint="keep one of the two")
    planning.stop_if_refused()

    resolved = planning.resolve(
        _SPEC,
        objects={"account": [account]},
        amount=amount,
        currency=account.currency,
        levels=levels_of(account),
    )
    payment = planning.issue(
        Payment(
            number="",
            account=account.id,
            date=planning.date,
            currency=account.currency,
            amount=amount,
            type=request.type,
            comment=request.comment,
        ),
        resolved,
    )
<<<<<<< HEAD
    if request.apply_to_open:
        targets = open_targets(planning, account, planning.date)
    if targets:
        put(planning, payment, targets, amount, rules_of(resolved, planning, account.currency), planning.date)
    check_limits(planning, len(request.apply), resolved)
=======
    payment = planning.issue(draft, resolved)
    rule = resolved.text("allocation")
    for index, (target, wanted) in enumerate(zip(targets, request.apply, strict=True)):
        if target is not None:
            put = parts_of_amount(planning, target, wanted.amount, wanted.items, rule, "apply", index)
            planning.stop_if_refused()
            parts = tuple(Part(item=place.item, tax=place.tax, amount=part) for place, part in put.items())
            planning.apply(payment, target, max(planning.date, target.date), parts)


def _target(planning: Planning, account: Account, wanted: DocumentAmount, index: int) -> Invoice | DebitMemo | None:
    path = ("apply", index)
    target = planning.posted_either(Invoice, DebitMemo, wanted.document, *path, "document")
    if target.account != account.id:
        message = f"{target.number} belongs to account `{target.account}`, not to `{account.id}`"
        hint = "make a payment of that account, or name another document"
        planning.problem("account-mismatch", message, *path, "document", hint=hint)
    if target.currency != account.currency:
        message = f"{target.number} is in {target.currency} and the payment in {account.currency}"
        hint = "money is never applied across currencies"
        planning.problem("currency-mismatch", message, *path, "document", hint=hint)
        return None
    amount = positive(planning, wanted.amount, target.currency, *path, "amount")
    balance = planning.book.balance(target)
    if amount > balance:
        message = f"{amount} is more than the {balance} that is open on {target.number}"
        planning.problem("over-applied", message, *path, "amount", hint=f"apply at most {balance} {target.currency}")
    return target


def _check_document_limit(planning: Planning, request: CreatePayment, resolved: Resolved) -> None:
    limit = resolved.integer("document_limit")
    if len(request.apply) > limit:
        message = f"{len(request.apply)} documents are named; the policy allows {limit}"
        planning.problem("document-limit", message, "apply", hint="make several payments, or raise `document_limit`")
>>>>>>> main


OPERATION = Operation(
    spec=_SPEC,
    request=CreatePayment,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}),
        numbers=frozenset(wanted.document for wanted in request.apply),
        open_of=frozenset({request.account} if request.apply_to_open else ()),
    ),
    plan=_plan,
)
