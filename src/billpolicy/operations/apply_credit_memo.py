"""`apply_credit_memo`: what is unapplied of a credit memo, put on invoices and debit memos. docs/domain.md 2."""

from __future__ import annotations

from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.settling import Apply, needs_of_apply, plan_apply
from billpolicy.operations.shared.what_is_open import latest_in_words
from billpolicy.operations.shared.writing_off import refuse_write_off
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class ApplyCreditMemo(Apply):
    """Apply what is unapplied of a credit memo."""

    credit_memo: Text
    subscription: Text | None = None
    """Instead of `apply`: only what this subscription still owes."""


def _plan(planning: Planning, request: ApplyCreditMemo) -> None:
    memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    refuse_write_off(planning, memo, "applied to anything else", "credit_memo")
    if request.subscription is None:
        plan_apply(planning, request, memo)
        return
    planning.subscription(request.subscription, "subscription")
    if request.apply:
        message = "`apply` names documents and `subscription` takes all that it owes"
        planning.problem("apply-both", message, "subscription", hint="keep one of the two")
    plan_apply(planning, request, memo, request.subscription)
    for made in planning.applications:
        invoice = planning.book.numbered[made.to]
        assert isinstance(invoice, Invoice)
        planning.note(latest_in_words(made.date, memo.date, invoice, planning.today))


def _needs(request: ApplyCreditMemo) -> Needs:
    subscriptions = frozenset({request.subscription} if request.subscription else ())
    return needs_of_apply(request, request.credit_memo) | Needs(subscriptions=subscriptions)


OPERATION = Operation("apply_credit_memo", ApplyCreditMemo, needs=_needs, plan=_plan)
