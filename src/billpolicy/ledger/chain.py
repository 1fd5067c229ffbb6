"""The hash chain of a ledger: whatever is written for good gets a link, and each link stands for all before it.

A link holds the digest of what was written and that of the link before it. Who keeps the last digest elsewhere can tell
whether anything that it stands for was changed, removed, put in another order or cut off since: `heads.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal, NamedTuple

from billpolicy.ledger import schema
from billpolicy.ledger.statements import Connection, Row
from billpolicy.source.codec import canonical, encode

Kind = Literal["start", "import", "policy", "operation", "waiting", "approval", "withdrawal"]
"""What a link is of. At a `start` the chain begins, over all that the ledger holds by then."""
NOTHING = "0" * 64
"""Stands before the first link."""
_LAST = "SELECT id, digest FROM chain ORDER BY id DESC LIMIT 1"


class Link(NamedTuple):
    """What is to be linked."""

    kind: Kind
    what: str
    """Its name: the id of an operation, the digest of a policy, the id of a row; of an import, what it raised."""
    content: str
    """The digest of all of it."""


def extend(connection: Connection, links: Iterable[Link], end: tuple[int, str] | None = None) -> None:
    """Add links, in this order. `end`: of the chain, where that is known."""
    last, digest = last_link(connection) if end is None else end
    rows: list[Row] = []
    for id, link in enumerate(links, last + 1):
        digest = linked(digest, *link)
        rows.append((id, *link, digest))
    connection.insert(schema.chain, rows)


def last_link(connection: Connection) -> tuple[int, str]:
    """How many links there are, and the digest of the last."""
    for id, digest in connection.rows(_LAST):
        return id, digest
    return 0, NOTHING


def linked(before: str, kind: str, what: str, content: str) -> str:
    """The digest of a link; `before`: that of the link before it."""
    return hashlib.sha256(canonical([before, kind, what, content]).encode()).hexdigest()


class Content:
    """The digest of rows, taken one by one: each as it was written, its columns in the order of its table.

    A table gets columns only by a migration, after which the chain begins anew."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, row: Row) -> None:
        """Add a row. A cell that holds bytes where a text was is no text, though it may be written like one."""
        if bytes in map(type, row):
            row = tuple(["bytes", cell.hex()] if isinstance(cell, bytes) else cell for cell in row)
        self._digest.update(encode(row).encode())
        self._digest.update(b"\n")

    @property
    def digest(self) -> str:
        """Of all of them, in hexadecimal digits."""
        return self._digest.hexdigest()


def content_of(row: Row) -> str:
    """The digest of one row."""
    content = Content()
    content.add(row)
    return content.digest
