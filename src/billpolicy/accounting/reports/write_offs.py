"""`write-offs`: what was written off in a period, by reason, and what of that was asked for again."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.tables import Column, Table, group, totals_of
from billpolicy.book.model import CreditMemo, DebitMemo

COLUMNS = (
    Column("number", "number"),
    Column("date", "date", "date"),
    Column("account", "account"),
    Column("source", "written off"),
    Column("amount", "amount", "money"),
)


def write_offs(asked: Asked) -> Table:
    """Each memo of a write-off, by its reason code; what takes one back is below zero, under its own reason."""
    found: list[tuple[str, str, CreditMemo | DebitMemo, Decimal]] = []
    for movement in asked.movements:
        memo = asked.book.numbered.get(movement.document or "")
        if not asked.within(movement.date) or not asked.wants(movement.account, movement.currency):
            continue
        if isinstance(memo, CreditMemo) and memo.write_off:
            found.append((memo.currency, memo.reason or "", memo, memo.amount))
        elif isinstance(memo, DebitMemo):
            source = asked.book.numbered.get(memo.source or "")
            if isinstance(source, CreditMemo) and source.write_off:
                found.append((memo.currency, memo.reason or "", memo, -memo.amount))
    found.sort(key=lambda each: each[:2])
    groups = []
    for (currency, reason), those in groupby(found, key=lambda each: each[:2]):
        rows = [(memo.number, memo.date, memo.account, memo.source, amount) for _, _, memo, amount in those]
        groups.append(group(COLUMNS, reason or "no reason", currency, rows, "total"))
    title = f"write-offs by reason, {asked.period}"
    return Table("write-offs", title, COLUMNS, tuple(groups), totals_of(COLUMNS, groups))
