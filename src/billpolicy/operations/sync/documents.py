"""Documents and money of a book beside those that are known: they are the ledger's own, so nothing follows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from billpolicy.book.again import as_changed
from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Numbered, UsageRecord
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.operations.sync.found import NotFollowed
from billpolicy.source.differences import differences
from billpolicy.source.write import plain_data


def document(known: Numbered | None, given: Numbered) -> Iterator[NotFollowed]:
    """Why a document of the book is not the one that is known."""
    what = f"{kind_of(given).words} {given.number}"
    if known is None:
        hint = "import it with `ledger import`, or post it here"
        yield _money(given, f"{what} is not in the ledger, and a sync brings no documents", hint)
        return
    mine = _unchecked(as_changed(given, known))
    if mine == known:
        return
    there, here = ({"kind": known.kind}, {"kind": given.kind}) if known.kind != given.kind else _plain(known, mine)
    for differing in differences(there, here):
        message = f"{what} is in the ledger with other content: {differing}"
        yield _money(given, message, "what is posted does not change; correct it by an operation")


def applications(known: Book, given: Book) -> Iterator[NotFollowed]:
    """Money that the book has put on documents, and the ledger has not."""
    for source, made in sorted(given.applications_from.items()):
        missing = Counter(made)
        missing.subtract(known.applications_from.get(source, ()))
        for application, count in missing.items():
            if count > 0:
                message = f"{application.amount} of {source} is on {application.to} in the book, but not in the ledger"
                yield _money(given.numbered[source], message, "apply it here; a sync moves no money")


def usage(known: UsageRecord | None, given: UsageRecord) -> Iterator[NotFollowed]:
    """Why a usage record of the book is not the one that is known; what billed it is the ledger's own."""
    what = f"usage record {given.id}"
    if known is None:
        message = f"{what} is not in the ledger, and a sync brings no usage"
        yield NotFollowed("usage", given.id, Diagnostic("sync-money", message, hint="record it with `ledger usage`"))
        return
    mine = replace(given, operation=known.operation, billed_by=known.billed_by, amount=known.amount)
    mine = replace(mine, drawn=known.drawn, drawn_from=known.drawn_from)
    for differing in differences(plain_data(known), plain_data(mine)):
        message = f"{what} is in the ledger with other content: {differing}"
        hint = "what was recorded does not change; give it back by a record below zero"
        yield NotFollowed("usage", given.id, Diagnostic("sync-money", message, hint=hint))


def _money(document: Numbered, message: str, hint: str) -> NotFollowed:
    return NotFollowed(kind_of(document).section, document.number, Diagnostic("sync-money", message, hint=hint))


def _unchecked(document: Any) -> Any:
    """A document of a file without what it states to be checked."""
    stated = [name for name in ("total", "balance") if getattr(document, name, None) is not None]
    return replace(document, **dict.fromkeys(stated)) if stated else document


def _plain(known: Numbered, given: Numbered) -> tuple[Any, Any]:
    return plain_data(known), plain_data(given)
