"""`unapplied`: money of accounts that is on nothing yet, payment by payment and memo by memo."""

from __future__ import annotations

from itertools import groupby

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.tables import Column, Table, group, totals_of
from billpolicy.book.kinds import is_source, kind_of

COLUMNS = (
    Column("number", "number"),
    Column("kind", "kind"),
    Column("date", "date", "date"),
    Column("expires", "expires", "date"),
    Column("amount", "amount", "money"),
    Column("unapplied", "unapplied", "money"),
)


def unapplied(asked: Asked) -> Table:
    """What is left of each, account by account."""
    found = [(one, amount) for one, amount in asked.open() if is_source(one)]
    groups = []
    for (account, currency), those in groupby(found, key=lambda each: (each[0].account, each[0].currency)):
        rows = [
            (one.number, kind_of(one).words, one.date, one.expires_on, one.amount, amount)
            for one, amount in those
            if is_source(one)
        ]
        groups.append(group(COLUMNS, account, currency, rows, "total"))
    return Table("unapplied", f"unapplied money as of {asked.day}", COLUMNS, tuple(groups), totals_of(COLUMNS, groups))
