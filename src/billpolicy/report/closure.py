"""What a correction takes with the lines that were selected, and why: to programs, and as a tree of text."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from billpolicy.billing.rating import BilledLine
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.closure import Rule
from billpolicy.planning.closure import RULES_IN_WORDS, Closure, ClosureLine
from billpolicy.report.results import told
from billpolicy.report.texts import wrapped
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date

_SHOWN = 20
"""Lines of the tree, unless all are asked for."""
_DEEPEST = 8
"""Steps of the tree that are set in; on a screen of 80 columns more would leave no room."""
_DAY = datetime.timedelta(days=1)


@record
class LineName:
    """What names a line of a document."""

    document: str
    item: str


@record
class ClosureLineReport:
    """A line that belongs to what was selected."""

    document: str
    item: str
    subscription: str | None = None
    charges: tuple[str, ...] = ()
    """Of the subscription; several where the line combines them."""
    from_: Date | None = None
    until: Date | None = None
    currency: Currency
    billed: Amount
    """What it was billed at, with its tax."""
    amount: Amount
    """What is credited of it, with its tax."""
    rule: Rule | None = None
    """The rule that pulled it in; without it, the line was selected."""
    by: LineName | None = None
    """The line that pulled it in."""
    left_out: str | None = None
    """Why nothing is done to it."""


@record
class ClosureReport:
    """The lines that a correction takes with those that were selected, in the order in which they are processed."""

    digest: str
    """What is confirmed when it is posted, where lines are taken that were not selected."""
    lines: tuple[ClosureLineReport, ...]


def closure_report(closure: Closure) -> ClosureReport:
    """A closure as it is told to programs."""
    return ClosureReport(digest=closure.digest, lines=tuple(map(_line_report, closure.lines)))


def _line_report(one: ClosureLine) -> ClosureLineReport:
    by = None if one.by is None else told(LineName, one.by)
    return told(ClosureLineReport, one, document=one.line.document, item=one.line.item, by=by)


def closure_text(closure: Closure, *, details: bool = False) -> Iterator[str]:
    """The lines as a tree: below each line those that it pulled in, with the rule, numbered as they are processed.

    Nothing where only selected lines are taken. Of many the first ones, unless `details` asks for all.
    """
    if not closure.added and len(closure.taken) == len(closure.lines):
        return
    count, sums = len(closure.taken), dict.fromkeys(sorted({one.currency for one in closure.taken}), Decimal(0))
    for one in closure.taken:
        sums[one.currency] += one.amount
    amount = " and ".join(f"{amount:,} {currency}" for currency, amount in sums.items())
    what = f"{count:,} {'line' if count == 1 else 'lines'}, {len(closure.added):,} more than selected: {amount}"
    yield from wrapped(f"  closure {closure.short_digest}: ", what)
    places = {one.line: place for place, one in enumerate(closure.taken, start=1)}
    left = len(closure.lines)
    for depth, one in _in_tree(closure):
        if not details and len(closure.lines) - left == _SHOWN:
            yield f"      ... and {left:,} more (`--details` shows all)"
            return
        left -= 1
        number = f"{places[one.line]}." if one.line in places else "-"
        by = f", by {line_name(*one.by)}" if one.by and depth > _DEEPEST else ""
        yield from wrapped(f"      {'  ' * min(depth, _DEEPEST)}{number} ", f"{_line(one)}{by}")


def _line(one: ClosureLine) -> str:
    amount = f"  {one.amount}" if one.left_out is None else ""
    charges = f"  {' + '.join(one.charges)}" if one.charges else ""
    days = f", {one.from_} to {one.until - _DAY}" if one.from_ and one.until else ""
    why = f", {RULES_IN_WORDS[one.rule]}" if one.rule else ""
    left_out = f"; left out: {one.left_out}" if one.left_out else ""
    return f"{line_name(*one.line)}{amount}{charges}{days}{why}{left_out}"


def _in_tree(closure: Closure) -> Iterator[tuple[int, ClosureLine]]:
    """Each line with how deep it stands: after the one that pulled it in, siblings as they are processed."""
    below: dict[BilledLine | None, list[ClosureLine]] = defaultdict(list)
    for one in closure.lines:
        below[one.by].append(one)
    waiting = [(0, one) for one in reversed(below[None])]
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        waiting += [(depth + 1, each) for each in reversed(below[one.line])]
