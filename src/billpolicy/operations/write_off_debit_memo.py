"""`write_off_debit_memo`: as an invoice is written off, by a credit memo that is applied at once. docs/domain.md 3.5.

Also what an undone write-off asks for again. No time is opened: a debit memo is no bill of a period.
"""

from __future__ import annotations

from billpolicy.book.model import DebitMemo
from billpolicy.book.needs import Needs
from billpolicy.operations.shared.writing_off import WriteOff, write_off
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
    write_off(planning, request, memo, planning.book.open_places(memo))


OPERATION = Operation(
    "write_off_debit_memo",
    WriteOffDebitMemo,
    needs=lambda request: Needs(numbers=frozenset({request.debit_memo})),
    plan=_plan,
)
