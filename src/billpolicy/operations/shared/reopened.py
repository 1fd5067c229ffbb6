"""What becomes of reopened charge periods: they are billed again, and that is undone. docs/domain.md 7."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from billpolicy.billing.documents import in_item_order
from billpolicy.billing.rating import BilledLine, Line
from billpolicy.book.changes import PeriodsRecorded, subscription_name
from billpolicy.book.model import ChargePeriod
from billpolicy.operations.shared.bills import Bill
from billpolicy.planning.planning import Planning

BilledAgain = dict[str, BilledLine]
"""Id of a charge period -> the line that bills it again."""


def billed_again_on(number: str, lines: Iterable[Line]) -> BilledAgain:
    """The lines of a document that bill a period again."""
    return {
        one.again.id: BilledLine(number, str(item))
        for item, line in enumerate(in_item_order(lines), start=1)
        for one in line.by_charge
        if one.again is not None and one.carried is None
    }


def record_again(planning: Planning, bills: Iterable[Bill], billed: Mapping[str, BilledLine]) -> None:
    """Put on record what billed the reopened periods of these bills again.

    Of time without service that is not billed any more the charge is charged up to its first day, as if it had been
    given back; a period of which no day is left stays taken back.
    """
    recorded: dict[str, list[ChargePeriod]] = defaultdict(list)
    for one in (one for bill in bills for one in bill.again):
        subscription, charge = one.subscription.id, one.charge.id
        line = billed.get(one.period.id)
        for period in one.periods:
            if line is not None:
                period = replace(period, status="rebilled", rebilled_by=line.document, rebilled_item=line.item)
            elif one.until > period.from_:
                period = replace(period, until=one.until)
            else:
                period = replace(period, status="credited")
            recorded[subscription].append(replace(period, operation=planning.request.id))
        through = next(each for each in planning.book.subscriptions[subscription].charges if each.id == charge)
        if one.until < one.period.until and through.charged_through and one.until < through.charged_through:
            planning.charge_through(subscription, charge, one.until)
    for subscription, periods in sorted(recorded.items()):
        record(planning, subscription, periods)


def record(planning: Planning, subscription: str, periods: Iterable[ChargePeriod]) -> None:
    """Put charge periods of a subscription on record, by id."""
    planning.rely_on(subscription_name(subscription))
    planning.change(PeriodsRecorded(subscription, tuple(sorted(periods, key=lambda one: one.id))))
