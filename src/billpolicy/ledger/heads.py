"""The head of a ledger's chain, which somebody keeps elsewhere: what it is now, and what one of before still says."""

from __future__ import annotations

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import few_of
from billpolicy.ledger.chain import NOTHING, last_link, linked
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.stats import last_numbers, last_posted
from billpolicy.posting.stats import Head, KeptHead

_BEGUN_SINCE = """
SELECT id FROM chain WHERE kind = 'start' AND id > (SELECT max(id) FROM chain WHERE digest = :digest)
"""
_KNOWN = """
SELECT coalesce(earlier.digest, :nothing), link.kind, link.what, link.content
FROM chain link LEFT JOIN chain earlier ON earlier.id = link.id - 1 WHERE link.digest = :digest
"""
_GIVEN = "SELECT number FROM documents WHERE number IN {keys}"
_HEAD_HINT = (
    "it is another ledger, an older copy of this one, or something in it was changed or removed; before anything is "
    "posted on it, since numbers could be issued twice, compare what `billpolicy ledger head` and `ledger stats` show "
    "of it with the day of the head that was kept, and look for a newer copy or a `.before-restore-1` beside it"
)


def head_of(connection: Connection) -> Head:
    """What stands for all that was ever written."""
    links, digest = last_link(connection)
    return Head(digest, links, last_posted(connection), last_numbers(connection))


def unknown_head(connection: Connection, head: KeptHead) -> list[Diagnostic]:
    """What tells that a ledger does not go on from a head that was kept; nothing where it does."""
    for before, kind, what, content in connection.rows(_KNOWN, digest=head.digest, nothing=NOTHING):
        if linked(before, kind, what, content) == head.digest:
            return []
    there = {number for (number,) in connection.rows(_GIVEN, head.numbers)}
    gone = [number for number in head.numbers if number not in there]
    message = f"this ledger does not go on from the head {head.digest[:12]} that was kept"
    if gone:
        issued = "was issued by then, and is" if len(gone) == 1 else "were issued by then, and are"
        message += f": {few_of(gone)} {issued} not here"
    return [Diagnostic("head-unknown", message, hint=_HEAD_HINT)]


def begun_since(connection: Connection, head: KeptHead) -> bool:
    """Whether the chain began anew since a head that was kept. Then the head tells nothing of what was there by then:
    it was linked as it was found."""
    return bool(connection.rows(_BEGUN_SINCE, digest=head.digest))
