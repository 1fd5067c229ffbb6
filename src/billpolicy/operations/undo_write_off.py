"""`undo_write_off`: what was written off is asked for again, by a debit memo. The write-off stays on record.

docs/domain.md 3. The debit memo mirrors the credit memo of the write-off item by item; it is open, so that it can be
paid. A write-off is undone once.
"""

from __future__ import annotations

from billpolicy.billing.undo import charged_again
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.shared.billed_time import billed_again
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    whole_amounts,
)
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class UndoWriteOff(Request):
    """Undo the write-off that made a credit memo."""

    credit_memo: Text
    reason: Text | None = None


def _plan(planning: Planning, request: UndoWriteOff) -> None:
    memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    planning.check_date(memo)
    reason = checked_reason(planning, request.reason, "debit_memo")
    invoice = planning.book.numbered.get(memo.source or "")
    on_invoice = planning.book.links_from(memo.number).get(memo.source or "", ())
    if not isinstance(invoice, Invoice) or sum(part.amount for part in on_invoice) != memo.amount:
        message = f"{memo.number} is not applied in full to an invoice that it was made from, so it is no write-off"
        planning.refuse("not-a-write-off", message, "credit_memo", hint="name the credit memo of a write-off")
    for made in planning.book.created_from.get(memo.number, ()):
        if made.kind == "debit_memo" and made.status == "posted":
            message = f"the write-off {memo.number} was undone already, by {made.number}"
            planning.problem("undone-already", message, "credit_memo", hint=f"see {made.number}")
    again = billed_again(planning.book, invoice, memo)
    if again is not None:
        message = f"{again.number} has billed the time of {invoice.number} again, so it would be asked for twice"
        planning.problem("billed-since", message, "credit_memo", hint=f"reverse {again.number} first")

    account = planning.account(memo.account, "credit_memo")
    subscriptions = planning.subscriptions_of(memo.items)
    amount = Money(memo.amount, memo.currency)
    resolved = resolve(planning, account, memo, invoice, subscriptions=subscriptions, amount=amount, reason=reason)
    if memo.reason != resolved.text("write_off_reason"):
        known, rule = resolved.text("write_off_reason"), resolved.resolutions["write_off_reason"].rule
        message = f"{memo.number} has the reason `{memo.reason}`; a write-off has `{known}` (rule `{rule}`)"
        hint = "name the credit memo of a write-off"
        planning.problem("not-a-write-off", message, "credit_memo", hint=hint)
    check_item_limit(planning, memo.items, resolved, memo.number)
    issue_memo(planning, DebitMemo, memo, mirror(memo, whole_amounts(memo)), resolved, reason=reason)
    planning.touch(memo.number)
    # What the write-off let be billed again is asked for by the debit memo.
    for subscription in subscriptions:
        for charge, day in charged_again(memo, subscription):
            planning.charge_through(subscription.id, charge, day)


OPERATION = Operation(
    "undo_write_off",
    UndoWriteOff,
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo})),  # with every later invoice of its time
    plan=_plan,
)
