"""More would be given back of an invoice than is left of it: what becomes of that, and how it is told.

The setting `over_credit` of the policy decides: it is refused, or cut to what is left (`cap`), or given with a warning
(`warn`), as Zuora gives it (docs/domain.md 6.2). Each says how much is beyond, and which documents took it before.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import ZERO
from billpolicy.book.model import Invoice
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.periods.given_back import Left, left_in
from billpolicy.planning.planning import Planning

_TOLD = 3


class Beyond(NamedTuple):
    """An amount that is to be given back and is more than what is left."""

    message: str
    wanted: Decimal
    left: Decimal
    hint: str


def beyond(
    planning: Planning, resolved: Resolved, found: Beyond, *path: str | int, only_warn: str | None = None
) -> Decimal:
    """How much is given then: what is left, or all that was wanted, also where the reason to refuse is noted.

    `only_warn`: the setting that does not ask about this, `available_to_credit: header`, so that it is only told.
    """
    mode = resolved.text("over_credit") if only_warn is None else "warn"
    setting = only_warn or f"over_credit: {mode}"
    more = abs(found.wanted - found.left)
    if mode == "cap":
        planning.note(f"{found.message}; {more} less is given (`{setting}`)")
        return found.left
    if mode == "warn":
        planning.warn("over-credited", f"{found.message}; {more} more is given all the same (`{setting}`)")
    else:
        planning.add(refusal(planning, found, *path))
    return found.wanted


def refusal(planning: Planning, found: Beyond, *path: str | int) -> Diagnostic:
    """The reason to refuse it."""
    return Diagnostic("available-to-credit", found.message, planning.instruction.at(*path), found.hint)


def left_to_give(planning: Planning, invoice: Invoice) -> Left:
    """What is left of an invoice; the plan holds only as long as nothing else is given back of it."""
    left = left_in(planning.book, invoice)
    rely_on(planning, left)
    return left


def rely_on(planning: Planning, left: Left) -> None:
    """Count on an invoice, and on all that has given something of it back."""
    for number in (left.invoice.number, *left.taken_by()):
        planning.rely_on(number)


def and_taken(left: Left, item: str | None = None) -> str:
    """Behind a sentence, what took it, of an item or of an invoice: `: 6.00 was given back by CM1 and 4.00 by CM2`."""
    # Of an item nothing may be left because money of others was put on it, which was written off then.
    taken = left.taken_by(item) or left.taken_by()
    told = [(by, abs(amount)) for by, amount in sorted(taken.items())]
    if not told:
        return ""
    if len(told) > _TOLD:
        others = told[_TOLD - 1 :]
        told = [*told[: _TOLD - 1], (f"{len(others)} others", sum((amount for _, amount in others), ZERO))]
    (first, amount), *more = told
    words = [f"{amount} was given back by {first}", *(f"{amount} by {by}" for by, amount in more)]
    return f": {words[0]}" if len(words) == 1 else f": {', '.join(words[:-1])} and {words[-1]}"


def given_by_bill_runs(left: Left) -> dict[str, Decimal]:
    """Which documents of bill runs have given days of an invoice back, and how much, with tax."""
    taken = left.taken_by()
    by_runs = {one.by for one in left.before if one.how == "bill_run"}
    return {number: taken[number] for number in sorted(by_runs) if number in taken}
