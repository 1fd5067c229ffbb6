"""Where the money of one payment or memo goes: of each document what was open, what this pays, and what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billpolicy.accounting.movements import Stamps, movement_id, movements_of
from billpolicy.book.book import Book
from billpolicy.book.kinds import KINDS, is_owed
from billpolicy.diagnostics.sentences import counted
from billpolicy.report import changes
from billpolicy.report.html.charts.bars import Bar, Piece, bars, scale_note
from billpolicy.report.html.charts.frame import chart
from billpolicy.report.html.markup import Html, el
from billpolicy.report.html.pieces import table
from billpolicy.report.html.writing import AS_DATA, Writing
from billpolicy.report.plan import PlanReport

MOST = 12
"""Documents that are drawn one by one; what is beyond them is drawn together."""
_ZERO = Decimal(0)


class Share(NamedTuple):
    """What one document gets: what was open of it just before, and how much of that is paid; below zero, what is taken
    back."""

    document: str
    open: Decimal
    paid: Decimal

    @property
    def left(self) -> Decimal:
        """What is open of it then."""
        return self.open - self.paid


@dataclass(frozen=True, slots=True)
class Allocation:
    """The money of one document on others, in the order in which it was put there."""

    source: str
    currency: str
    shares: tuple[Share, ...]


def allocations_of(plan: PlanReport) -> tuple[Allocation, ...]:
    """Those of a plan, without the steps that follow it: one for each document whose money it puts on others, in the
    order in which it does."""
    owed = {one.number: one for one in plan.balances if one.kind in KINDS and KINDS[one.kind].is_owed}
    made = {one.number: one.amount for one in plan.documents}
    open_ = {number: made.get(number, _ZERO) if one.before is None else one.before for number, one in owed.items()}
    shares: dict[str, list[Share]] = {}
    for change in plan.changes:
        if isinstance(change, changes.Applied) and (one := change.application).to in owed:
            share = Share(one.to, open_[one.to], one.amount)
            open_[one.to] = share.left
            shares.setdefault(one.from_, []).append(share)
    return tuple(Allocation(source, owed[of_it[0].document].currency, tuple(of_it)) for source, of_it in shares.items())


def allocation_of(book: Book, source: str, stamps: Stamps | None = None) -> Allocation:
    """What was done with the money of a posted document so far: what was open is told as of just before each time.
    `stamps`: of a ledger, its `Journal.stamps`, by which movements of one day have their order. Raises `KeyError` where
    the book has no such document."""
    currency = book.numbered[source].currency
    open_: dict[str, Decimal] = {}
    shares: dict[str, Share] = {}
    for one in movements_of(book, stamps):
        if one.source == source and one.target is not None and is_owed(book.numbered[one.target]):
            shares[one.id] = Share(one.target, open_.get(one.target, _ZERO), one.amount)
        for effect in one.effects:
            if effect.number is not None:
                open_[effect.number] = open_.get(effect.number, _ZERO) + effect.amount
    # Movements of one day go by number; applications stand in the order in which they were made.
    counts = Counter[str]()
    ids = []
    for made in book.applications_from.get(source, ()):
        counts[made.to] += 1
        ids.append(movement_id(source, made.to, str(counts[made.to])))
    return Allocation(source, currency, tuple(shares[id] for id in ids if id in shares))


def allocation_chart(one: Allocation, writing: Writing = AS_DATA) -> Html:
    """A bar for each document: full as far as it is paid, empty as far as it is left open."""
    if not one.shares:
        return el("p", f"Nothing of {one.source} was put on a document.")
    currency, paid = one.currency, _sum(share.paid for share in one.shares)
    many = len(one.shares) > MOST + 1  # one more is shown itself, and not as the only other one
    shown = one.shares[:MOST] if many else one.shares
    rest = [_others(one.shares[MOST:])] if many else []
    told = (
        f"{each.document}: {_paid(each, currency, writing)}, {_open(each, writing)}, {_left(each, writing)}"
        for each in (*shown, *rest)
    )
    drawn = bars(
        [*(_bar(share, currency, writing) for share in shown), *(_bar(share, currency, writing, ()) for share in rest)]
    )
    count = len({share.document for share in one.shares})
    amounts = [(share.document, share.open, share.paid, share.left) for share in one.shares]
    return chart(
        f"{one.source} {'back from' if paid < 0 else 'on'} {counted(count, 'document')}: "
        f"{writing.plain(abs(paid), currency)}",
        "; ".join(told),
        drawn.height,
        drawn.shapes,
        table(
            ("document", "was open", "paid", "left"),
            [(document, *map(writing.plain, each)) for document, *each in amounts],
            caption=f"amounts in {currency}",
            numbers=("was open", "paid", "left"),
        ),
        scale_note(drawn, currency, writing),
    )


def _others(rest: Sequence[Share]) -> Share:
    """What they come to. It says nothing of any of them, and so gets no bar, beside which each one would look small."""
    return Share(f"and {len(rest):,} others", _sum(one.open for one in rest), _sum(one.paid for one in rest))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)


def _bar(share: Share, currency: str, writing: Writing, pieces: tuple[Piece, ...] | None = None) -> Bar:
    if pieces is None:
        pieces = (Piece("amount", share.paid), Piece("left", share.left))
        if share.paid < 0:
            pieces = (Piece("left", share.open), Piece("back", -share.paid))
    above = (share.document, _paid(share, currency, writing))
    return Bar(above, pieces, (_open(share, writing), _left(share, writing)))


def _paid(share: Share, currency: str, writing: Writing) -> str:
    return f"{'back ' if share.paid < 0 else ''}{writing.plain(abs(share.paid), currency)}"


def _open(share: Share, writing: Writing) -> str:
    told = writing.plain(share.open)
    return f"of {told} open" if share.paid >= 0 else f"{told} open before"


def _left(share: Share, writing: Writing) -> str:
    return f"{writing.plain(share.left)} left" if share.left else "nothing left"
