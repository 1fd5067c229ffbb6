"""`cancel_subscription`: end a subscription, bill it a last time, and use what is credited on what it owes.

docs/domain.md 5.1 and 5.2. In order: the subscription is canceled; the final bill credits the time that was
invoiced and will not be used, in a credit memo dated with the document date; that memo is applied to the open invoices
of this subscription at the latest of its date, the invoice's and today. What is left is written off by the follow-ups
of the policy, where they say so.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from billpolicy.book.changes import SubscriptionCanceled
from billpolicy.book.model import CreditMemo, Subscription
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.operations.apply_credit_memo import ApplyCreditMemo
from billpolicy.operations.bill_run import BillRun
from billpolicy.operations.billing.billed_usage import warn_of_usage
from billpolicy.operations.shared.cancellation import canceled_already, note_what_is_next
from billpolicy.operations.shared.memos import checked_reason
from billpolicy.operations.shared.steps import own_step
from billpolicy.operations.shared.what_is_open import is_shared, owing_invoices, owing_to
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation, Step
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Boolean, Date, Text


@record
class CancelSubscription(Request):
    """Cancel `at` the end of the term, at the end of what was invoiced, or on a `date`: the first day without service.

    `date` is the document date of all that is made; without it the target date of the final bill, or the day of
    planning (docs/domain.md 5.1).
    """

    subscription: Text
    at: Literal["end_of_term", "end_of_invoiced_period", "date"] = "date"
    effective_date: Date | None = None
    """For `at: date`: the cancellation effective date."""
    reason: Text | None = None
    write_off: Boolean = False
    """Whether follow-ups of the policy shall write off what is left unpaid."""
    final_bill: Boolean | None = None
    """Bill at once what is due until the end, or leave it to a later bill run; without it the policy decides."""
    target_date: Date | None = None
    """Bill what is due on this day; without it, on the document date."""

    def document_date(self, today: datetime.date) -> datetime.date:
        """The document date: `date`, else the target date."""
        return self.date or self.target_date or today

    def told(self) -> dict[str, str | bool]:
        """Its reason, and whether to write off."""
        reason: dict[str, str | bool] = {} if self.reason is None else {"reason": self.reason}
        return reason | {"write_off": self.write_off}


def _plan(planning: Planning, request: CancelSubscription) -> Iterator[Step]:
    subscription = planning.subscription(request.subscription, "subscription")
    planning.check_date()
    reason = checked_reason(planning, request.reason, "cancellation")
    if subscription.canceled_on is not None:
        message = f"subscription `{subscription.id}` is canceled already, on {subscription.canceled_on}"
        hint = canceled_already(planning, subscription.canceled_on)
        planning.problem("canceled-already", message, "subscription", hint=hint)
    end = end_of_service(planning, subscription, request)
    return end_service(planning, subscription, request, end, reason)


def end_service(
    planning: Planning,
    subscription: Subscription,
    request: CancelSubscription,
    end: datetime.date,
    reason: str | None,
) -> Iterator[Step]:
    """Let the service of a subscription end before a day, whether it ended before or not; the steps that this takes."""
    if request.write_off and not _writes_off(planning):
        message = "`write_off` asks for a follow-up, but the policy has none that writes off after a cancellation"
        hint = "add `after: subscription_canceled`, `then: write_off_invoice`, or extend the standard policy"
        planning.problem("write-off-unknown", message, "write_off", hint=hint)

    account = planning.account(subscription.account, "subscription")
    resolved = resolve(planning, account, subscriptions=[subscription], reason=reason)
    planning.decide(resolved)
    if resolved.text("shared_invoices") == "refuse":
        _refuse_shared(planning, subscription, resolved)
    planning.change(SubscriptionCanceled(subscription.id, end, subscription.canceled_on))
    warn_of_usage(planning, subscription.id)
    return _steps(planning, subscription, request, resolved)


def end_of_service(planning: Planning, subscription: Subscription, request: CancelSubscription) -> datetime.date:
    """The first day without service (docs/domain.md 5.1). What is wrong is noted on the planning."""
    if request.at != "date" and request.effective_date is not None:
        message = f"`effective_date` says another day than `at: {request.at}`"
        planning.problem("date-unwanted", message, "effective_date", hint="remove one of the two")
    if request.at == "end_of_term":
        if subscription.term_end is None:
            message = f"subscription `{subscription.id}` has no term that ends"
            planning.refuse("term-missing", message, "at", hint="write `at: date` and an `effective_date`")
        return subscription.term_end
    if request.at == "end_of_invoiced_period":
        through = [charge.charged_through for charge in subscription.charges if charge.charged_through is not None]
        if not through:
            message = f"nothing of subscription `{subscription.id}` has been invoiced yet"
            planning.refuse("not-invoiced", message, "at", hint="write `at: date` and an `effective_date`")
        _check_within_the_term(planning, subscription, max(through), "at")
        return max(through)
    if request.effective_date is None:
        hint = "add `effective_date`, the first day without service"
        planning.refuse("date-missing", "`at: date` needs the day", "at", hint=hint)
    _check_within_the_term(planning, subscription, request.effective_date, "effective_date")
    return request.effective_date


def _check_within_the_term(planning: Planning, subscription: Subscription, day: datetime.date, field: str) -> None:
    if subscription.start is not None and day < subscription.start:
        message = f"{day} is before the subscription begins ({subscription.start})"
        planning.problem("date-outside-term", message, field, hint=f"{subscription.start} is the first day possible")
    if subscription.term_end is not None and day > subscription.term_end:
        message = f"{day} is after the term ends ({subscription.term_end})"
        planning.problem("date-outside-term", message, field, hint=f"{subscription.term_end} is the last day possible")


def _writes_off(planning: Planning) -> bool:
    return any(
        (follow_up.after, follow_up.operation) == ("subscription_canceled", "write_off_invoice")
        for follow_up in planning.policy.follow_ups
    )


def _refuse_shared(planning: Planning, subscription: Subscription, resolved: Resolved) -> None:
    rule = resolved.resolutions["shared_invoices"].rule
    for invoice in owing_invoices(planning.book, subscription.id):
        if is_shared(invoice, subscription.id):
            others = [name for name in invoice.subscriptions if name != subscription.id]
            what = ", ".join(others) or "what is of no subscription"
            message = f"{invoice.number} also bills {what}, and rule `{rule}` refuses shared invoices"
            hint = f"settle {invoice.number} first, or let the policy say `shared_invoices: own_items`"
            planning.problem("invoice-shared", message, "subscription", hint=hint)
    planning.stop_if_refused()


def _steps(
    planning: Planning, subscription: Subscription, request: CancelSubscription, resolved: Resolved
) -> Iterator[Step]:
    """The final bill, then each credit memo of it used on what the subscription still owes."""
    wanted = resolved.text("final_bill") == "bill" if request.final_bill is None else request.final_bill
    before, end = subscription.canceled_on, planning.book.subscriptions[subscription.id].canceled_on
    if not wanted and before and end and end > before:
        note_what_is_next(planning, subscription.id)
    if wanted:
        bill = BillRun(
            id=f"{request.id}/{request.operation}.final_bill",
            operation="bill_run",
            date=planning.date,
            subscriptions=(subscription.id,),
            target_date=request.target_date or planning.date,
            # What it credits is used at once, and what is left is written off: on a draft it would be given twice.
            bill_as="posted",
        )
        nothing = "there is no final bill: nothing more is due, and nothing is to be credited"
        canceled = f"subscription {subscription.id} was canceled"
        yield own_step(planning, bill, canceled, "final_bill", resolved, {"nothing-due": nothing})
    if resolved.text("final_credit") != "apply":
        return
    billed = [planned.document.number for step in planning.follow_ups for planned in step.plan.documents]
    for number in billed:
        memo = planning.book.numbered[number]
        if not isinstance(memo, CreditMemo) or memo.status != "posted" or planning.book.balance(memo) <= 0:
            continue
        if owing_to(planning.book, subscription.id, memo):
            apply = ApplyCreditMemo(
                id=f"{request.id}/{request.operation}.final_credit/{number}",
                operation="apply_credit_memo",
                date=max(memo.date, planning.today),
                credit_memo=number,
                subscription=subscription.id,
            )
            yield own_step(planning, apply, f"{number} was posted", "final_credit", resolved)


def needs_of_ending(request: CancelSubscription) -> Needs:
    """The subscription, what its account has open, the usage that a final bill bills, and the time that it credits."""
    return Needs(
        subscriptions=frozenset({request.subscription}),
        open_of_subscriber=frozenset({request.subscription}),
        unbilled_usage=True,
        billed_time=True,
    )


OPERATION = Operation("cancel_subscription", CancelSubscription, needs=needs_of_ending, plan=_plan)
