"""What a program hands in, checked: a mistake of it is told here, and not by something deep inside."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each, type_of
from billpolicy.planning.request import Instruction
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Outcome
from billpolicy.posting.store import Store
from billpolicy.source.composed import composed
from billpolicy.source.scalars import read_digest, read_prose, read_text
from billpolicy.source.today import today as utc_today

Operation = Mapping[str, Any] | Instruction
"""What is asked for: a mapping like an entry of an operations file, or what `load_operations` gave."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
Watch = Callable[[Iterable[Outcome], Callable[[], int], str], Iterable[Outcome]]
"""Is given what comes, how many there will be as far as is known by then, and what is being done, and gives it on."""


def expect_to_read(on: Book | Store) -> None:
    """Raises `TypeError` for what can be no place to plan on."""
    if not isinstance(on, Book) and not hasattr(on, "reading"):
        raise TypeError(f"`on` must be a Book or a ledger, not {type_of(on)}; `book_from` makes a Book of plain dicts")


def expect_to_post(policy: Versions, ledger: Store) -> None:
    """Raises `TypeError` for what nothing can be posted to."""
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_ledger(ledger)


def expect_ledger(ledger: Store) -> None:
    """Raises `TypeError` for what is no ledger."""
    if not hasattr(ledger, "writing"):
        raise TypeError(f"`ledger` must be what `open_ledger` or `create_ledger` gives, not {type_of(ledger)}")


def person(who: str, what: str = "who", does: str = "posts") -> str:
    """Who does something, as the audit trail names them: what it shows can forge nothing. Raises `ValueError`."""
    expect(who, str, f"`{what}` must be a text")
    try:
        return read_text(who)
    except ValueError as error:
        raise ValueError(f"`{what}` must name the person who {does}: {error}") from None


def known_by(name: str, what: str = "id") -> str:
    """What something is known by, in the form in which that is kept. Raises `TypeError` for what is no text."""
    expect(name, str, f"`{what}` must be a text")
    return composed(name)


def remark(text: str | None, what: str) -> str | None:
    """What is to be remembered, on one line. Raises `ValueError`."""
    if text is None:
        return None
    expect(text, str, f"`{what}` must be a text")
    try:
        return read_prose(text)
    except ValueError as error:
        raise ValueError(f"`{what}` cannot be kept: {error}") from None


def request_of(id: str | None) -> str | None:
    """The id of a request, as the audit trail and logs have it. Raises `ValueError`."""
    if id is None:
        return None
    expect(id, str, "`request` must be a text")
    if not _REQUEST_ID.fullmatch(id):
        raise ValueError("`request` must be 1 to 64 letters, digits, `.`, `_` and `-`")
    return id


def several(operations: Iterable[Operation]) -> Iterable[Operation]:
    """The operations; raises `TypeError` for one of them, or a text."""
    if isinstance(operations, Mapping | str) or not isinstance(operations, Iterable):
        raise TypeError(f"`operations` must be several of them, like a list, not {type_of(operations)}")
    return operations


def day_of(today: datetime.date | None) -> datetime.date:
    """The day of planning, by default the one that it is now in UTC."""
    if today is None:
        return utc_today()
    expect_day(today, "today")
    return today


def expect_day(found: datetime.date | None, what: str) -> None:
    """Raises `TypeError` for what is no date; nothing may be."""
    if found is not None and (not isinstance(found, datetime.date) or isinstance(found, datetime.datetime)):
        raise TypeError(f"`{what}` must be a date, not {type_of(found)}")


def moment_of(now: datetime.datetime | None) -> datetime.datetime:
    """The moment of posting, by default now; raises `ValueError` where it has no time zone."""
    moment = now or utc_now()
    expect(moment, datetime.datetime, "`now` must be a moment, with a time zone")
    if moment.tzinfo is None:
        raise ValueError("`now` needs a time zone")
    return moment


def utc_now() -> datetime.datetime:
    """The moment that it is."""
    return datetime.datetime.now(datetime.UTC)


def confirmed_by(digests: Iterable[str], yes: bool) -> Confirmed:
    """What is confirmed of what an operation takes along. Raises `ValueError` for what is no digest."""
    if isinstance(digests, str):
        raise TypeError("`confirm` must be several digests, like a list, not `str`")
    every = expect_each(digests, str, "`confirm` must be several digests, like a list")
    return Confirmed(tuple(map(read_digest, every)), yes)
