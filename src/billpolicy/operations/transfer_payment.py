"""`transfer_payment`: what is unapplied of a payment goes to another account, as a payment of that account.

A posted payment cannot change its account. The money is applied from the old payment to a new one, so that both
accounts show where it went and nothing appears or disappears. It stays in its currency, whatever that of the account.
"""

from __future__ import annotations

from billpolicy.book.model import TRANSFERRED, Part, Payment
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.amounts import positive
from billpolicy.operations.shared.currencies import by_default, check_allowed
from billpolicy.operations.shared.what_is_open import refuse_expired
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Text


@record
class TransferPayment(Request):
    """Without `amount`, all that is unapplied."""

    payment: Text
    to_account: Text
    amount: Amount | None = None


def _plan(planning: Planning, request: TransferPayment) -> None:
    payment = planning.posted(Payment, request.payment, "payment")
    account = planning.account(request.to_account, "to_account")
    planning.check_date(payment)
    refuse_expired(planning, payment, "transferred", "payment")
    unapplied = planning.book.balance(payment)
    amount = unapplied if request.amount is None else positive(planning, request.amount, payment.currency, "amount")
    if account.id == payment.account:
        message = f"{payment.number} is of account `{account.id}` already"
        planning.problem("account-same", message, "to_account", hint="name another account")
    if unapplied <= 0 or amount > unapplied:
        message = f"{unapplied} of {payment.number} is unapplied; only that can be transferred"
        planning.problem("over-applied", message, "amount", hint="unapply some of it first, or transfer less")

    resolved = resolve(planning, account, payment, amount=Money(amount, payment.currency))
    check_allowed(planning, account, payment.currency, resolved, "to_account")
    if payment.currency != account.currency:
        planning.note(f"{payment.number} stays in {payment.currency}; {by_default(account)}")
    draft = Payment(
        number="",
        account=account.id,
        date=planning.date,
        currency=payment.currency,
        amount=amount,
        type=payment.type,
        reference=payment.reference,
        source=payment.number,
        priority=payment.priority,
        expires_on=payment.expires_on,
        comment=request.comment,
    )
    received = issue(planning, draft, resolved)
    planning.apply(payment, received, planning.date, (Part(item=TRANSFERRED, amount=amount),))


OPERATION = Operation(
    "transfer_payment",
    TransferPayment,
    needs=lambda request: Needs(accounts=frozenset({request.to_account}), numbers=frozenset({request.payment})),
    plan=_plan,
)
