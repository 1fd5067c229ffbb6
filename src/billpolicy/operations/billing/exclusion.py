"""What a bill run leaves out of its documents, since it is zero. docs/billing.md, "Zero amounts and quantities".

What is left out is billed all the same: its charge is charged through it, and its charge period is put on record as
excluded. Nothing of it can be given back, and while it is there the days cannot be billed again by a correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from billpolicy.billing.rating import LeftOut, Line
from billpolicy.book.book import Book
from billpolicy.book.model import EXCLUDED, ChargePeriod, CreditMemo, Invoice, PeriodStatus
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import from_minor
from billpolicy.operations.shared.recording import put_on_record
from billpolicy.periods.charge_periods import excluded_name
from billpolicy.periods.taken_back import on_record
from billpolicy.planning.planning import Planning


def with_exclusions(lines: Iterable[Line], resolved: Resolved) -> Iterator[Line]:
    """The lines, those that are not to be on a document marked."""
    for line in lines:
        yield line if line.left_out else line._replace(left_out=_excluded(line, resolved))


def without_empty(planning: Planning, lines: Sequence[Line], resolved: Resolved) -> Sequence[Line]:
    """The lines of what goes together. Where all that would be on a document is zero, the policy may let them be left
    out, and there is none."""
    shown = [line for line in lines if line.left_out is None]
    something = any(line.amount or line.usage is not None or line.again is not None for line in shown)
    if not shown or something or resolved.text("empty_documents") == "issue":
        return lines
    planning.note("there is no document: every line on it would be zero (`empty_documents: skip`)")
    return [line if line.left_out else line._replace(left_out="excluded_zero_amount") for line in lines]


def _excluded(line: Line, resolved: Resolved) -> LeftOut | None:
    """Usage is never left out, since its records name the document that bills them, nor is what is billed again."""
    if line.amount or line.usage is not None or line.again is not None:
        return None
    quantity = line.charge.quantity if line.quantity is None else line.quantity
    if quantity == 0 and resolved.text("zero_quantities") == "exclude":
        return "excluded_zero_quantity"
    return "excluded_zero_amount" if resolved.text("zero_amounts") == "exclude" else None


def record_excluded(planning: Planning, lines: Iterable[Line], currency: str) -> None:
    """Put the charge periods that were left out on record. What gives back nothing has none."""
    left_out = ((line, line.left_out) for line in lines if not line.credit)
    periods = [_period(line, why, currency) for line, why in left_out if why is not None and why != "nothing_left"]
    put_on_record(planning, periods)


def left_out_of(book: Book, draft: Invoice | CreditMemo) -> list[ChargePeriod]:
    """What the bill run of a draft has left out of it: over all accounts, its part of the account has."""
    runs = (draft.bill_run, f"{draft.bill_run}/{draft.account}")
    return [one for one in on_record(book, draft) if one.status in EXCLUDED and one.operation in runs]


def take_back(planning: Planning, left_out: Sequence[ChargePeriod]) -> None:
    """What was left out of a draft that is canceled is due again, where the charge could go back to it; else, since
    later time of it was billed, it stays left out."""
    subscriptions = planning.book.subscriptions
    through = {
        (one.subscription, charge.id): charge.charged_through
        for one in left_out
        for charge in subscriptions[one.subscription].charges
    }
    days = ((one, through.get((one.subscription, one.charge))) for one in left_out)
    put_on_record(
        planning, [replace(one, status="credited") for one, day in days if day is not None and day <= one.from_]
    )


def _period(line: Line, status: PeriodStatus, currency: str) -> ChargePeriod:
    zero = from_minor(0, currency)
    return ChargePeriod(
        id=excluded_name(line.subscription.id, line.charge.id, line.start),
        subscription=line.subscription.id,
        charge=line.charge.id,
        from_=line.start,
        until=line.end,
        currency=currency,
        status=status,
        quantity=line.charge.quantity if line.quantity is None else line.quantity,
        rate=line.charge.rate if line.rate is None else line.rate,
        amount=zero,
        discount=zero,
        tax=zero,
    )
