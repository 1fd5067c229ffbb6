"""What a bill run leaves out of its documents, since it is zero. docs/billing.md, "Zero amounts and quantities".

What is left out is billed all the same: its charge is charged through it, and its charge period is put on record as
excluded. Nothing of it can be given back, and while it is there the days cannot be billed again by a correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from billpolicy.billing.rating import Line
from billpolicy.book.changes import PeriodsRecorded, subscription_name
from billpolicy.book.model import ChargePeriod, PeriodStatus
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import from_minor
from billpolicy.periods.charge_periods import excluded_name
from billpolicy.planning.planning import Planning


def with_exclusions(lines: Iterable[Line], resolved: Resolved) -> Iterator[Line]:
    """The lines, those that are not to be on a document marked."""
    for line in lines:
        yield line._replace(excluded=_excluded(line, resolved))


def _excluded(line: Line, resolved: Resolved) -> PeriodStatus | None:
    """Usage is never left out, since its records name the document that bills them, nor is what is billed again."""
    if line.amount or line.usage is not None or line.again is not None:
        return None
    quantity = line.charge.quantity if line.quantity is None else line.quantity
    if quantity == 0 and resolved.text("zero_quantities") == "exclude":
        return "excluded_zero_quantity"
    return "excluded_zero_amount" if resolved.text("zero_amounts") == "exclude" else None


def record_excluded(planning: Planning, lines: Iterable[Line], currency: str) -> None:
    """Put the charge periods that were left out on record. What gives back nothing has none."""
    found: dict[str, list[ChargePeriod]] = defaultdict(list)
    for line in lines:
        if line.excluded is not None and not line.credit:
            found[line.subscription.id].append(_period(planning, line, line.excluded, currency))
    for subscription, periods in sorted(found.items()):
        planning.rely_on(subscription_name(subscription))
        planning.change(PeriodsRecorded(subscription, tuple(periods)))


def _period(planning: Planning, line: Line, status: PeriodStatus, currency: str) -> ChargePeriod:
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
        operation=planning.request.id,
    )
