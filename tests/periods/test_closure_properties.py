"""The closure is the least closed set that contains the selection, and each reason is the first one.

What one line pulls in is said here once more, pair by pair, and closed sets are found by trying all sets of lines.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.model import (
    Account,
    BookFile,
    ChargePeriod,
    CombinedCharge,
    Invoice,
    Item,
    SubscribedCharge,
    Subscription,
    UsageRecord,
)
from billpolicy.periods.closure import RULES, Closed, Rule, closure
from tests.helpers.properties import examples

MOST = 8
"""Lines: 256 sets of them."""
DAY = datetime.timedelta(days=1)
ONE = Decimal(1)
CHARGES = (
    SubscribedCharge(id="a1", item="a"),
    SubscribedCharge(id="a2", item="a"),
    SubscribedCharge(id="least", item="a", bills="minimum"),
    SubscribedCharge(id="b", usage=True),
    SubscribedCharge(id="b2", usage=True, continues="b"),
    SubscribedCharge(id="paid", drawn_by=("b", "a")),
    SubscribedCharge(id="used", item="a", usage=True),
)
CHARGE = {charge.id: charge for charge in CHARGES}


@dataclass(frozen=True)
class Drawn:
    """One line as it is drawn: days are whole months, counted from the first one."""

    subscription: str
    charges: tuple[str, ...]
    """Several are combined on it; none is a line of which nobody knows what it bills."""
    month: int
    months: int
    document: int
    discounts: int | None
    """The how-manieth line it reduces, if that is on the same invoice."""
    unwound: bool


@dataclass(frozen=True)
class Case:
    """A book in words."""

    lines: tuple[Drawn, ...]
    reversed_: frozenset[int]
    """The invoices that were reversed, and those below are drafts."""
    drafts: frozenset[int]
    excluded: tuple[tuple[str, int, int], ...]
    """Charge, month and months."""
    drawn: tuple[tuple[int, int, int], ...]
    """Of a usage record which usage line bills it, the month of its day, and what it is drawn from."""


def first(month: int) -> datetime.date:
    return datetime.date(2023 + month // 12, month % 12 + 1, 1)


lines = st.builds(
    Drawn,
    subscription=st.sampled_from("SSST"),
    charges=st.lists(st.sampled_from(sorted(CHARGE)), max_size=2, unique=True).map(tuple)
    | st.sampled_from(sorted(CHARGE)).map(lambda one: (one,)),
    month=st.integers(0, 4),
    months=st.sampled_from([1, 1, 1, 2, 3]),
    document=st.integers(0, 2),
    discounts=st.none() | st.none() | st.integers(0, MOST - 1),
    unwound=st.sampled_from([False, False, False, True]),
)
few = st.frozensets(st.integers(0, 2), max_size=1)
cases = st.builds(
    Case,
    lines=st.lists(lines, min_size=1, max_size=MOST).map(tuple),
    reversed_=few,
    drafts=few,
    excluded=st.lists(st.tuples(st.sampled_from(sorted(CHARGE)), st.integers(0, 4), st.integers(1, 2)), max_size=2).map(
        tuple
    ),
    drawn=st.lists(st.tuples(*[st.integers(0, MOST - 1)] * 3), max_size=2).map(tuple),
)


def number(document: int) -> str:
    return f"INV{document}"


def name(case: Case, place: int) -> BilledLine:
    return BilledLine(number(case.lines[place].document), str(place))


def item(case: Case, place: int) -> Item:
    line = case.lines[place]
    reduces = line.discounts
    on_it = reduces is not None and reduces < len(case.lines) and case.lines[reduces].document == line.document
    whole = len(line.charges) == 1
    return Item(
        id=str(place),
        amount=ONE,
        discounts=str(reduces) if on_it and reduces != place else None,
        subscription=line.subscription,
        subscribed_charge=line.charges[0] if whole else None,
        service_start=first(line.month),
        service_end=first(line.month + line.months) - DAY,
        combines=() if whole else tuple(CombinedCharge(subscribed_charge=id, amount=ONE) for id in line.charges),
    )


def book(case: Case, order: Any = None) -> Book:
    """The book of a case; *order*: what is shuffled by."""

    def shuffled(things: Iterable[Any]) -> tuple[Any, ...]:
        listed = list(things)
        if order is not None:
            order.shuffle(listed)
        return tuple(listed)

    invoices = [
        Invoice(
            number=number(document),
            account="acme",
            date=first(0),
            currency="USD",
            status="draft" if document in case.drafts else "posted",
            reversed_=document in case.reversed_ - case.drafts,
            items=shuffled(item(case, place) for place, line in enumerate(case.lines) if line.document == document),
        )
        for document in range(3)
    ]
    unwound = [
        replace(period, status="credited")
        for place, line in enumerate(case.lines)
        for period in periods(case, place)
        if line.unwound
    ]
    excluded = [
        ChargePeriod(
            id=f"S/{charge}/{n}",
            subscription="S",
            charge=charge,
            from_=first(month),
            until=first(month + months),
            currency="USD",
            status="excluded_zero_amount",
        )
        for n, (charge, month, months) in enumerate(case.excluded)
    ]
    charged = shuffled(CHARGES)
    return Book.of(
        BookFile(
            accounts=(Account(id="acme", currency="USD"),),
            subscriptions=shuffled(Subscription(id=id, account="acme", charges=charged) for id in "ST"),
            invoices=shuffled(invoices),
            charge_periods=shuffled([*unwound, *excluded]),
            usage=shuffled(records(case)),
        )
    )


def records(case: Case) -> Iterator[UsageRecord]:
    """Usage that a line bills, on the first day of one of its months, drawn from what another line bills; it names the
    charge, or the one that this continues."""
    usage = [line for line in case.lines if line.charges and CHARGE[line.charges[0]].usage]
    sources = [period for place in range(len(case.lines)) for period in periods(case, place)]
    for n, (billing, month, source) in enumerate(case.drawn if usage else ()):
        line = usage[billing % len(usage)]
        yield UsageRecord(
            id=f"u{n}",
            subscription=line.subscription,
            charge=CHARGE[line.charges[0]].first if month % 2 else line.charges[0],
            date=first(line.month + month % line.months),
            quantity=ONE,
            billed_by=number(line.document),
            amount=ONE,
            drawn_from=sources[source % len(sources)].id,
        )


def periods(case: Case, place: int) -> list[ChargePeriod]:
    """What a line bills, in the words of a test."""
    line = case.lines[place]
    of_line = f"{number(line.document)}/{place}"
    return [
        ChargePeriod(
            id=of_line if len(line.charges) == 1 else f"{of_line}/{charge}",
            subscription=line.subscription,
            charge=charge,
            from_=first(line.month),
            until=first(line.month + line.months),
            currency="USD",
            document=number(line.document),
            item=str(place),
        )
        for charge in line.charges
    ]


# -- what is meant -------------------------------------------------------------------------------------------------


def is_dead(case: Case, place: int) -> bool:
    line = case.lines[place]
    return bool(line.charges) and (line.unwound or line.document in case.reversed_ - case.drafts)


def rules(case: Case, one: int, other: int) -> Iterator[Rule]:
    """By which rules a line pulls in another one."""
    if is_dead(case, one):
        return
    if str(one) == item(case, other).discounts or item(case, one).discounts == str(other):
        yield "discount"
    for a in periods(case, one):
        for b in periods(case, other):
            yield from rules_of(a, b)
    for record in records(case):
        for billing, prepaid in ((one, other), (other, one)):
            if bills(case, billing, record) and record.drawn_from in {each.id for each in periods(case, prepaid)}:
                yield "prepaid"


def bills(case: Case, place: int, record: UsageRecord) -> bool:
    """Whether a line bills a record: the last one of the charge on its invoice that begins before its day is over."""

    def of_charge(place: int) -> list[ChargePeriod]:
        return [
            each
            for each in periods(case, place)
            if (each.subscription, each.document) == (record.subscription, record.billed_by)
            and CHARGE[each.charge].first == CHARGE[record.charge].first
            and each.from_ <= record.date
        ]

    begin = max((each.from_ for place in range(len(case.lines)) for each in of_charge(place)), default=None)
    return any(each.from_ == begin and record.date < each.until for each in of_charge(place))


def rules_of(a: ChargePeriod, b: ChargePeriod) -> Iterator[Rule]:
    one, other = CHARGE[a.charge], CHARGE[b.charge]
    if a.subscription != b.subscription:
        return
    if a.from_ < b.until and b.from_ < a.until:
        if one.of_item == other.of_item:
            yield "item" if one.bills == other.bills == "rate" else "minimum_maximum"
        if (one.usage and one.of_item in other.drawn_by) or (other.usage and other.of_item in one.drawn_by):
            yield "prepaid"
    if one.of_item == other.of_item and a.until <= b.from_:
        yield "later"


def pulled(case: Case, asked: frozenset[Rule]) -> dict[int, dict[int, list[Rule]]]:
    """Line -> the lines that it pulls in, with the rules that do."""
    places = range(len(case.lines))
    found = {
        one: {other: sorted(asked.intersection(rules(case, one, other)), key=RULES.index) for other in places}
        for one in places
    }
    return {one: {other: by for other, by in others.items() if by and other != one} for one, others in found.items()}


def least(case: Case, selected: frozenset[int], pulls: dict[int, dict[int, list[Rule]]]) -> frozenset[int]:
    """What all closed sets have in common that contain the selection."""
    places = frozenset(range(len(case.lines)))
    common = places
    for size in range(len(places) + 1):
        for some in map(frozenset, combinations(places, size)):
            if selected <= some and all(pulls[one].keys() <= some for one in some):
                common &= some
    return common


def in_order(case: Case, places: Iterable[int]) -> list[int]:
    """Newest first; of lines without a line number, by id."""

    def key(place: int) -> tuple[Any, ...]:
        line = case.lines[place]
        months = line.months if line.charges else 0
        return -line.month, -months, line.document, str(place)

    return sorted(places, key=key)


def reasons(
    case: Case, selected: frozenset[int], pulls: dict[int, dict[int, list[Rule]]]
) -> dict[int, tuple[Rule | None, int | None]]:
    """Turn by turn, the first reason of all that there are."""
    known: dict[int, tuple[Rule | None, int | None]] = dict.fromkeys(selected, (None, None))
    new = in_order(case, selected)
    while new:
        here: dict[int, tuple[Rule | None, int | None]] = {}
        for rule in RULES:
            for one in new:
                for other, by in pulls[one].items():
                    if rule in by and other not in known and other not in here:
                        here[other] = rule, one
        known |= here
        new = in_order(case, here)
    return known


def excluded(case: Case, places: Iterable[int], asked: frozenset[Rule]) -> set[str]:
    """The excluded periods that any of the lines would pull in."""
    return {
        each.id
        for each in book(case).charge_periods.values()
        if each.status == "excluded_zero_amount"
        for place in places
        if not is_dead(case, place)
        for a in periods(case, place)
        if asked.intersection(rules_of(a, each))
    }


@given(case=cases, data=st.data(), later=st.booleans(), related=st.booleans(), order=st.randoms(use_true_random=False))
@examples(200)
def test_it_is_the_least_closed_set_with_the_first_reasons(
    case: Case, data: st.DataObject, later: bool, related: bool, order: Any
) -> None:
    selected = data.draw(st.frozensets(st.integers(0, len(case.lines) - 1), min_size=1, max_size=3))
    asked = frozenset(rule for rule in RULES if (later if rule == "later" else related))
    pulls = pulled(case, asked)
    found = closure(book(case), [name(case, place) for place in selected], later=later, related=related)
    members = least(case, selected, pulls)
    assert [one.line for one in found.lines] == [name(case, place) for place in in_order(case, members)]
    assert {one.line: (one.rule, one.by) for one in found.lines} == {
        name(case, place): (rule, None if by is None else name(case, by))
        for place, (rule, by) in reasons(case, selected, pulls).items()
    }
    assert {one.period.id for one in found.excluded} == excluded(case, members, asked)
    check_excluded(case, found, asked)
    again = [name(case, place) for place in sorted(selected, reverse=True)]
    assert closure(book(case, order), again, later=later, related=related) == found


def check_excluded(case: Case, found: Closed, asked: frozenset[Rule]) -> None:
    """Each is pulled in by a line of the closure, by a rule of that line."""
    known = {one.line: one for one in found.lines}
    for one in found.excluded:
        assert one.rule in {rule for a in known[one.by].periods for rule in rules_of(a, one.period)} & asked
