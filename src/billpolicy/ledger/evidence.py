"""Is what a ledger holds what was written into it? Every row is held against its link of the chain (`chain.py`).

What operations made of the tables follows from the journal, which is linked; `replay.py` holds it against that. What
was imported has no journal: `imports.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import NamedTuple

from billpolicy.ledger import imports, schema
from billpolicy.ledger.chain import NOTHING, Content, Kind, Link, content_of, extend, linked
from billpolicy.ledger.imports import Imports
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.structure import Breach
from billpolicy.ledger.tables import Table
from billpolicy.source.codec import CodecError, canonical, decode

_LINKS = "SELECT id, kind, what, content, digest FROM chain ORDER BY id"
_REVISIONS = """
SELECT number, revision FROM documents WHERE revision <> 0
UNION ALL SELECT 'account:' || id, revision FROM accounts WHERE revision <> 0
UNION ALL SELECT 'subscription:' || id, revision FROM subscriptions WHERE revision <> 0
"""
"""Of every record that was changed, under the name that it has in `Book.revisions`."""
_LINKED_TWICE = """
SELECT kind, what FROM chain WHERE kind NOT IN ('start', 'import') AND id > :start
GROUP BY kind, what HAVING count(*) > 1 ORDER BY kind, what
"""
_LINKS_OF = "SELECT what, content FROM chain WHERE kind = :kind AND id > :start ORDER BY id"


class Linked(NamedTuple):
    """Rows of which each has a link."""

    kind: Kind
    tables: tuple[Table, ...]
    joined: str
    """The tables, joined."""
    what: str
    """The column that the link names."""
    order: str
    in_order: bool
    """Whether that is the order in which they were written."""
    called: str
    """How one of them is told of."""


LINKED = (
    Linked(
        "operation",
        (schema.operations, schema.audit),
        "operations LEFT JOIN audit ON audit.operation = operations.id",
        "operations.id",
        "coalesce(audit.id, 0), operations.id",
        True,
        "operation `{}`",
    ),
    Linked("policy", (schema.policies,), "policies", "policies.digest", "policies.digest", False, "the policy {:.12}"),
    Linked(
        "waiting", (schema.waiting,), "waiting", "waiting.id", "waiting.id", True, "no. {} of what waited for approvals"
    ),
    Linked("approval", (schema.approvals,), "approvals", "approvals.id", "approvals.id", True, "approval no. {}"),
    Linked(
        "withdrawal",
        (schema.withdrawals,),
        "withdrawals",
        "withdrawals.waiting",
        "withdrawals.waiting",
        False,
        "the withdrawal of no. {} of what waited",
    ),
)


_KINDS = {each.kind for each in LINKED}
"""Kinds of links of which each is of one row."""


class Beginning(NamedTuple):
    """What a ledger held when its chain began."""

    tables: str
    """Their revision: the chain begins anew with each, and never without another one."""
    rows: dict[str, int]
    """Kind of link -> how many rows of it there were."""
    revisions: str
    """The digest of the revisions of all records."""


def begin(connection: Connection) -> None:
    """Let the chain begin, over all that the ledger holds: what was there before there were links, or before the tables
    became others, is as it is found."""
    state = Content()
    counts: dict[str, int] = {}
    for each in LINKED:
        counts[each.kind] = 0
        for _, content in _rows(connection, each):
            state.add((each.kind, content))
            counts[each.kind] += 1
    beginning = Beginning(schema.REVISIONS[-1], counts, revisions_digest(revisions_in(connection)))
    extend(connection, [Link("start", canonical(beginning), state.digest)])
    imports.begin(connection)


def revisions_in(connection: Connection) -> dict[str, int]:
    """The revision of every record that was changed."""
    return dict(connection.rows(_REVISIONS))


def revisions_digest(revisions: dict[str, int]) -> str:
    """The digest of revisions, of those that are not 0."""
    content = Content()
    content.add((canonical({name: count for name, count in revisions.items() if count}),))
    return content.digest


@dataclass
class Chain:
    """The chain of a ledger as it is found, gone through once."""

    beginning: Beginning | None = None
    """None where there is none, or it cannot be read any more."""
    start: int = 0
    """The link at which it begins, the last time that it does."""
    state: str = ""
    """The digest of what the ledger held by then, as that link says."""
    imports: Imports = field(default_factory=Imports)
    broken: list[Breach] = field(default_factory=list)
    """Where it contradicts itself."""


def chain_of(connection: Connection) -> Chain:
    """Go through the chain."""
    chain = Chain()
    at, before, follows = 0, NOTHING, True
    for id, kind, what, content, digest in connection.each(_LINKS):
        if follows and (id != at + 1 or linked(before, kind, what, content) != digest):
            follows = False
            chain.broken.append(("chain-broken", f"link {id} of the chain does not follow from what stands before it"))
        at, before = id, digest
        if kind == "start":
            earlier, chain.beginning = chain.beginning, _beginning(what)
            chain.start, chain.state = id, content
            chain.imports = Imports()
            if earlier is not None and (chain.beginning is None or chain.beginning.tables <= earlier.tables):
                message = f"the chain begins anew at link {id}, though the tables are no others"
                chain.broken.append(("chain-broken", message))
        elif kind == "import":
            chain.imports.add(id, what, content)
        elif kind not in _KINDS:
            chain.broken.append(("chain-broken", f"link {id} of the chain is of nothing that a ledger holds"))
    return chain


def breaches(connection: Connection, chain: Chain) -> Iterator[Breach]:
    """What is not as the chain says."""
    yield from chain.broken
    if chain.beginning is None:
        yield "chain-broken", "the chain of this ledger does not say how it began"
        return
    if chain.beginning.tables != schema.REVISIONS[-1]:
        yield "chain-broken", "the chain of this ledger began with other tables than it has"
    for kind, name in connection.rows(_LINKED_TWICE, start=chain.start):
        yield "chain-broken", f"the chain has two links of one {kind}, `{name}`"
    state = Content()
    for each in LINKED:
        yield from _held(connection, each, chain.start, chain.beginning.rows.get(each.kind, 0), state)
    if state.digest != chain.state:
        yield "chain-differs", "what this ledger held when its chain began is not what it was"
    yield from chain.imports.breaches(connection)


def _held(connection: Connection, each: Linked, start: int, before: int, state: Content) -> Iterator[Breach]:
    """Rows of one kind against their links. Those that were there `before` the chain have none, and go to `state`.

    Rows and links are gone through side by side, so that no more is held than what is not in its place.
    """
    rows: Iterator[tuple[str, str]] = _rows(connection, each)
    for _, content in islice(rows, before if each.in_order else 0):
        state.add((each.kind, content))
    links = connection.each(_LINKS_OF, kind=each.kind, start=start)
    unlinked: dict[str, str] = {}
    gone: dict[str, str] = {}
    for row, found in zip_longest(rows, links):
        link = None if found is None else (str(found[0]), found[1])  # a hand may have written what is no text
        unlinked |= dict([row] if row else [])
        gone |= dict([link] if link else [])
        for what in {pair[0] for pair in (row, link) if pair} & unlinked.keys() & gone.keys():
            if unlinked.pop(what) != gone.pop(what):
                yield "chain-differs", f"{each.called.format(what)} is not what it was when it was written"
    for what, content in unlinked.items():
        state.add((each.kind, content))
        if not before or each.in_order:
            yield "chain-differs", f"{each.called.format(what)} has no link in the chain"
    for what in gone:
        yield "chain-differs", f"{each.called.format(what)} was written, and is gone"


def _rows(connection: Connection, each: Linked) -> Iterator[tuple[str, str]]:
    """What names each row of a kind, and the digest of it, in the order in which they were written."""
    columns = ", ".join(f"{table.name}.{name}" for table in each.tables for name in table.names)
    for what, *row in connection.each(f"SELECT {each.what}, {columns} FROM {each.joined} ORDER BY {each.order}"):
        yield str(what), content_of(tuple(row))


def _beginning(text: str) -> Beginning | None:
    """What a link says of it; None where that cannot be read any more, or nothing can have begun so."""
    try:
        beginning = decode(Beginning, text)
    except (CodecError, TypeError):
        return None
    return beginning if all(0 <= count <= sys.maxsize for count in beginning.rows.values()) else None
