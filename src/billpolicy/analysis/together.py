"""Facts of which not all values go together: of what each may be, one value of each that do, or that none do.

Each takes a usual amount and what its facts may be (`Values`); None is the proof that there are no such facts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from billpolicy.money import MINOR_DIGITS
from billpolicy.policy.condition import Fact, Numbers, Values

USUAL_DAY = datetime.date(2026, 1, 1)
"""Days of examples are not before it, where any will do."""
_USUAL_DAY = USUAL_DAY.toordinal()
CURRENCIES = ("EUR", "USD", *MINOR_DIGITS)
"""First those of examples, where any will do."""


def numbers(values: Values) -> Numbers:
    """The numbers of what is a number."""
    assert isinstance(values.members, Numbers)
    return values.members


def candidates(values: Values, near: Iterable[int], *others: Values) -> list[int]:
    """Numbers of which one satisfies what holds between a few numbers, if any does: the ends of all ranges, and those
    beside them; first of all the usual ones."""
    ranges = [each for one in (values, *others) for each in numbers(one).ranges]
    ends = [end for both in ranges for end in both if end is not None]
    beside = {end + step for end in (0, *ends) for step in (-2, -1, 0, 1, 2)}
    return [one for one in (*near, *sorted(beside, key=abs)) if one in values.members]


def settled(usual: int, amount: Values, balance: Values, how_much: Values) -> tuple[Fact | None, ...] | None:
    """What is open of a document lies between nothing and its amount, and says how much of it has been settled."""
    for whole in candidates(amount, (usual,), balance):
        for rest in candidates(balance, (whole, whole // 2, 0), amount):
            how = "nothing" if rest == whole else "part" if rest else "all"
            if min(whole, 0) <= rest <= max(whole, 0) and how in how_much.members:
                return whole, rest, how
    return None


def balanced(usual: int, amount: Values, balance: Values) -> tuple[Fact | None, ...] | None:
    """What is open of a document lies between nothing and its amount."""
    for whole in candidates(amount, (usual,), balance):
        for rest in candidates(balance, (whole, whole // 2, 0), amount):
            if min(whole, 0) <= rest <= max(whole, 0):
                return whole, rest
    return None


def aged(usual: int, date: Values, *own: Values) -> tuple[Fact | None, ...] | None:
    """A day, and of each document a date and how long before that day this is."""
    dated = list(zip(map(numbers, own[::2]), map(numbers, own[1::2]), strict=True))
    days = numbers(date)
    for since, old in dated:
        days &= since.plus(old)
    if days.empty:
        return None
    day = days.near(_USUAL_DAY)
    found: list[Fact | None] = [day]
    for since, old in dated:
        then = (since & Numbers.only(day).plus(old.negated())).near(day)
        found += [then, day - then]
    return tuple(found)


def back_dated(usual: int, date: Values, from_: Values, word_is: Values) -> tuple[Fact | None, ...] | None:
    """What holds from a day on or after the document date may still be back-dated, where today is later than both."""
    for day in candidates(date, (_USUAL_DAY,), from_):
        for since in candidates(from_, (day,), date):
            for word in (False, True):
                if word in word_is.members and (word or since >= day):
                    return day, since, word
    return None


def with_currency(usual: int, amount: Values, currency: Values) -> tuple[Fact | None, ...] | None:
    """An amount has a currency."""
    if not (amount.members.empty or currency.members.empty):
        return numbers(amount).near(usual), code(currency)
    return (None, None) if amount.unset and currency.unset else None


def known(usual: int, id: Values, status: Values) -> tuple[Fact | None, ...] | None:
    """A subscription that is known is active or canceled; several may agree on that."""
    if not status.members.empty:
        return id.sample(), status.sample()
    return (None, None) if id.unset and status.unset else None


def code(values: Values, codes: Iterable[str] = CURRENCIES) -> Fact | None:
    """A currency, or what else has codes: a usual one if it may be."""
    return next((code for code in codes if code in values.members), values.sample())
