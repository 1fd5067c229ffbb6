"""What was used and is to be billed: one line for each usage charge and period, in arrears. docs/domain.md 5.5.

The records of a period are billed together. What they add up to, less what is included, is billed at the rate; below
zero nothing is included, and all of it is given back. The amount is rounded once, half up. Records that come when their
period has been billed are billed by themselves, at what the period costs with them less what was billed of it: so they
cost what they would have cost in time, whatever else was undone or billed anew meanwhile.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from billpolicy.billing.due import Stretch, end_of, start_of, stretch_of
from billpolicy.billing.proration import share
from billpolicy.billing.rating import Line, Rules, Usage
from billpolicy.book.model import SubscribedCharge, Subscription, UsageRecord
from billpolicy.money import MAX_MINOR, AmountError, half_up, minor_digits, prorate, to_minor

_DAY = datetime.timedelta(days=1)
_ZERO = Decimal(0)
_DIGITS = 100
"""Quantities have at most 40 digits before the point and 40 after it; sums of them are exact, too."""


class Used(NamedTuple):
    """The usage of one charge in one billing period, of which something is not billed yet."""

    subscription: Subscription
    charge: SubscribedCharge
    stretch: Stretch
    """The days of service in the period."""
    new: tuple[UsageRecord, ...]
    """What is to be billed, by date and id."""
    billed: tuple[UsageRecord, ...]


def what_was_used(
    subscription: Subscription, records: Iterable[UsageRecord], target: datetime.date
) -> tuple[Used, ...]:
    """What is to be billed of a subscription's usage on a target date, by charge and period.

    A period is due when its last day of service is on or before the target date. Of one in which everything is billed
    nothing is told, and neither is usage after the end of service: see `after_the_end`.
    """
    by_charge: dict[str, list[UsageRecord]] = defaultdict(list)
    for record in records:
        charge = rated_by(subscription, record.charge, record.date)
        by_charge[record.charge if charge is None else charge.id].append(record)
    charges = sorted(subscription.charges, key=lambda charge: charge.id)
    return tuple(
        used for charge in charges for used in _periods(subscription, charge, by_charge.get(charge.id, ()), target)
    )


def rated_by(subscription: Subscription, id: str, day: datetime.date) -> SubscribedCharge | None:
    """The charge that usage of a day is rated by: the one that it names, or, where that has no service on the day, one
    that continues it or that it continues. So whoever meters need not know of a new rate. None without service."""
    named = next((charge for charge in subscription.charges if charge.id == id), None)
    if named is None or _serves(subscription, named, day):
        return named
    return next((each for each in _chain(subscription, named) if _serves(subscription, each, day)), None)


def billed_until(
    subscription: Subscription, charge: SubscribedCharge, records: Iterable[UsageRecord]
) -> datetime.date | None:
    """The first day after the last period in which usage of a charge is billed, or of one that it continues or that
    continues it; None where none is. With late usage, what was billed until then is rated anew."""
    chain = {each.id for each in _chain(subscription, charge)}
    billed = [one for one in records if one.billed_by is not None and one.charge in chain]
    if not billed:
        return None
    last = max(billed, key=lambda one: (one.date, one.id))
    rating = rated_by(subscription, last.charge, last.date)
    try:
        if rating is None:
            return last.date + _DAY  # its service was ended when it had been billed
        end = stretch_of(subscription, rating, start_of(subscription, rating) or last.date, last.date).end
    except (OverflowError, ValueError):
        return datetime.date.max
    return min(end, end_of(subscription, rating) or end)


def _chain(subscription: Subscription, charge: SubscribedCharge) -> Iterator[SubscribedCharge]:
    """The charge, those that it continues, and those that continue it."""
    return (each for each in subscription.charges if charge.first in (each.id, each.continues))


def _serves(subscription: Subscription, charge: SubscribedCharge, day: datetime.date) -> bool:
    start, end = start_of(subscription, charge), end_of(subscription, charge)
    return start is not None and start <= day and (end is None or day < end)


def since(subscription: Subscription, charge: SubscribedCharge, first: datetime.date) -> datetime.date:
    """The first day of service of the billing period that a day lies in."""
    start = start_of(subscription, charge) or first
    return stretch_of(subscription, charge, start, first).start


def after_the_end(subscription: Subscription, records: Iterable[UsageRecord]) -> list[UsageRecord]:
    """The records that no bill run bills, since there is no service on their days any more."""
    return [
        record
        for record in records
        if record.billed_by is None and rated_by(subscription, record.charge, record.date) is None
    ]


def _periods(
    subscription: Subscription, charge: SubscribedCharge, records: Iterable[UsageRecord], target: datetime.date
) -> Iterator[Used]:
    start, end = start_of(subscription, charge), end_of(subscription, charge)
    if start is None or charge.rate is None or not charge.usage:
        return
    in_order = sorted((one for one in records if one.date >= start), key=lambda one: (one.date, one.id))
    unbilled = [one for one in in_order if one.billed_by is None and (end is None or one.date < end)]
    done = start
    for record in unbilled:
        if record.date < done:
            continue
        try:
            stretch = stretch_of(subscription, charge, start, record.date)
        except ValueError:
            return  # it ends after the last day of the calendar, so no target date reaches it
        last = stretch.end
        if end is not None and end < last:
            stretch = stretch._replace(end=end)
        done = stretch.end
        if stretch.end - _DAY > target:
            return
        new = tuple(one for one in unbilled if stretch.start <= one.date < stretch.end)
        # Of a period that was cut short later, what was billed of its last days counts, too.
        billed = tuple(one for one in in_order if one.billed_by and stretch.start <= one.date < last)
        yield Used(subscription, charge, stretch, new, billed)


def rate_usage(used: Used, rules: Rules, currency: str) -> Line:
    """The line of one charge and period. Raises `AmountError` where an amount is too large."""
    with localcontext(prec=_DIGITS):
        return _line(used, rules, currency)


def _line(used: Used, rules: Rules, currency: str) -> Line:
    subscription, charge, stretch, new, billed = used
    assert charge.rate is not None
    price = Fraction(charge.rate) * 10 ** minor_digits(currency)
    included = _included(charge, stretch, rules)
    before = sum((one.quantity for one in billed), _ZERO)
    charged = sum(to_minor((one.amount or _ZERO) + (one.drawn or _ZERO), currency) for one in billed)
    shares = []
    total, worth = before, charged
    for record in new:
        total += record.quantity
        costs = _cost(price, charged_for(total, included))
        shares.append((record, _in_range(costs - worth)))
        worth = costs
    usage = Usage(
        tuple(shares),
        charged_for(total, included) - charged_for(before, included),
        total - before,
        before,
        included,
    )
    amount = _in_range(worth - charged)
    return Line(subscription, charge, False, stretch.start, stretch.end, amount, "", usage)


def check_worth(charge: SubscribedCharge, quantity: Decimal, currency: str) -> None:
    """Raises `AmountError` if a quantity is worth more than any amount can be."""
    price = Fraction(charge.rate or 0) * 10 ** minor_digits(currency)
    _in_range(_cost(price, quantity))


def charged_for(used: Decimal, included: Decimal) -> Decimal:
    """How much is charged of what was used in a period: what is beyond the included quantity; below zero, all of it."""
    return min(used, _ZERO) + max(used - included, _ZERO)


def _included(charge: SubscribedCharge, stretch: Stretch, rules: Rules) -> Decimal:
    """The quantity that is included in a period: of one that is cut short its part, in the decimals of the whole."""
    whole = charge.included or _ZERO
    if rules.partial_included == "full":
        return whole
    part = share(stretch.period, stretch.first, stretch.end, rules.counting)
    if part == 1:
        return whole
    digits = max(0, -int(whole.as_tuple().exponent))
    scaled = int(whole.scaleb(digits))
    return Decimal(prorate(scaled, part.numerator, part.denominator)).scaleb(-digits)


def _cost(price: Fraction, quantity: Decimal) -> int:
    return half_up(price * Fraction(quantity))


def _in_range(amount: int) -> int:
    if abs(amount) >= MAX_MINOR:
        raise AmountError("quantity x rate is too large an amount")
    return amount
