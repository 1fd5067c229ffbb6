"""Where a ledger ends: what its tables count goes on from there.

Nobody else writes before the transaction is over, so the numbers that follow are free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from billpolicy.ledger.chain import NOTHING
from billpolicy.ledger.statements import Connection

_ENDS = """
SELECT (SELECT max(id) FROM audit), (SELECT max(id) FROM documents), (SELECT max(id) FROM applications),
    (SELECT max(id) FROM chain), (SELECT digest FROM chain ORDER BY id DESC LIMIT 1)
"""


class Ends(NamedTuple):
    """The last ids, 0 where there are none yet, and the digest of the last link."""

    audit: int
    documents: int
    applications: int
    chain: int
    digest: str


def ask_ends(connection: Connection) -> Callable[[], Ends]:
    """Where the tables that are posted to end."""
    asked = connection.ask(_ENDS)

    def answer() -> Ends:
        ((audit, documents, applications, chain, digest),) = asked()
        return Ends(audit or 0, documents or 0, applications or 0, chain or 0, digest or NOTHING)

    return answer
