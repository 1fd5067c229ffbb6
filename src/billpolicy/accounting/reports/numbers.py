"""`numbers`: how the documents of a ledger are numbered, and how many numbers are missing (docs/numbers.md)."""

from __future__ import annotations

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.reports.approvals import of_ledger
from billpolicy.accounting.tables import Column, Group, Table
from billpolicy.book.kinds import KINDS

COLUMNS = (
    Column("counter", "counter"),
    Column("kind", "kind"),
    Column("first", "first"),
    Column("last", "last"),
    Column("documents", "documents", "count"),
    Column("unexplained", "missing", "count"),
    Column("explained", "explained", "count"),
    Column("next", "next"),
)


def numbers(asked: Asked) -> Table:
    """A line for each counter, as it stands now: numbers that are missing without a reason, and those that somebody
    explained. `ledger numbers` names each."""
    rows = []
    for one in of_ledger(asked, "numbers").numbering:
        unexplained = sum(gap.count for gap in one.unexplained)
        explained = sum(gap.count for gap in one.missing) - unexplained
        kind = KINDS[one.kind].words
        rows.append((one.name, kind, one.first, one.last, one.count, unexplained, explained, one.next))
    groups = (Group("", None, tuple(rows)),) if rows else ()
    return Table("numbers", "numbers of documents, now", COLUMNS, groups)
