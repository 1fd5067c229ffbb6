"""`credit_only`: lines of an invoice are credited, and their time is not billed again. docs/domain.md 7.

Related lines come with those that are named, unless the policy says `selected_only`; later periods never do.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.billing.rating import BilledLine
from billpolicy.book.needs import Needs
from billpolicy.operations.corrections.selection import Unwind, selected, settled_as_one
from billpolicy.operations.corrections.unwinding import (
    credit,
    periods_of,
    refunds,
    taken,
    tell,
    with_memos,
)
from billpolicy.operations.shared.recording import put_on_record
from billpolicy.periods.closure import closure
from billpolicy.planning.operation import Operation, Step
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record


@record
class CreditOnly(Unwind):
    """Credit these lines of an invoice, by the ids of its items; without `lines`, every one that bills time."""


def _plan(planning: Planning, request: CreditOnly) -> Iterator[Step]:
    asked = selected(planning, request)
    related = asked.resolved.text("related_charges") == "include"
    # A discount is no line of its own: it is settled with what it reduces, related or not.
    named = settled_as_one(asked.invoice, (line.item for line in asked.lines))
    lines = (BilledLine(asked.invoice.number, item) for item in named)
    closed = closure(planning.book, lines, later=False, related=related)
    those = taken(planning, asked, closed)
    tell(planning, closed, those, reopens=False)
    credits = credit(planning, asked, those)
    if not credits:
        message = f"the lines of {asked.invoice.number} come to nothing, so there is nothing to credit"
        planning.refuse("nothing-to-credit", message, "lines", hint="name lines that were billed at something")
    periods = with_memos(planning, periods_of(those), credits, "credited")
    put_on_record(planning, (one for one in periods if one.memo is not None))
    return refunds(planning, credits)


OPERATION = Operation(
    "credit_only",
    CreditOnly,
    needs=lambda request: Needs(
        numbers=frozenset({request.invoice}),
        billed_time=True,
    ),
    plan=_plan,
)
