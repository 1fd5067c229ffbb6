"""Are the tables of a ledger those that this program makes, and is every row there that another one names?

It is asked before anything that stands in them, and of what is copied out of them: a copy has tables of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.ledger.databases import Database
from billpolicy.ledger.statements import Connection

Breach = tuple[Code, str]
"""What does not hold of a ledger: code and message, of which `breach` makes what is told."""


def other_tables(database: Database, connection: Connection) -> list[Diagnostic]:
    """What of the tables, their indexes and guards is not as this program makes them."""
    return [breach("schema-differs", text) for text in database.schema_breaches(connection)]


def unlike(what: str, found: Mapping[str, object], expected: Mapping[str, object]) -> Iterator[str]:
    """What of one kind of thing, by name, is not as this program makes it, one sentence each."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"the {what} `{name}` is gone"
        elif name not in expected:
            yield f"the {what} `{name}` is none of a ledger's"
        elif found[name] != expected[name]:
            yield f"the {what} `{name}` is not as billpolicy makes it"


def orphans(database: Database, connection: Connection) -> list[Diagnostic]:
    """Rows that name rows of another table which are not there."""
    return [
        breach("orphan", f"a row of `{table}` belongs to a row of `{parent}` that is not there")
        for table, parent in database.orphans(connection)
    ]


def breach(code: Code, message: str) -> Diagnostic:
    """What `ledger check` says of something that no operation has done."""
    hint = (
        "something other than billpolicy changed this ledger: keep it as it is, and bring a backup back with "
        "`billpolicy ledger restore FILE LEDGER`"
    )
    return Diagnostic(code, message, hint=hint)
