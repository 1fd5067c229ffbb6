"""What a bill run credits: days that were billed beyond the end of service, given back of the line that billed them.

docs/domain.md 5.3 and docs/billing.md. A credit is worth what its days were billed at, whatever the rate is now, and
takes no more than is left of the line: what is beyond is not given, refused, or warned of, as the policy says
(`over_credit`). Its tax is that of the line. Days of which no line is known, as of a book that says nothing but
charged-through dates, are given back at the rate of the charge.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billpolicy.billing.due import Due, Stretch
from billpolicy.billing.rating import BilledLine, Line, Rules, rate, stretches_of, suffix_of
from billpolicy.billing.worth import BilledDays, worth
from billpolicy.book.book import Book, Place
from billpolicy.book.model import ChargePeriod, Invoice, Item, Subscription
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.money import from_minor, minor_digits, to_minor
from billpolicy.operations.shared.over_credit import Beyond, and_taken, beyond, refusal, rely_on
from billpolicy.periods.charge_periods import periods_billed
from billpolicy.periods.given_back import Days, Left, given_back_of
from billpolicy.planning.planning import Planning

_DAY = datetime.timedelta(days=1)


class _Billed(NamedTuple):
    """A line of an invoice that billed days of a charge, or its share of a line that bills several."""

    invoice: Invoice
    item: Item
    period: ChargePeriod
    free: tuple[Days, ...]
    """The days that no credit has given back."""

    @property
    def days(self) -> Days:
        return self.period.from_, self.period.until

    @property
    def newest(self) -> tuple[datetime.date, str, str]:
        """By what the newest line is found."""
        return self.invoice.date, self.invoice.number, self.item.id


class _Segment(NamedTuple):
    """Days `[start, end)` to give back, and the line that billed them; None where none is known."""

    start: datetime.date
    end: datetime.date
    billed: _Billed | None = None
    is_left: bool = True
    """Whether no credit has given them back."""


class CreditedTime:
    """What a bill run gives back of these subscriptions; several credits may take from one line."""

    def __init__(self, planning: Planning, subscriptions: Iterable[Subscription]) -> None:
        self._planning = planning
        self.refused: list[Diagnostic] = []
        """Why it is refused to credit more than is left, to be told with what else is wrong with any subscription."""
        names = {subscription.id for subscription in subscriptions}
        invoices = _invoices(planning.book, names)
        given = given_back_of(planning.book, invoices)
        self._left = {invoice.number: Left(invoice, given[invoice.number]) for invoice in invoices}
        self._billed: dict[tuple[str, str], list[_Billed]] = defaultdict(list)
        recorded = _recorded(planning.book, names)
        for invoice in invoices:
            items = {item.id: item for item in invoice.items}
            back: dict[tuple[str, str | None], list[Days]] = defaultdict(list)
            for one in given[invoice.number]:
                if one.days is not None and one.place.tax is None:
                    back[one.place.item, one.charge].append(one.days)
            for period in _periods(planning.book, invoice, recorded.get(invoice.number, {})):
                if period.subscription in names:
                    days = [(period.from_, period.until)]
                    for taken in back[period.item or "", period.charge]:
                        days = _without(days, taken)
                    found = _Billed(invoice, items[period.item or ""], period, tuple(days))
                    self._billed[period.subscription, period.charge].append(found)

    def lines(self, due: Sequence[Due], rules: Rules, currency: str, resolved: Resolved) -> dict[str, list[Line]]:
        """The credits of one subscription, by charge.

        Discounts come first: what they take back of themselves leaves less of the items that they reduce.
        """
        found = {}
        for one in sorted(due, key=lambda one: (one.charge.discounts is None, one.charge.id)):
            billed = [
                line
                for line in self._billed.get((one.subscription.id, one.charge.id), ())
                if line.period.currency == currency
            ]
            found[one.charge.id] = [
                line
                for stretch, those in _by_stretch(stretches_of(one, rules), billed)
                for segment in _segments(stretch, those)
                for line in self._credit(one, stretch, segment, rules, currency, resolved)
            ]
        return found

    def _credit(
        self, due: Due, stretch: Stretch, segment: _Segment, rules: Rules, currency: str, resolved: Resolved
    ) -> Iterator[Line]:
        part = stretch._replace(start=segment.start, end=segment.end)
        if segment.billed is None:
            # The days were chosen already (`partial_credits`), so they are what is to be rated.
            yield from rate(due._replace(stretches=(part,)), rules._replace(partial_credits="exact"), currency)
            return
        invoice, item, period, _ = segment.billed
        left = self._left[invoice.number]
        rely_on(self._planning, left)
        whole = item.amount if period.amount is None else period.amount
        minor = to_minor(whole, currency)
        billed = BilledDays(period.from_, period.until, abs(minor), _price(period, currency))
        wanted = worth(billed, segment.start, segment.end, stretch, rules)
        amount = from_minor(wanted if minor >= 0 else -wanted, currency)
        given = left.part(item.id, amount) if segment.is_left else from_minor(0, currency)
        if given != amount:
            days = f"`{due.charge.id}` of `{due.subscription.id}` from {segment.start} to {segment.end - _DAY}"
            what = f"{abs(given)} is left of that on item `{item.id}` of {invoice.number}"
            message = f"{days} was billed at {abs(amount)}, but {what}{and_taken(left, item.id)}"
            hint = "reverse what gave it back, or let the policy say `over_credit: cap`"
            found = Beyond(message, amount, given, hint)
            if resolved.text("over_credit") == "refuse":
                self.refused.append(refusal(self._planning, found))
            else:
                given = beyond(self._planning, resolved, found)
        # Of a line that does not say its price it is its amount.
        quantity, price = (period.quantity, period.rate) if billed.price is not None else (Decimal(1), whole)
        taxes = left.taxes(item, given)
        left.take({Place(item.id): given, **taxes})
        yield Line(
            due.subscription,
            due.charge,
            True,
            segment.start,
            segment.end,
            -to_minor(given, currency),
            suffix_of(part, True, rules),
            quantity=quantity,
            rate=price,
            corrects=BilledLine(invoice.number, item.id),
            taxes=tuple(
                replace(tax, amount=-taxes[Place(item.id, tax.id)], source_tax=tax.id)
                for tax in item.taxes
                if Place(item.id, tax.id) in taxes
            ),
            left_out="nothing_left" if amount and not given else None,
        )


def _invoices(book: Book, names: Iterable[str]) -> list[Invoice]:
    """The invoices in force that have items of these subscriptions, by number."""
    numbers = sorted({number for name in names for number in book.numbers_on.get(name, ())})
    documents = (book.numbered[number] for number in numbers)
    return [one for one in documents if isinstance(one, Invoice) and one.status == "posted" and not one.reversed_]


_Recorded = dict[tuple[str, str], ChargePeriod]
"""Item and charge -> the charge period on record of what it billed."""


def _recorded(book: Book, names: Iterable[str]) -> dict[str, _Recorded]:
    """Invoice -> the charge periods on record of its lines: also of those without days, where the book gives them."""
    found: dict[str, _Recorded] = defaultdict(dict)
    for period in (one for name in names for one in book.recorded_periods(name)):
        if period.document is not None and period.item is not None:
            found[period.document][period.item, period.charge] = period
    return found


def _periods(book: Book, invoice: Invoice, recorded: _Recorded) -> Iterator[ChargePeriod]:
    """What the lines of an invoice bill."""
    yield from recorded.values()
    for period in periods_billed(book, invoice):
        if (period.item, period.charge) not in recorded:
            yield period


def _price(period: ChargePeriod, currency: str) -> Fraction | None:
    if period.quantity is None or period.rate is None:
        return None
    price = Fraction(period.rate) * Fraction(period.quantity)
    return Fraction(abs(price) * 10 ** minor_digits(currency))


# -- which line has which days -------------------------------------------------------------------------------------


def _by_stretch(stretches: Sequence[Stretch], billed: Sequence[_Billed]) -> Iterator[tuple[Stretch, list[_Billed]]]:
    """Each stretch with the lines that billed a day of it, the newest first. Stretches follow each other."""
    starts, ends = [one.start for one in stretches], [one.end for one in stretches]
    lines: list[list[_Billed]] = [[] for _ in stretches]
    for line in sorted(billed, key=lambda one: one.newest, reverse=True):
        first, until = line.days
        for place in range(bisect_right(ends, first), bisect_left(starts, until)):
            lines[place].append(line)
    yield from zip(stretches, lines, strict=True)


def _segments(stretch: Stretch, billed: Sequence[_Billed]) -> list[_Segment]:
    """The days of a stretch by the line that they are taken from: the newest that billed them and of which no credit
    has given them back. Where that is none, it is the newest that billed them: there is nothing left of them."""
    rest: list[Days] = [(stretch.start, stretch.end)]
    found = []
    for is_left in (True, False):
        for line in billed:
            for days in line.free if is_left else (line.days,):
                found += [_Segment(start, end, line, is_left) for start, end in _shared(rest, days)]
                rest = _without(rest, days)
    return sorted([*found, *(_Segment(start, end) for start, end in rest)], key=lambda one: one.start)


def _shared(days: Iterable[Days], others: Days) -> list[Days]:
    both = ((max(start, others[0]), min(end, others[1])) for start, end in days)
    return [(start, end) for start, end in both if start < end]


def _without(days: Iterable[Days], others: Days) -> list[Days]:
    rest = []
    for start, end in days:
        rest += [(start, min(end, others[0])), (max(start, others[1]), end)]
    return [(start, end) for start, end in rest if start < end]
