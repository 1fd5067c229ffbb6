"""What was paid for prepaid charges of a subscription, and what its usage draws from that. docs/billing.md, Prepaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from billpolicy.billing.prepaid import Prepaid, Purse, Unused, being_billed, draw
from billpolicy.billing.rating import Line
from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import ChargePeriod, Invoice, Subscription
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import from_minor, in_parts, to_minor
from billpolicy.operations.shared.what_is_open import in_force
from billpolicy.periods.charge_periods import charge_of, charge_periods, periods_billed
from billpolicy.periods.given_back import left_of, net_left
from billpolicy.planning.planning import Planning


def draw_prepaid(
    planning: Planning, subscription: Subscription, lines: list[Line], resolved: Resolved, currency: str
) -> list[Line]:
    """The lines of a bill, of which usage has drawn what prepaid charges cover; the plan says how much is left."""
    if not any(charge.drawn_by for charge in subscription.charges) or not any(line.usage for line in lines):
        return lines
    _refuse_drafts(planning, subscription, lines)
    book = planning.book
    prepaid = (*paid_before(book, subscription, currency), *_paid_now(lines))
    purse = Purse(
        subscription,
        prepaid,
        book.usage_records(subscription.id),
        cast(Unused, resolved.text("prepaid_unused")),
        currency,
    )
    before = purse.left
    drawn = draw(purse, lines)
    for one in sorted(prepaid, key=lambda one: (one.start, one.charge.id)):
        if purse.left[one.id] != before[one.id]:
            taken = from_minor(before[one.id] - purse.left[one.id], currency)
            left = from_minor(purse.left[one.id], currency)
            planning.note(f"{subscription.id}/{one.charge.id} from {one.start}: usage draws {taken}, {left} is left")
    return drawn


def _refuse_drafts(planning: Planning, subscription: Subscription, lines: Iterable[Line]) -> None:
    """Usage is not billed while what it would draw from waits on a draft: it would be asked for beside that."""
    book = planning.book
    waiting = [
        (period, charge)
        for period in charge_periods(book, subscription.id)
        if (charge := charge_of(book, period)) is not None and charge.drawn_by
        if isinstance(invoice := book.numbered.get(period.document or ""), Invoice) and invoice.is_open_draft
    ]
    for line in (each for one in lines for each in one.by_charge if each.usage is not None):
        days = [record.date for record, _ in line.usage.records] if line.usage is not None else []
        for period, charge in waiting:
            if line.charge.of_item in charge.drawn_by and any(period.from_ <= day < period.until for day in days):
                what = f"usage of `{line.charge.id}` of `{subscription.id}` draws from `{charge.id}`"
                message = f"{what}, which from {period.from_} on is only on a draft, {period.document}"
                planning.problem("draft-open", message, hint=f"post or cancel {period.document} first")
    planning.stop_if_refused()


def paid_before(book: Book, subscription: Subscription, currency: str) -> Iterator[Prepaid]:
    """What invoices have billed of prepaid charges, less what was given back.

    Of time that was taken back nothing is paid, and it comes first: what was drawn from it is drawn from what has
    billed its days again.
    """
    prepaid = {charge.id for charge in subscription.charges if charge.drawn_by}
    periods = charge_periods(book, subscription.id) if prepaid else ()
    for period in sorted(periods, key=lambda one: one.status == "billed"):
        charge = charge_of(book, period)
        invoice = book.numbered.get(period.document or "")
        if charge is None or charge.id not in prepaid:
            continue
        if period.status != "billed":
            yield Prepaid(period.id, charge, period.from_, period.until, 0)
        elif isinstance(invoice, Invoice) and in_force(invoice) and period.item is not None:
            paid = to_minor(net_left(invoice, left_of(book, invoice), period.item), currency)
            paid = _part_of_line(book, invoice, period, paid)
            yield Prepaid(period.id, charge, period.from_, period.until, max(paid, 0))


def _part_of_line(book: Book, invoice: Invoice, period: ChargePeriod, left: int) -> int:
    """What a period has of what is left of its line, in minor units: all of it, unless the line combines charges."""
    on_line = [one for one in periods_billed(book, invoice) if one.item == period.item]
    nets = [to_minor((one.amount or ZERO) + (one.discount or ZERO), invoice.currency) for one in on_line]
    parts = {one.charge: part for one, part in zip(on_line, in_parts(left, nets), strict=True)}
    return parts.get(period.charge, left)


def _paid_now(lines: Sequence[Line]) -> Iterator[Prepaid]:
    """What the bill itself bills of prepaid charges."""
    for line in lines:
        if line.charge.drawn_by and not line.credit and line.amount > 0:
            less = sum(
                other.amount
                for other in lines
                if other.charge.discounts == line.charge.id and line.start <= other.start < line.end
            )
            yield Prepaid(being_billed(line), line.charge, line.start, line.end, max(line.amount + less, 0))


def names_of_prepaid(book: Book, documents: Iterable[tuple[str, Sequence[Line]]]) -> dict[str, str]:
    """What the prepaid periods that are `being_billed` are called, now that their documents have these numbers."""
    billing = (
        number for number, lines in documents if any(one.charge.drawn_by for line in lines for one in line.by_charge)
    )
    return {
        f"{period.subscription}/{period.charge}/{period.from_} being billed": period.id
        for number in billing
        if isinstance(invoice := book.numbered[number], Invoice)
        for period in periods_billed(book, invoice)
    }
