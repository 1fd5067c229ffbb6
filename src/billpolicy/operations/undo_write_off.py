"""`undo_write_off`: what was written off is asked for again, by a debit memo. The write-off stays on record.

docs/domain.md 3.2. The debit memo mirrors the credit memo of the write-off item by item; it is open, so that it can be
paid, or written off itself. A write-off can be undone in parts, together up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from billpolicy.billing.undo import charged_again, due_again
from billpolicy.book.book import ZERO, Place, at_most, mirrored
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice, Numbered, Subscription
from billpolicy.book.needs import Needs
from billpolicy.money import Money
from billpolicy.operations.billing.rebilled import restore
from billpolicy.operations.corrections.locks import refuse_locked
from billpolicy.operations.shared.billed_time import billed_again, without_what_was_given_back
from billpolicy.operations.shared.memos import (
    check_item_limit,
    checked_reason,
    issue_memo,
    mirror,
    whole_amounts,
)
from billpolicy.operations.shared.what_is_open import in_force
from billpolicy.operations.shared.writing_off import amount_of, first_of, part_of
from billpolicy.periods.taken_back import taken_back_by, unwound
from billpolicy.planning.deciding import resolve
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Text


@record
class UndoWriteOff(Request):
    """Undo the write-off that made a credit memo; without `amount`, all that is left of it."""

    credit_memo: Text
    amount: Amount | None = None
    reason: Text | None = None


def _plan(planning: Planning, request: UndoWriteOff) -> None:
    memo = planning.posted(CreditMemo, request.credit_memo, "credit_memo")
    planning.check_date(memo)
    reason = checked_reason(planning, request.reason, "debit_memo")
    if not memo.write_off:
        message = f"{memo.number} is not the memo of a write-off"
        planning.refuse("not-a-write-off", message, "credit_memo", hint=_what_else(planning, memo))
    refuse_locked(planning, memo, "asked for again", "credit_memo")
    places = _left(planning, memo)
    left = sum(places.values(), ZERO)
    amount = amount_of(planning, request.amount, left, memo, f"is left of the write-off {memo.number}", "ask for")
    first = first_of(planning.book, memo)
    in_days_left = without_what_was_given_back(planning.book, first, memo)
    _refuse_time_billed_since(planning, first, in_days_left)

    account = planning.account(memo.account, "credit_memo")
    subscriptions = planning.subscriptions_of(memo.items)
    written_off = planning.book.numbered[memo.source or ""]
    assert isinstance(written_off, Invoice | DebitMemo)  # the identities of a book: it is applied to that
    taken = taken_back_by(planning.book, memo)
    apart = unwound(planning.book, written_off) - {one.item for one in taken if one.status == "credited"}
    moved = replace(in_days_left, items=tuple(one for one in in_days_left.items if one.source_item not in apart))
    _refuse_time_due_again(planning, first, moved, subscriptions)
    money = Money(amount, memo.currency)
    resolved = resolve(planning, account, memo, written_off, subscriptions=subscriptions, amount=money, reason=reason)
    check_item_limit(planning, memo.items, resolved, memo.number)
    items = mirror(memo, part_of(planning, resolved, memo, places, amount))
    issue_memo(planning, DebitMemo, memo, items, resolved, reason=reason)
    # What the write-off let be billed again is asked for by the debit memo; of a part, the rest stays written off.
    for subscription in subscriptions:
        for charge, day in charged_again(moved, subscription):
            planning.charge_through(subscription.id, charge, day)
    restore(planning, taken)


def _left(planning: Planning, memo: CreditMemo) -> dict[Place, Decimal]:
    """What of each place of a write-off has not been asked for again. Refuses where nothing is left."""
    undone_by = [
        made
        for made in planning.book.created_from.get(memo.number, ())
        if isinstance(made, DebitMemo) and in_force(made)
    ]
    total = memo.amount - sum((made.amount for made in undone_by), ZERO)
    if total <= 0:
        numbers = " and ".join(made.number for made in undone_by)
        message = f"the write-off {memo.number} was undone already, by {numbers}"
        planning.refuse("undone-already", message, "credit_memo", hint=f"see {numbers}")
    undone: dict[Place, Decimal] = {}
    for made in undone_by:
        for place, _, amount in mirrored(made):
            undone[place] = undone.get(place, ZERO) + amount
    # A debit memo that was imported may not say where on the write-off its money is from.
    places = {}
    for place, whole in whole_amounts(memo).items():
        left = whole - undone.get(place, ZERO)
        places[place] = max(left, ZERO) if whole > 0 else min(left, ZERO)
    return at_most(total, places)


def _refuse_time_billed_since(planning: Planning, first: Numbered, memo: CreditMemo) -> None:
    again = billed_again(planning.book, first, memo)
    if again is not None:
        message = f"{again.number} has billed the time of {first.number} again, so it would be asked for twice"
        undo = "cancel" if again.status == "draft" else "reverse"
        planning.problem("billed-since", message, "credit_memo", hint=f"{undo} {again.number} first")


def _refuse_time_due_again(
    planning: Planning, first: Numbered, moved: CreditMemo, subscriptions: Iterable[Subscription]
) -> None:
    """Where earlier time is due again, too, bill runs go on from there, and through the time that is asked for."""
    for subscription in subscriptions:
        for charge, start in due_again(moved, subscription):
            what = f"charge `{charge.id}` of subscription `{subscription.id}`"
            message = (
                f"{what} is charged through {charge.charged_through}, so a bill run will bill the time of "
                f"{first.number} from {start} on again, and it would be asked for twice"
            )
            hint = f"let a bill run bill the time before {start} first, or undo first the write-off of that"
            planning.problem("time-due-again", message, "credit_memo", hint=hint)


def _what_else(planning: Planning, memo: CreditMemo) -> str:
    """What to do instead: with a book from elsewhere that does not say which of its memos are write-offs, too."""
    on_source = planning.book.links_from(memo.number).get(memo.source or "", ())
    if sum((part.amount for part in on_source), ZERO) != memo.amount:
        return "name the credit memo of a write-off"
    return "if it is one, its book must say `write_off: true`; once it is imported, ask by `debit_memo_from_invoice`"


OPERATION = Operation(
    "undo_write_off",
    UndoWriteOff,
    # With every later invoice of its time.
    needs=lambda request: Needs(numbers=frozenset({request.credit_memo}), billed_time=True),
    plan=_plan,
)
