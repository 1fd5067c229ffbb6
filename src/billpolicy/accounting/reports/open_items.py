"""`open-items`: the invoices and debit memos that are not settled, account by account."""

from __future__ import annotations

from itertools import groupby

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.reports.aging import days_past_due
from billpolicy.accounting.tables import Column, Table, group, totals_of
from billpolicy.book.kinds import is_owed, kind_of

COLUMNS = (
    Column("number", "number"),
    Column("kind", "kind"),
    Column("date", "date", "date"),
    Column("due", "due", "date"),
    Column("days_past_due", "past due", "count"),
    Column("amount", "amount", "money"),
    Column("open", "open", "money"),
)


def open_items(asked: Asked) -> Table:
    """What is open of each; days past due as in the aging."""
    found = [(one, amount) for one, amount in asked.open() if is_owed(one)]
    groups = []
    for (account, currency), those in groupby(found, key=lambda each: (each[0].account, each[0].currency)):
        rows = [
            (
                one.number,
                kind_of(one).words,
                one.date,
                one.due_date,
                max(days_past_due(one, asked.day), 0),
                one.amount,
                amount,
            )
            for one, amount in those
            if is_owed(one)
        ]
        groups.append(group(COLUMNS, account, currency, rows, "total"))
    return Table("open-items", f"open items as of {asked.day}", COLUMNS, tuple(groups), totals_of(COLUMNS, groups))
