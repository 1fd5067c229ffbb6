"""`create_`, `close_` and `reopen_accounting_period`: days in which documents may be dated, or not any more.

They are closed in order, and only the one that was closed last is reopened (docs/domain.md 9.4).
"""

from __future__ import annotations

from billpolicy.book.model import AccountingPeriod
from billpolicy.book.needs import Needs
from billpolicy.operations.master.shared import check_as_in_a_book, create, give, permit
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date


@record
class CreateAccountingPeriod(Request):
    """Days `[from, until)`."""

    from_: Date
    until: Date


@record
class ChangeAccountingPeriod(Request):
    """The accounting period that begins on this day."""

    from_: Date


def _create(planning: Planning, request: CreateAccountingPeriod) -> None:
    period = AccountingPeriod(from_=request.from_, until=request.until, created_by=request.id)
    others = [one for one in planning.book.periods if one.from_ != period.from_]
    check_as_in_a_book(planning, "accounting_periods", period, accounting_periods=others)
    permit(planning, None)
    create(planning, period, "from")


def _close(planning: Planning, request: ChangeAccountingPeriod) -> None:
    period = _period(planning, request)
    earlier = next((one for one in planning.book.periods if one.from_ < period.from_ and one.status == "open"), None)
    if earlier is not None:
        message = f"the period from {earlier.from_} until {earlier.until} is still open, and comes first"
        planning.problem("period-order", message, "from", hint=f"close the one from {earlier.from_} before")
    permit(planning, None)
    give(planning, period, {"status": "closed"}, planning.date)


def _reopen(planning: Planning, request: ChangeAccountingPeriod) -> None:
    period = _period(planning, request)
    later = next((one for one in planning.book.periods if one.from_ > period.from_ and one.status == "closed"), None)
    if later is not None:
        message = f"the period from {later.from_} until {later.until} is closed, and was closed after this one"
        planning.problem("period-order", message, "from", hint=f"reopen the one from {later.from_} before")
    permit(planning, None)
    give(planning, period, {"status": "open"}, planning.date)


def _period(planning: Planning, request: ChangeAccountingPeriod) -> AccountingPeriod:
    found = {period.from_: period for period in planning.book.periods}
    if request.from_ not in found:
        days = ", ".join(str(day) for day in list(found)[-3:])
        hint = f"the last ones begin on {days}" if found else "there is none: create one first"
        message = f"there is no accounting period that begins on {request.from_}"
        planning.refuse("period-unknown", message, "from", hint=hint)
    return found[request.from_]


def _nothing(request: object) -> Needs:
    """Every slice has all accounting periods."""
    return Needs()


CREATE = Operation("create_accounting_period", CreateAccountingPeriod, needs=_nothing, plan=_create)
CLOSE = Operation("close_accounting_period", ChangeAccountingPeriod, needs=_nothing, plan=_close)
REOPEN = Operation("reopen_accounting_period", ChangeAccountingPeriod, needs=_nothing, plan=_reopen)
