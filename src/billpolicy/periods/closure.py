"""Which lines belong together, so that a correction of one takes the others. docs/domain.md 7.

Lines are related where the days of one cannot be rated without the other. A correction that bills again takes later
periods, too: they were billed following the mistake. The closure is the least set that contains what was selected and,
with each line, all that its rules pull in.

A line is whole: charges that are combined on it come together, and each pulls in what belongs to it. Lines that were
unwound before are found, and so are the periods that were excluded from billing, but neither pulls in anything: there
is nothing left of them that could be wrong.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.model import EXCLUDED, UNWOUND, ChargePeriod, Invoice, Item, SubscribedCharge
from billpolicy.periods.charge_periods import charge_periods

Rule = Literal["discount", "item", "minimum_maximum", "prepaid", "later"]
"""Why a line is pulled in by another one, in the order in which reasons count.

`discount`: one reduces the other. `item`: both bill charges of the same subscription item, on days that they share.
`minimum_maximum`: so do they, and one is the minimum or maximum of the item. `prepaid`: one is a prepaid charge, the
other bills usage that draws from it, on days that they share, or as the usage is on record. `later`: it bills the same
subscription item from the end of the other one's days on, or after that.
"""
RULES: tuple[Rule, ...] = get_args(Rule)
_NEVER = datetime.date.min
_Days = tuple[datetime.date, datetime.date]
"""`[from, until)`."""
_Place = tuple[str, str]
"""Among what a charge is looked for: what it is there, and the subscription item."""


class Pulled(NamedTuple):
    """A line of an invoice that belongs to the closure."""

    line: BilledLine
    rule: Rule | None
    """None: it was selected."""
    by: BilledLine | None
    """The line that pulled it in."""
    periods: tuple[ChargePeriod, ...]
    """What it bills, by charge; nothing of a line that names no charge or no days."""

    @property
    def is_unwound(self) -> bool:
        """Whether a correction or a reversal has unwound it before."""
        return _is_unwound(self)


class PulledExcluded(NamedTuple):
    """A period of the closure that no line bills, since it was excluded from billing."""

    period: ChargePeriod
    rule: Rule
    by: BilledLine


class Closed(NamedTuple):
    """What belongs to a selection, newest first.

    Lines are in one total order: by the first day that they bill and then by the last one, the newest first; of the
    same days by the date of the invoice, the newest first, and by its number; on one invoice by line and id. Excluded
    periods are by first day, newest first, and then by id.
    """

    lines: tuple[Pulled, ...]
    excluded: tuple[PulledExcluded, ...]


def closure(book: Book, selected: Iterable[BilledLine], *, later: bool, related: bool = True) -> Closed:
    """The least set of lines that contains those selected, and with each line what its rules pull in.

    *later*: whether later periods come, too; *related*: whether related lines do. Lines of open drafts are lines, those
    of canceled drafts are not. *selected* are lines of invoices that the book has; else it raises `KeyError`.

    What is selected pulls in, then what that has pulled in, and so on. A line that several would pull in at the same
    time is pulled in by the first rule of `RULES`, and of that by the first line in the order of `Closed`. Nothing
    depends on the order of anything that is given.
    """
    selected = set(selected)
    rules = tuple(rule for rule in RULES if (later if rule == "later" else related))
    lines = _Lines(book, None if rules else {one.document for one in selected})
    reasons: dict[_Line, tuple[Rule | None, BilledLine | None]] = {}
    excluded: dict[str, PulledExcluded] = {}
    new = _in_order(lines.line(one) for one in selected)
    reasons.update((line, (None, None)) for line in new)
    while new:
        found = []
        pulling = [line for line in new if not _is_unwound(line)]
        for rule in rules:
            for line in pulling:
                for one in lines.settled_with(line) if rule == "discount" else line.pulled_in(rule):
                    if isinstance(one, ChargePeriod):
                        excluded.setdefault(one.id, PulledExcluded(one, rule, line.name))
                    elif one not in reasons:
                        reasons[one] = rule, line.name
                        found.append(one)
        new = _in_order(found)
    return Closed(
        tuple(Pulled(line.name, *reasons[line], tuple(line.periods)) for line in _in_order(reasons)),
        tuple(sorted(excluded.values(), key=lambda one: (-one.period.from_.toordinal(), one.period.id))),
    )


class _Line:
    """A line, what it bills, and where it stands in the total order."""

    __slots__ = ("_of", "name", "order", "periods")

    def __init__(
        self, invoice: Invoice, item: Item, of: _OfSubscription | None = None, periods: Sequence[ChargePeriod] = ()
    ) -> None:
        self.name = BilledLine(invoice.number, item.id)
        self.periods = tuple(periods)
        self._of = of
        first = periods[0].from_ if periods else item.service_start or invoice.date
        end = periods[0].until if periods else first
        on_invoice = 10**9 if item.line is None else item.line, item.id
        self.order = (-first.toordinal(), -end.toordinal(), -invoice.date.toordinal(), invoice.number, *on_invoice)

    def pulled_in(self, rule: Rule) -> Iterable[_Found]:
        """What it pulls in by a rule about charges and days; not always what the rule has told before."""
        return () if self._of is None else self._of.pulled_in(self, rule)


_Found = _Line | ChargePeriod
"""A line, or a period that was excluded."""


def _in_order(lines: Iterable[_Line]) -> list[_Line]:
    return sorted(lines, key=attrgetter("order"))


def _is_unwound(line: Pulled | _Line) -> bool:
    return any(period.status in UNWOUND for period in line.periods)


class _Lines:
    """The lines of a book, invoice by invoice and subscription by subscription as they are asked for."""

    def __init__(self, book: Book, documents: Collection[str] | None) -> None:
        """*documents*: of these invoices alone; None of all."""
        self._book = book
        self._documents = documents
        self._invoices: dict[str, _OfInvoice] = {}
        self._subscriptions: dict[str, _OfSubscription] = {}
        self._others: dict[BilledLine, _Line] = {}
        """Lines that tell no charge or no days."""
        self._recorded = {
            BilledLine(period.document, period.item): period.subscription
            for period in book.charge_periods.values()
            if period.document is not None and period.item is not None
            if documents is None or period.document in documents
        }
        """Lines of which a period is on record, also where they do not name the subscription themselves."""

    def line(self, name: BilledLine) -> _Line:
        """The line of this name. Raises `KeyError`."""
        on = self._on(name.document)
        item = on.items[name.item]
        subscription = self._recorded.get(name, item.subscription)
        if subscription is not None and subscription in self._book.subscriptions:
            billed = self._of(subscription).lines.get(name)
            if billed is not None:
                return billed
        return self._others.setdefault(name, _Line(on.invoice, item))

    def settled_with(self, line: _Line) -> Iterable[_Line]:
        """What a line discounts, and what discounts it."""
        number, item = line.name
        return [self.line(BilledLine(number, id)) for id in self._on(number).settled_with(item)]

    def _on(self, number: str) -> _OfInvoice:
        if number not in self._invoices:
            self._invoices[number] = _OfInvoice(self._book, number)
        return self._invoices[number]

    def _of(self, id: str) -> _OfSubscription:
        if id not in self._subscriptions:
            self._subscriptions[id] = _OfSubscription(self._book, id, self._on, self._documents)
        return self._subscriptions[id]


class _OfInvoice:
    """The lines of one invoice, and which are discounts of which."""

    def __init__(self, book: Book, number: str) -> None:
        invoice = book.numbered[number]
        if not isinstance(invoice, Invoice):
            raise KeyError(number)
        self.invoice = invoice
        self.items = {item.id: item for item in invoice.items}
        self._settled: dict[str, list[str]] = defaultdict(list)
        for item in invoice.items:
            if item.discounts is not None:
                self._settled[item.discounts].append(item.id)
                self._settled[item.id].append(item.discounts)

    def settled_with(self, id: str) -> Sequence[str]:
        """The line that this one discounts, and those that discount it."""
        return self._settled.get(id, ())


class _OfSubscription:
    """The lines and the excluded periods of one subscription, by what they are looked for as."""

    def __init__(
        self, book: Book, subscription: str, on: Callable[[str], _OfInvoice], documents: Collection[str] | None
    ) -> None:
        self._charges = {charge.id: charge for charge in book.subscriptions[subscription].charges}
        excluded, billed = [], defaultdict(list)
        for period in charge_periods(book, subscription, documents):
            if period.status in EXCLUDED:
                excluded.append(period)
            elif period.item is not None and _counts(book, period):
                billed[BilledLine(period.document or "", period.item)].append(period)
        self.lines = {
            name: _Line(on(name.document).invoice, on(name.document).items[name.item], self, periods)
            for name, periods in billed.items()
        }
        at: dict[_Place, dict[_Days, list[_Found]]] = defaultdict(lambda: defaultdict(list))
        places = {id: tuple(_places(charge)) for id, charge in self._charges.items()}
        found: list[_Found] = [*excluded, *self.lines.values()]
        for one in found:
            for period in (one,) if isinstance(one, ChargePeriod) else one.periods:
                for place in places[period.charge]:
                    at[place][period.from_, period.until].append(one)
        spans = {place: _Spans(found) for place, found in at.items()}
        self._looked_for = {
            (rule, id): [spans[place] for place in _related(charge, rule) if place in spans]
            for rule in RULES
            for id, charge in self._charges.items()
        }
        self._drawn = self._links(book, subscription)

    def pulled_in(self, line: _Line, rule: Rule) -> list[_Found]:
        """What a line pulls in, itself maybe among it.

        What the same rule has told once it does not always tell again: so a line is looked at a few times in all, and
        not once for each other line that would pull it in.
        """
        pulled: list[_Found] = []
        for period in line.periods:
            for spans in self._looked_for[rule, period.charge]:
                if rule == "later":
                    pulled += spans.take_later(period.until)
                else:
                    pulled += spans.take_shared(period.from_, period.until)
        if rule == "prepaid":
            pulled += self._drawn.get(line, ())
        return pulled

    def _links(self, book: Book, subscription: str) -> Mapping[_Line, Iterable[_Line]]:
        """Each line -> those whose usage was drawn from it, or which its usage was drawn from, as that is on record."""
        links: dict[_Line, set[_Line]] = defaultdict(set)
        records = [one for one in book.usage_records(subscription) if one.drawn_from]
        if not records:
            return links
        billed = [(period, line) for line in self.lines.values() for period in line.periods]
        prepaid = {period.id: line for period, line in billed}
        usage: dict[tuple[str, str], list[tuple[ChargePeriod, _Line]]] = defaultdict(list)
        for period, line in sorted(billed, key=lambda one: one[0].from_):
            usage[line.name.document, self._charges[period.charge].first].append((period, line))
        for record in records:
            # A document bills the usage of a day once, by the charge that it names or one in a chain with it.
            billing = usage.get((record.billed_by or "", self._charges[record.charge].first), [])
            place = bisect_right(billing, record.date, key=lambda one: one[0].from_) - 1
            drawn_from = prepaid.get(record.drawn_from or "")
            if drawn_from is not None and place >= 0 and record.date < billing[place][0].until:
                links[drawn_from].add(billing[place][1])
                links[billing[place][1]].add(drawn_from)
        return links


def _counts(book: Book, period: ChargePeriod) -> bool:
    """Whether a period stands on a line of an invoice in force or of an open draft."""
    invoice = book.numbered.get(period.document or "")
    return isinstance(invoice, Invoice) and (invoice.status == "posted" or invoice.is_open_draft)


def _places(charge: SubscribedCharge) -> Iterator[_Place]:
    """What a charge can be looked for as."""
    yield "rate" if charge.bills == "rate" else "limit", charge.of_item
    if charge.usage:
        yield "usage", charge.of_item
    for item in charge.drawn_by:
        yield "prepaid", item


def _related(charge: SubscribedCharge, rule: Rule) -> Iterator[_Place]:
    """What a charge pulls in by a rule."""
    item = charge.of_item
    if rule == "item" and charge.bills == "rate":
        yield "rate", item
    if rule == "minimum_maximum":
        yield "limit", item
        if charge.bills != "rate":
            yield "rate", item
    if rule == "prepaid":
        if charge.usage:
            yield "prepaid", item
        for other in charge.drawn_by:
            yield "usage", other
    if rule == "later":
        yield "rate", item
        yield "limit", item


class _Spans:
    """What stands on days, to be taken by days that it shares or follows, in either way at most once.

    A tree over the spans in the order of their first days, with the latest end below each node: so each is found in the
    logarithm of how many there are.
    """

    def __init__(self, spans: Mapping[_Days, list[_Found]]) -> None:
        in_order = sorted(spans)
        self._found = [spans[days] for days in in_order]
        self._starts = [start for start, _ in in_order]
        self._asked: set[_Days] = set()
        self._untaken = len(in_order)
        """Those from here on were taken as later ones."""
        self._size = 1 << (len(in_order) - 1).bit_length()
        ends = [end for _, end in in_order]
        self._latest = [_NEVER] * self._size + ends + [_NEVER] * (self._size - len(ends))
        for node in range(self._size - 1, 0, -1):
            self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])

    def take_shared(self, start: datetime.date, end: datetime.date) -> list[_Found]:
        """What has a day within `[start, end)`."""
        taken: list[_Found] = []
        if (start, end) in self._asked:
            return taken
        self._asked.add((start, end))
        self._take(1, 0, self._size, bisect_left(self._starts, end), start, taken)
        return taken

    def take_later(self, day: datetime.date) -> list[_Found]:
        """What begins on a day or after it."""
        first = bisect_left(self._starts, day, hi=self._untaken)
        taken = [one for found in self._found[first : self._untaken] for one in found]
        self._untaken = first
        return taken

    def _take(self, node: int, first: int, size: int, end: int, start: datetime.date, taken: list[_Found]) -> None:
        """Of the spans under a node, which are `first` and those behind it, take those before `end` that end after
        `start`."""
        if first >= end or self._latest[node] <= start:
            return
        if size == 1:
            self._latest[node] = _NEVER
            taken += self._found[first]
            return
        half = size // 2
        self._take(2 * node, first, half, end, start, taken)
        self._take(2 * node + 1, first + half, half, end, start, taken)
        self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])
