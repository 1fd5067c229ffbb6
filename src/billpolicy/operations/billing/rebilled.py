"""What becomes of reopened charge periods: they are billed again, and that is undone. docs/domain.md 7."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from billpolicy.billing.documents import in_item_order
from billpolicy.billing.rating import BilledLine, Line
from billpolicy.book.changes import billing
from billpolicy.book.model import BillingDocument, ChargePeriod, CreditMemo, Invoice
from billpolicy.operations.billing.bills import Bill
from billpolicy.operations.shared.recording import put_on_record
from billpolicy.periods.charge_periods import periods_billed
from billpolicy.periods.taken_back import as_reopened, billed_again_by
from billpolicy.planning.planning import Planning

BilledAgain = dict[str, BilledLine]
"""Id of a charge period -> the line that bills it again."""
GivenBackBy = dict[BilledLine, BilledLine]
"""The line that had billed a charge period -> the one that gives it back, beside the one that bills it again."""


def billed_again_on(number: str, lines: Iterable[Line]) -> BilledAgain:
    """The lines of a document that bill a period again."""
    return {
        one.again.id: BilledLine(number, str(item))
        for item, line in enumerate(in_item_order(lines), start=1)
        for one in line.by_charge
        if one.again is not None and one.carried is None and not one.returns
    }


def given_back_on(number: str, lines: Iterable[Line]) -> GivenBackBy:
    """The lines of a document that give back what had billed reopened periods."""
    return {
        line.corrects: BilledLine(number, str(item))
        for item, line in enumerate(in_item_order(lines), start=1)
        if line.corrects is not None and line.returns
    }


def record_again(
    planning: Planning,
    bills: Iterable[Bill],
    billed: Mapping[str, BilledLine],
    given_back: Mapping[BilledLine, BilledLine],
) -> None:
    """Put on record what billed the reopened periods of these bills again, and what gave their lines back with that.

    Of time without service that is not billed any more the charge is charged up to its first day, as if it had been
    given back; a period of which no day is left stays taken back.
    """
    recorded: list[ChargePeriod] = []
    by = planning.request.id
    for one in (one for bill in bills for one in bill.again):
        subscription, charge = one.subscription.id, one.charge.id
        line = billed.get(one.period.id)
        for period in one.periods:
            if line is not None:
                document, item = line
                period = replace(period, status="rebilled", rebilled_by=document, rebilled_item=item, operation=by)
                back = given_back.get(BilledLine(period.document or "", period.item or ""))
                if back is not None:
                    period = replace(period, memo=back.document, memo_item=back.item)
            elif one.until > period.from_:
                period = replace(period, until=one.until)
            else:
                period = replace(period, status="credited")
            recorded.append(period)
        if one.until < one.period.until:
            charges = planning.book.subscriptions[subscription].charges
            through = next(each.charged_through for each in charges if each.id == charge)
            if through is not None and one.until < through:
                planning.charge_through(subscription, charge, one.until)
    put_on_record(planning, recorded)


def open_again(planning: Planning, draft: Invoice | CreditMemo) -> None:
    """What a draft has billed again is to be billed again once more, as it was before."""
    put_on_record(planning, map(as_reopened, _billed_again(planning, draft)))


def bill_no_more(planning: Planning, document: Invoice | CreditMemo) -> None:
    """What a reversed document had billed again stays taken back, where the policy lets it be billed no more."""
    periods = _billed_again(planning, document)
    put_on_record(planning, [replace(as_reopened(one), status="credited") for one in periods])


def keep_again(planning: Planning, posted: Mapping[str, str]) -> None:
    """What drafts have billed again is billed by the documents that they became. *posted*: the number of each draft ->
    that of its document."""
    for draft, number in posted.items():
        periods = _billed_again(planning, billing(planning.book, draft))
        put_on_record(planning, [replace(one, rebilled_by=number) for one in periods])


def restore(planning: Planning, periods: Collection[ChargePeriod]) -> None:
    """What was taken back is billed after all, as the lines of the invoices tell; where only the book told, as it is on
    record."""
    book = planning.book
    invoices = (book.numbered[number] for number in sorted({one.document for one in periods if one.document}))
    told = {one.id: one for each in invoices if isinstance(each, Invoice) for one in periods_billed(book, each)}
    taken = (as_reopened(replace(one, memo=None, memo_item=None)) for one in periods)
    put_on_record(planning, [replace(told.get(one.id, one), status="billed") for one in taken])


def _billed_again(planning: Planning, document: BillingDocument) -> list[ChargePeriod]:
    """The reopened periods that a document has billed again."""
    return [one for of in billed_again_by(planning.book, document).values() for one in of]
