"""`undo_write_off`: what was written off is asked for again, by a debit memo. The write-off stays on record.

Domain section 3. The debit memo mirrors the credit memo of the write-off item by item; it is open, so that it can be
paid. A write-off is undone once.
"""

from __future__ import annotations

from billpolicy.billing.undo import charged_again
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice, Item
from billpolicy.book.needs import Needs
from billpolicy.deciding.levels import levels_of
from billpolicy.operations.shared.memo import check_item_limit, checked_reason, due_date, mirror, whole_amounts
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
    again = _billed_again(planning, invoice, memo)
    if again is not None:
        message = f"{again.number} has billed the time of {invoice.number} again, so it would be asked for twice"
        planning.problem("billed-since", message, "credit_memo", hint=f"reverse or credit {again.number} first")
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
        known, rule = resolved.text("write_off_reason"), resolved.resolutions["write_off_reason"].rule
        message = f"{memo.number} has the reason `{memo.reason}`; a write-off has `{known}` (rule `{rule}`)"
        hint = "name the credit memo of a write-off"
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
    # What the write-off let be billed again is asked for by the debit memo.
    for subscription in subscriptions:
        for charge, day in charged_again(memo, subscription):
            planning.charge_through(subscription.id, charge, day)


def _billed_again(planning: Planning, invoice: Invoice, memo: CreditMemo) -> Invoice | None:
    """An invoice made after a write-off for time that the write-off had let be billed again."""
    book = planning.book
    numbers = {number for name in memo.subscriptions for number in book.numbers_on.get(name, ())}
    for number in sorted(numbers):
        other = book.numbered[number]
        if not isinstance(other, Invoice) or other.status != "posted" or other.reversed_ or other is invoice:
            continue
        if any(_same_time(one, item) for one in other.items for item in memo.items if one.amount > 0):
            return other
    return None


def _same_time(one: Item, other: Item) -> bool:
    """Whether two items are of the same charge and share a day."""
    same = (one.subscription, one.subscribed_charge) == (other.subscription, other.subscribed_charge)
    if not same or one.subscribed_charge is None or one.service_start is None or other.service_start is None:
        return False
    return one.service_start <= (other.service_end or other.service_start) and other.service_start <= (
        one.service_end or one.service_start
    )


OPERATION = Operation(
    spec=_SPEC,
    request=UndoWriteOff,
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo})),  # with every later invoice of its time
    plan=_plan,
)
