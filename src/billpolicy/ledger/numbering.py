"""Every counter of a ledger with the numbers that documents have of it, and what is missing among them.

What the ledger drew has no gaps, which `check.py` asks. What was imported may have some: each is told, with the reason
that a void number gives for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from billpolicy.book.numbers import counter_in, fields_of
from billpolicy.ledger.reading import void_numbers_of
from billpolicy.ledger.statements import Connection
from billpolicy.posting.numbering import Missing, Numbering

_COUNTERS = "SELECT prefix, kind, last, source FROM counters ORDER BY prefix"
_NUMBERS = """
SELECT number, kind, status, posted_as, prefix, start, counter FROM documents ORDER BY prefix, counter, number
"""
_STATUS = {"draft": "a draft that is not posted", "canceled": "a draft that was canceled"}


class _One(NamedTuple):
    """A number of a counter that a document has, or that is void."""

    counter: int
    number: str
    start: int | None
    """Of one that was drawn: where its series was told to begin then."""
    missing: Missing | None
    """Why no posted document has it."""


def numbering(connection: Connection) -> list[Numbering]:
    """Every counter, by its name."""
    rows = connection.rows(_COUNTERS)
    kinds = {row[0]: row[1] for row in rows}
    found: dict[str, list[_One]] = defaultdict(list)
    for number, kind, status, posted_as, prefix, start, counter in connection.each(_NUMBERS):
        name = prefix or _counter_of(number, kind, kinds)
        if name is None:
            continue
        why = f"a draft, posted as {posted_as}" if posted_as else _STATUS.get(status)
        missing = None if why is None else Missing(number, number, 1, "draft", why)
        found[name].append(_One(counter or counter_in(number, name) or 0, number, start, missing))
    for void in void_numbers_of(connection, None).values():
        name = _counter_of(void.number, void.kind, kinds)
        if name is not None:
            said = void.reason if void.date is None else f"{void.reason} ({void.date})"
            missing = Missing(void.number, void.number, 1, "void", said)
            found[name].append(_One(counter_in(void.number, name) or 0, void.number, None, missing))
    return [_numbering(name, kind, last, source, found[name]) for name, kind, last, source in rows]


def uncounted(connection: Connection) -> int:
    """How many imported documents have a number of no counter that there is."""
    kinds = {row[0]: row[1] for row in connection.rows(_COUNTERS)}
    numbers = connection.each(_NUMBERS)
    return sum(
        prefix is None and _counter_of(number, kind, kinds) is None for number, kind, _, _, prefix, *_ in numbers
    )


def _counter_of(number: str, kind: str, kinds: Mapping[str, str]) -> str | None:
    """The counter of an imported number: of several the one with the longest name, since validation lets no two series
    of a policy meet."""
    before = (number[: len(number) - place] for place in range(1, len(_digits(number)) + 1))
    literal = [name for name in before if kinds.get(name) == kind]
    others = [name for name in kinds if fields_of(name) and kinds[name] == kind]
    alike = [name for name in others if counter_in(number, name) is not None]
    return max((*literal, *alike), key=lambda name: (len(name), name), default=None)


def _numbering(name: str, kind: str, last: int, source: str | None, found: list[_One]) -> Numbering:
    found = sorted(found, key=lambda one: (one.counter, one.number))
    posted = [one for one in found if one.missing is None]
    width = min((len(_digits(one.number)) for one in found), default=1)
    if found and not fields_of(name):
        width = min(len(one.number) - len(name) for one in found)
    return Numbering(
        name=name,
        kind=kind,
        source=source,
        first=posted[0].number if posted else None,
        last=posted[-1].number if posted else None,
        count=len(posted),
        drawn=sum(one.start is not None for one in posted),
        next=f"{name}{last + 1:0{width}d}",
        missing=tuple(_in_a_row(_missing(name, width, found))),
    )


def _missing(name: str, width: int, found: list[_One]) -> Iterator[Missing]:
    """What is missing between the lowest and the highest number, by number."""
    before = found[0].counter if found else 0
    for one in found:
        count = one.counter - before - 1
        if count > 0:
            first, last = (f"{name}{counter:0{width}d}" for counter in (before + 1, one.counter - 1))
            begun = one.start == one.counter
            why = f"the policy let numbers begin at {one.start}" if begun else None
            yield Missing(first, last, count, "start" if begun else "missing", why)
        if one.missing is not None:
            yield one.missing
        before = one.counter


def _in_a_row(found: Iterable[Missing]) -> Iterator[Missing]:
    """Void numbers that follow each other for one reason, as one."""
    held: Missing | None = None
    for one in found:
        if held is not None and _goes_on(held, one):
            held = replace(held, last=one.last, count=held.count + one.count)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _goes_on(held: Missing, one: Missing) -> bool:
    alike = held.what == one.what == "void" and held.reason == one.reason
    return alike and int(_digits(one.first)) == int(_digits(held.last)) + 1


def _digits(number: str) -> str:
    """The digits that a number ends with."""
    return number[len(number.rstrip("0123456789")) :]
