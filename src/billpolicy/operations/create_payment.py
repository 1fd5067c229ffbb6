"""`create_payment`: money received, put on the documents that are named. Seed 1, use case 7; domain 1.2 row 12 and 2.

What is put on nothing stays unapplied. Within a document the allocation rule of the policy spreads the amount over
the items, unless they are named.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from billpolicy.book.book import ZERO
from billpolicy.book.model import Account, DebitMemo, Invoice, Part, Payment
from billpolicy.book.needs import Needs
from billpolicy.operations.amounts import positive
from billpolicy.operations.document_amounts import parts_of_amount
from billpolicy.operations.operation import Operation
from billpolicy.operations.planning import Planning, levels_of
from billpolicy.operations.request import DocumentAmount, Request
from billpolicy.operations.vocabulary import VOCABULARY
from billpolicy.resolve import Resolved
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Text

_SPEC = VOCABULARY["create_payment"]


@record
class CreatePayment(Request):
    """A payment of an account. `apply` names invoices and debit memos, each with an amount."""

    account: Text
    amount: Amount
    currency: Currency | None = None
    """By default the account's; any other is refused (domain section 9.5)."""
    type: Literal["external", "electronic"] = "external"
    apply: tuple[DocumentAmount, ...] = ()


def _plan(planning: Planning, request: CreatePayment) -> None:
    account = planning.account(request.account, "account")
    planning.check_document_date(planning.date, None, "", "date")
    if request.currency is not None and request.currency != account.currency:
        message = f"the payment is in {request.currency}, but account `{account.id}` is in {account.currency}"
        hint = f"a payment is in the currency of its account: write `currency: {account.currency}`"
        planning.problem("currency-mismatch", message, "currency", hint=hint)
    amount = positive(planning, request.amount, account.currency, "amount")
    named = Counter(wanted.document for wanted in request.apply)
    for number in sorted(number for number, times in named.items() if times > 1):
        planning.problem("document-repeated", f"{number} is named more than once", "apply", hint="add the amounts up")
    targets = [_target(planning, account, wanted, index) for index, wanted in enumerate(request.apply)]
    total = sum((wanted.amount for wanted in request.apply), ZERO)
    if total > amount > 0:
        message = f"{total} is put on documents, but the payment is {amount}"
        planning.problem("over-applied", message, "apply", hint="lower the amounts, or raise the payment")
    planning.stop_if_refused()

    resolved = planning.resolve(
        _SPEC,
        objects={"account": [account]},
        amount=amount,
        currency=account.currency,
        levels=levels_of(account),
    )
    _check_document_limit(planning, request, resolved)
    planning.stop_if_refused()
    draft = Payment(
        number="",
        account=account.id,
        date=planning.date,
        currency=account.currency,
        amount=amount,
        type=request.type,
        comment=request.comment,
    )
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


OPERATION = Operation(
    spec=_SPEC,
    request=CreatePayment,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}), numbers=frozenset(wanted.document for wanted in request.apply)
    ),
    plan=_plan,
)
