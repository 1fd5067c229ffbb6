"""What a program hands in, checked: a mistake of it is told here, and not by something deep inside."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.planning.request import Instruction
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Outcome
from billpolicy.posting.store import Store
from billpolicy.source.scalars import read_digest, read_prose, read_text
from billpolicy.source.today import today as utc_today

Operation = Mapping[str, Any] | Instruction
"""What is asked for: a mapping like an entry of an operations file, or what `load_operations` gave."""


Watch = Callable[[Iterable[Outcome], Callable[[], int], str], Iterable[Outcome]]
"""Is given what comes, how many there will be as far as is known by then, and what is being done, and gives it on."""


def expect(found: object, kind: type, wanted: str) -> None:
    """Raises `TypeError` where something is not of that kind."""
    if not isinstance(found, kind):
        raise TypeError(f"{wanted}, not {type_of(found)}")


def expect_to_read(on: Book | Store) -> None:
    """Raises `TypeError` for what can be no place to plan on."""
    if not isinstance(on, Book) and not hasattr(on, "reading"):
        raise TypeError(f"`on` must be a Book or a ledger, not {type_of(on)}; `book_from` makes a Book of plain dicts")


def expect_to_post(policy: Versions, ledger: Store) -> None:
    """Raises `TypeError` for what nothing can be posted to."""
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    if not hasattr(ledger, "writing"):
        raise TypeError(f"`ledger` must be what `open_ledger` or `create_ledger` gives, not {type_of(ledger)}")


def person(who: str, what: str = "who", does: str = "posts") -> str:
    """Who does something, as the audit trail names them: what it shows can forge nothing. Raises `ValueError`."""
    expect(who, str, f"`{what}` must be a text")
    try:
        return read_text(who)
    except ValueError as error:
        raise ValueError(f"`{what}` must name the person who {does}: {error}") from None


def remark(text: str | None, what: str) -> str | None:
    """What is to be remembered, on one line. Raises `ValueError`."""
    if text is None:
        return None
    expect(text, str, f"`{what}` must be a text")
    try:
        return read_prose(text)
    except ValueError as error:
        raise ValueError(f"`{what}` cannot be kept: {error}") from None


def several(operations: Iterable[Operation]) -> Iterable[Operation]:
    """The operations; raises `TypeError` for one of them, or a text."""
    if isinstance(operations, Mapping | str) or not isinstance(operations, Iterable):
        raise TypeError(f"`operations` must be several of them, like a list, not {type_of(operations)}")
    return operations


def day_of(today: datetime.date | None) -> datetime.date:
    """The day of planning, by default the one that it is now in UTC."""
    if today is None:
        return utc_today()
    if not isinstance(today, datetime.date) or isinstance(today, datetime.datetime):
        raise TypeError(f"`today` must be a date, not {type_of(today)}")
    return today


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
    return Confirmed(tuple(map(read_digest, digests)), yes)


def type_of(found: object) -> str:
    """What something is, in words for a message."""
    return "nothing" if found is None else f"`{type(found).__name__}`"
