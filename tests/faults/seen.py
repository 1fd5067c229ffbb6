"""All that a ledger says, in one value that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billpolicy.book.book import Book
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.posting.history import Done
from billpolicy.posting.numbering import Numbering
from billpolicy.posting.store import Waiting
from tests.helpers.ledgers import whole


@dataclass(frozen=True)
class Seen:
    """The book with its revisions, every operation with who did it and when, the counters, and what waits."""

    book: Book
    done: Mapping[str, Done]
    numbering: tuple[Numbering, ...]
    waiting: Mapping[str, Waiting]


NO_LEDGER, OLDER_LEDGER = "no ledger", "an older ledger"
NONE = {"file-missing": NO_LEDGER, "ledger-empty": NO_LEDGER, "ledger-older": OLDER_LEDGER}
"""Why there may be no ledger of today yet: the code of the refusal -> what there is."""


def seen(url: str) -> Seen | str:
    """What a ledger says, or that there is none of today yet. It must be whole."""
    try:
        opened = open_ledger(url)
    except Refused as refusal:
        (code,) = [one.code for one in refusal.diagnostics]
        if code not in NONE:
            raise
        return NONE[code]
    with opened as ledger:
        problems = ledger.check()
        assert problems == [], "\n".join(map(str, problems))
        return all_of(ledger)


def all_of(ledger: Ledger) -> Seen:
    """What an open ledger says."""
    with ledger.reading() as reader:
        journal = reader.journal()
        return Seen(whole(ledger), dict(journal.done), journal.numbering, reader.waiting())
