"""`undo_write_off`: what was written off is asked for again, by a debit memo. The write-off stays on record.

Domain section 3. The debit memo mirrors the credit memo of the write-off item by item; it is open, so that it can be
paid. A write-off is undone once.
"""

from __future__ import annotations

from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.planning.levels import levels_of
from billpolicy.planning.memo import check_item_limit, checked_reason, due_date, mirror, whole_amounts
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text
from billpolicy.vocabulary.operations import VOCABULARY

_SPEC = VOCABULARY["undo_write_off"]


@record
class UndoWriteOff(Request):
    """Undo the write-off that made a credit memo."""

    credit_memo: Text
    reason: Text | None = None


def _plan(planning: Planning, request: UndoWriteOff) -> None:
    memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    planning.check_document_date(planning.date, memo.date, memo.number, "date")
    reason = checked_reason(planning, request.reason, "debit_memo")
    invoice = planning.book.numbered.get(memo.source or "")
    on_invoice = planning.book.links_from(memo.number).get(memo.source or "", ())
    if not isinstance(invoice, Invoice) or sum(part.amount for part in on_invoice) != memo.amount:
        message = f"{memo.number} is not applied in full to an invoice that it was made from, so it is no write-off"
        planning.refuse("not-a-write-off", message, "credit_memo", hint="name the credit memo of a write-off")
    for made in planning.book.created_from.get(memo.number, ()):
        if isinstance(made, DebitMemo) and made.status == "posted":
            message = f"the write-off {memo.number} was undone already, by {made.number}"
            planning.problem("undone-already", message, "credit_memo", hint=f"see {made.number}")
    planning.stop_if_refused()

    account = planning.account(memo.account, "credit_memo")
    subscriptions = planning.subscriptions_of(memo.items)
    resolved = planning.resolve(
        _SPEC,
        objects={
            "account": [account],
            "subscription": subscriptions,
            "credit_memo": [memo],
            "invoice": [invoice],
        },
        amount=memo.amount,
        currency=memo.currency,
        reason=reason,
        levels={**levels_of(account, invoice), **levels_of(account, memo, subscriptions)},
    )
    if memo.reason != resolved.text("write_off_reason"):
        rule = resolved.resolutions["write_off_reason"].rule
        message = (
            f"the reason of {memo.number} is `{memo.reason}`; the policy knows write-offs by another (rule `{rule}`)"
        )
        hint = f"name a memo with the reason `{resolved.text('write_off_reason')}`"
        planning.problem("not-a-write-off", message, "credit_memo", hint=hint)
    check_item_limit(planning, memo, resolved)
    planning.stop_if_refused()
    debit_memo = DebitMemo(
        number="",
        account=memo.account,
        date=planning.date,
        due_date=due_date(planning, resolved),
        currency=memo.currency,
        items=mirror(memo, whole_amounts(memo), keep_zero=False),
        reason=reason or resolved.text("reason_code"),
        source=memo.number,
        comment=request.comment,
    )
    planning.issue(debit_memo, resolved)
    planning.touch(memo.number)


OPERATION = Operation(
    spec=_SPEC,
    request=UndoWriteOff,
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo})),
    plan=_plan,
)
