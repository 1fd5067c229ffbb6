"""What became of a line, and what it came of: billed, credited, written off, reopened, billed again. docs/trail.md.

The trail of a line is everything that hangs together with it: the line that billed the time first, each memo that gave
of that back, the charge period that was reopened with it, the line that billed that period again, and what became of
that one. It is the same from whichever of them it is asked, and it has an end, whatever a book says.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple, get_args

from billpolicy.billing.rating import BilledLine
from billpolicy.billing.undo import gives_back
from billpolicy.book.book import Book, Place
from billpolicy.book.changes import billing
from billpolicy.book.model import (
    EXCLUDED,
    OPEN_AGAIN,
    BillingDocument,
    ChargePeriod,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Numbered,
)
from billpolicy.periods.charge_periods import periods_billed
from billpolicy.periods.given_back import left_of, net_left
from billpolicy.periods.locked import locks

StepKind = Literal[
    "billed",
    "excluded",
    "credited",
    "written_off",
    "reversed",
    "debited",
    "taken_back",
    "reopened",
    "billed_again",
]
"""`debited`: more was asked for, by a debit memo made from the line. `taken_back`: by one made from a memo, which is
reversed so or, of a write-off, undone."""
Node = BilledLine | str
"""What steps lead to: a line, or the id of a charge period that is on record."""
_KINDS = get_args(StepKind)
_DAY = datetime.timedelta(days=1)


class Step(NamedTuple):
    """One thing that happened."""

    what: StepKind
    date: datetime.date
    """Of the document by which it happened."""
    of: BilledLine | None = None
    """The line to which it happened; without it, it happened to `period`, or the step begins the trail."""
    by: BilledLine | None = None
    """The line by which it happened; without it, `period` is what came of it."""
    period: ChargePeriod | None = None
    """The charge period that was excluded, reopened or billed again, as it is on record now."""
    operation: str | None = None
    """The id of the operation that did it; without it, it came with the book."""

    @property
    def node(self) -> Node:
        """What it leads to."""
        if self.by is not None:
            return self.by
        assert self.period is not None
        return self.period.id


@dataclass(frozen=True, slots=True)
class TracedLine:
    """A line of a trail, as it stands now."""

    line: BilledLine
    document: BillingDocument
    item: Item
    left: Decimal | None
    """Of a line of an invoice what is not given back, without tax, with its discounts; None of a discount, which is
    settled with its item, and of other documents."""
    periods: tuple[ChargePeriod, ...]
    """The charge periods that it billed."""
    locked: bool
    """Whether a correction has processed it: its document is not undone any more, and it takes no other memo."""


@dataclass(frozen=True, slots=True)
class Trail:
    """All that hangs together with a line."""

    steps: tuple[Step, ...]
    """As they were posted; of a book, by date. None comes before the one that it follows from."""
    lines: tuple[TracedLine, ...]
    """The lines that the steps lead to, in their order."""


def called(book: Book, name: str) -> tuple[Node, ...]:
    """What goes by a name: a line, like `INV00000001/3`, every line of a document, or a charge period.

    Numbers and items may have slashes, too, so a name can mean several lines: then it means all of them. A draft that
    was posted is what it was posted as.
    """
    trails = _Trails(book, {}, {})
    document = book.numbered.get(name)
    items = document.items if isinstance(document, Document) else ()
    found: list[Node | None] = [trails.line(name, item.id) for item in items]
    for number, item in _cut(name):
        found.append(trails.line(number, item))
        found += trails.lines_telling(number, name)
    period = book.charge_periods.get(name)
    if period is not None:
        found.append(trails.line(period.document, period.item) or period.id)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def numbers_in(name: str) -> tuple[str, ...]:
    """The numbers that a name may mean a document, or a line of one, by."""
    return (name, *(number for number, _ in _cut(name)))


def _cut(name: str) -> Iterator[tuple[str, str]]:
    """A name in two, at each of its slashes."""
    return ((name[:place], name[place + 1 :]) for place, letter in enumerate(name) if letter == "/")


def trails_of(
    book: Book,
    nodes: Iterable[Node],
    made_by: Mapping[str, str] | None = None,
    posted: Mapping[str, int] | None = None,
) -> tuple[Trail, ...]:
    """The trails of lines and charge periods, in their order; each once, also where several of them are on it.

    `made_by`: the number of a document -> the id of the operation that made it; `posted`: that -> its place among all
    that were posted. Both are a ledger's: whatever has none came before all that has.
    """
    trails = _Trails(book, made_by or {}, posted or {})
    told: set[Node] = set()
    found = []
    for node in nodes:
        if node not in told:
            together = trails.together(node)
            told.update(together)
            found.append(trails.trail(together))
    return tuple(found)


class _Days(NamedTuple):
    """The days `[first, last]` of the charges on a line."""

    line: BilledLine
    charges: frozenset[str]
    first: datetime.date
    last: datetime.date

    def overlaps(self, other: _Days) -> bool:
        return bool(self.charges & other.charges) and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class _Billed:
    """What bill runs have on the lines of a subscription."""

    time: dict[BilledLine, _Days] = field(default_factory=dict)
    """The lines that bill days."""
    credits: dict[BilledLine, list[BilledLine]] = field(default_factory=lambda: defaultdict(list))
    """A line -> those that give of its days back."""
    unnamed: dict[BilledLine, _Days] = field(default_factory=dict)
    """Those that do so without naming it, as in a book from elsewhere: what they give back, their days tell."""


class _Trails:
    """A book, and what in it leads to what."""

    def __init__(self, book: Book, made_by: Mapping[str, str], posted: Mapping[str, int]) -> None:
        self._book, self._made_by, self._posted = book, made_by, posted
        self._items, self._left, self._told = cache(self._items_of), cache(self._left_of), cache(self._told_of)
        self._billed = cache(self._billed_of)
        self._of: dict[BilledLine, list[ChargePeriod]] = defaultdict(list)
        """A line -> the charge periods on record that it billed; that it unwound; that it billed again."""
        self._unwound: dict[BilledLine, list[ChargePeriod]] = defaultdict(list)
        self._again: dict[BilledLine, list[ChargePeriod]] = defaultdict(list)
        for period in book.charge_periods.values():
            for periods, line in (
                (self._of, self.line(period.document, period.item)),
                (self._unwound, self.line(period.memo, period.memo_item)),
                (self._again, self.line(period.rebilled_by, period.rebilled_item)),
            ):
                if line is not None:
                    periods[line].append(period)

    def line(self, number: str | None, item: str | None) -> BilledLine | None:
        """A line of a document, of a draft as it was posted; None where there is none, or it was canceled."""
        document = self._book.numbered.get(number or "")
        if isinstance(document, Document) and document.posted_as is not None:
            document = self._book.numbered.get(document.posted_as)
        if item is None or not isinstance(document, Document) or not _is_there(document):
            return None
        return BilledLine(document.number, item) if item in self._items(document.number) else None

    def lines_telling(self, number: str, period: str) -> Iterator[BilledLine]:
        """The line of an invoice that tells of the charge period of this id."""
        document = self._book.numbered.get(number)
        if isinstance(document, Invoice) and _is_there(document):
            for item, told in self._told(number).items():
                if any(one.id == period for one in told):
                    yield BilledLine(number, item)

    def together(self, node: Node) -> list[Node]:
        """All that hangs together with one, itself first."""
        found = {node: None}
        waiting = [node]
        for one in waiting:
            for other in (*self._before(one), *(step.node for step in self._after(one))):
                if other not in found:
                    found[other] = None
                    waiting.append(other)
        return waiting

    def trail(self, together: list[Node]) -> Trail:
        """What happened to all of these: of all that can have happened next, always the earliest."""
        steps: dict[Step, None] = {}
        known: set[Node] = set()
        oldest_first = sorted(together, key=lambda node: self._entry(self._beginning(node))[:-1])
        beginnings = [node for node in oldest_first if not any(True for _ in self._before(node))]
        # What is left then has come of itself, as no ledger says: it begins with the oldest.
        for begin in (beginnings, *([node] for node in oldest_first)):
            waiting = [self._entry(self._beginning(node)) for node in begin if node not in known]
            heapify(waiting)
            while waiting:
                step = heappop(waiting)[-1]
                steps[step] = None
                if step.node not in known:
                    known.add(step.node)
                    for after in self._after(step.node):
                        heappush(waiting, self._entry(after))
        lines = dict.fromkeys(step.node for step in steps if isinstance(step.node, BilledLine))
        return Trail(tuple(steps), tuple(map(self._traced, lines)))

    def _entry(self, step: Step) -> tuple[int, datetime.date, int, list[str], Step]:
        """A step behind what it is ordered by."""
        place = -1 if step.operation is None else self._posted.get(step.operation, -1)
        names = [*(step.by or ()), *(step.of or ()), "" if step.period is None else step.period.id]
        return place, step.date, _KINDS.index(step.what), names, step

    def _beginning(self, node: Node) -> Step:
        """The step that a trail begins with: of a line, its document; of a charge period that no line billed, that."""
        if isinstance(node, BilledLine):
            document = self._book.numbered[node.document]
            return self._by(_made(None, document), None, node)
        period = self._book.charge_periods[node]
        what: StepKind = "excluded" if period.status in EXCLUDED else "reopened"
        return Step(what, period.from_, period=period, operation=period.operation)

    def _before(self, node: Node) -> Iterator[Node]:
        """What led to a line or a charge period."""
        if isinstance(node, str):
            period = self._book.charge_periods[node]
            line = self.line(period.memo, period.memo_item) or self.line(period.document, period.item)
            if line is not None:
                yield line
            return
        document, item = self._found(node)
        yield from (period.id for period in self._again[node])
        source = self.line(document.related or item.source, item.source_item)
        unwound = (self.line(period.document, period.item) for period in self._unwound[node])
        yield from (line for line in (source, *unwound) if line is not None)
        billed = self._billed(item.subscription)
        if node in billed.unnamed:
            yield from (line for line, days in billed.time.items() if days.overlaps(billed.unnamed[node]))

    def _after(self, node: Node) -> Iterator[Step]:
        """What happened to a line or a charge period next."""
        if isinstance(node, str):
            period = self._book.charge_periods[node]
            line = self.line(period.rebilled_by, period.rebilled_item)
            if line is not None:
                yield self._by("billed_again", None, line, period)
            return
        document, item = self._found(node)
        yield from (self._by(_made(document, self._found(line)[0]), node, line) for line in self._made_from(node))
        for period in self._of[node]:
            memo = self.line(period.memo, period.memo_item)
            if memo is not None:
                by = self._found(memo)[0]
                # What an invoice gives back stands on it beside what it bills.
                yield self._by("credited" if isinstance(by, Invoice) else _made(document, by), node, memo)
            elif period.status in OPEN_AGAIN:
                yield Step("reopened", document.date, node, None, period, period.operation)
        for period in self._unwound[node]:
            if period.status in OPEN_AGAIN:
                yield Step("reopened", document.date, node, None, period, self._made_by.get(node.document))
        billed = self._billed(item.subscription)
        credits = billed.credits.get(node, [])
        if node in billed.time:
            credits = [*credits, *(line for line, days in billed.unnamed.items() if days.overlaps(billed.time[node]))]
        yield from (self._by("credited", node, line) for line in credits)

    def _by(self, what: StepKind, of: BilledLine | None, by: BilledLine, period: ChargePeriod | None = None) -> Step:
        """A step that a line of a document made."""
        document = self._book.numbered[by.document]
        return Step(what, document.date, of, by, period, self._made_by.get(by.document))

    def _made_from(self, line: BilledLine) -> Iterator[BilledLine]:
        """The lines of the memos that were made from a line."""
        for memo in self._book.created_from.get(line.document, ()):
            if _is_there(memo):
                yield from (BilledLine(memo.number, item.id) for item in memo.items if item.source_item == line.item)

    def _found(self, line: BilledLine) -> tuple[BillingDocument, Item]:
        return billing(self._book, line.document), self._items(line.document)[line.item]

    def _items_of(self, number: str) -> dict[str, Item]:
        return {item.id: item for item in billing(self._book, number).items}

    def _left_of(self, number: str) -> dict[Place, Decimal]:
        invoice = billing(self._book, number)
        return left_of(self._book, invoice) if isinstance(invoice, Invoice) else {}

    def _told_of(self, number: str) -> dict[str, list[ChargePeriod]]:
        """Item -> the charge periods that it tells of itself."""
        invoice = billing(self._book, number)
        found: dict[str, list[ChargePeriod]] = defaultdict(list)
        for period in periods_billed(self._book, invoice) if isinstance(invoice, Invoice) else ():
            found[period.item or ""].append(period)
        return found

    def _billed_of(self, subscription: str | None) -> _Billed:
        """What bill runs have billed of a subscription, and given back."""
        found = _Billed()
        held = self._book.subscriptions.get(subscription or "")
        charges = {charge.id: charge for charge in held.charges} if held is not None else {}
        for number in self._book.numbers_on.get(subscription or "", ()):
            document = self._book.numbered[number]
            if not isinstance(document, Invoice | CreditMemo) or not _is_there(document) or document.related:
                continue
            for item in document.items:
                line = BilledLine(number, item.id)
                own = [each for each in item.by_charge if each.subscribed_charge in charges]
                if item.source is not None:
                    billed = self.line(item.source, item.source_item)
                    if billed is not None:
                        found.credits[billed].append(line)
                elif item.subscription == subscription and own and item.service_start is not None:
                    names = frozenset(each.subscribed_charge or "" for each in own)
                    days = _Days(line, names, item.service_start, item.service_end or item.service_start)
                    if any(gives_back(each, charges[each.subscribed_charge or ""]) for each in own):
                        found.unnamed[line] = days
                    elif isinstance(document, Invoice):
                        found.time[line] = days
        return found

    def _traced(self, line: BilledLine) -> TracedLine:
        document, item = self._found(line)
        recorded = self._of[line]
        left = None
        if isinstance(document, Invoice) and item.discounts is None:
            left = net_left(document, self._left(line.document), item.id)
        return TracedLine(
            line=line,
            document=document,
            item=item,
            left=left,
            periods=tuple(recorded or self._told(line.document).get(line.item, ())),
            locked=any(locks(self._book, one) for one in (*recorded, *self._unwound[line])),
        )


def _is_there(document: Document) -> bool:
    """Whether it counts: a draft does until it is posted, what was reversed has happened all the same."""
    return document.status != "canceled" and document.posted_as is None


def _made(source: Document | None, memo: Numbered) -> StepKind:
    """What the document did to the one that it was made from."""
    if isinstance(memo, Invoice):
        return "billed"
    if isinstance(memo, DebitMemo):
        return "taken_back" if isinstance(source, CreditMemo) else "debited"
    assert isinstance(memo, CreditMemo)
    if memo.write_off:
        return "written_off"
    return "reversed" if source is not None and source.reversed_ and memo.reversed_ else "credited"
