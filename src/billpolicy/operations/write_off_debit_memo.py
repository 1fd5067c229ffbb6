"""`write_off_debit_memo`: as an invoice is written off, by a credit memo that is applied at once. docs/domain.md 3.5.

Also what an undone write-off asks for again. No time is opened: a debit memo is no bill of a period.
"""

from __future__ import annotations

from billpolicy.book.book import ZERO
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.over_credit import left_to_give
from billpolicy.operations.shared.writing_off import WriteOff, check_unused_credit, first_of, write_off
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Text


@record
class WriteOffDebitMemo(WriteOff):
    """Write off what is open of a debit memo, or an `amount` of it."""

    debit_memo: Text


def _plan(planning: Planning, request: WriteOffDebitMemo) -> None:
    memo = planning.posted(DebitMemo, request.debit_memo, "debit_memo")
    planning.check_date(memo)
    book = planning.book
    open_places, source = book.open_places(memo), book.numbered.get(memo.source or "")
    first = first_of(book, memo) if isinstance(source, CreditMemo) and source.write_off else None
    left = left_to_give(planning, first) if isinstance(first, Invoice) else None
    _, resolved = write_off(planning, request, memo, open_places)
    if left is not None:
        # What it asks for again is left of the invoice, as far as no credit has given it back since.
        written_off = sum(open_places.values(), ZERO) if request.amount is None else request.amount
        check_unused_credit(planning, left.invoice, left, written_off, "", resolved, "debit_memo")


OPERATION = Operation(
    "write_off_debit_memo",
    WriteOffDebitMemo,
    needs=lambda request: Needs(numbers=frozenset({request.debit_memo}), billed_time=True),
    plan=_plan,
)
