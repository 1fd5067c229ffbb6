"""The history of a line: its trail, and of a ledger who did each step, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Document
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.periods.trail import Trail, called, numbers_in, trails_of
from billpolicy.posting.store import Audit


@dataclass(frozen=True, slots=True)
class Done:
    """An operation that was posted."""

    operation: str
    """What it is: `credit_memo_from_invoice`; its id stands in the audit entry."""
    audit: Audit


@dataclass(frozen=True, slots=True)
class History:
    """What became of the lines that a name means, and what these came of."""

    asked: str
    """The name: of a line, a document or a charge period."""
    trails: tuple[Trail, ...]
    done: Mapping[str, Done] | None = None
    """Of a ledger: the operations that the steps name, by their ids."""


def history_of(
    book: Book,
    name: str,
    known: Iterable[str],
    made_by: Mapping[str, str] | None = None,
    done: Mapping[str, Done] | None = None,
) -> History:
    """The history of what goes by a name. Raises `Refused` where nothing does.

    `known`: names that may have been meant; `made_by`: the operation that made a document, by its number; `done`: the
    operations in the order in which they were posted.
    """
    nodes = called(book, name)
    if not nodes:
        raise Refused([_unknown(book, name, known)])
    posted = {id: place for place, id in enumerate(done or ())}
    return History(name, trails_of(book, nodes, made_by, posted), done)


def _unknown(book: Book, name: str, known: Iterable[str]) -> Diagnostic:
    """Why nothing goes by a name, as far as that can be told: of a document that is there, which lines it has."""
    for number in numbers_in(name):
        document = book.numbered.get(number)
        if document is None:
            continue
        if not isinstance(document, Document):
            hint = "`ledger show` tells of it; name a line, like `INV00000001/1`, or its document"
            return Diagnostic("unknown", f"`{number}` is {kind_of(document).article}, which has no lines", hint=hint)
        if document.status == "canceled":
            hint = "name a line that was posted"
            return Diagnostic("unknown", f"the draft `{number}` was canceled: nothing came of it", hint=hint)
        item = name.removeprefix(f"{number}/")
        hint = did_you_mean(item, (one.id for one in document.items)) or f"`{number}` alone means all its lines"
        return Diagnostic("unknown", f"`{number}` has no line `{item}`", hint=hint)
    instead = (
        "name a line, like `INV00000001/1`, its document, or, of what was excluded from billing, the charge period, "
        "like `S-1/seats/2026-01-01`"
    )
    hint = did_you_mean(name, known) or instead
    return Diagnostic("unknown", f"there is no line, document or charge period `{name}`", hint=hint)
