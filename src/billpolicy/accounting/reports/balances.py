"""`balances`: what each account owes, less its own money: one line each."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.movements import owed
from billpolicy.accounting.tables import Column, Table, group
from billpolicy.book.kinds import is_owed
from billpolicy.money import from_minor

COLUMNS = (
    Column("account", "account"),
    Column("open", "open", "money"),
    Column("unapplied", "unapplied", "money"),
    Column("credit", "credit balance", "money"),
    Column("owed", "owed", "money"),
)


def balances(asked: Asked) -> Table:
    """What is open, less what is unapplied, less the credit balance, is what is owed. Raises `ValueError` where it is
    not what all movements come to."""
    lines: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for document, amount in asked.open():
        lines[document.currency, document.account][0 if is_owed(document) else 1] += amount
    for (account, currency), amount in asked.credit().items():
        lines[currency, account][2] += amount
    expected = owed(asked.movements)
    groups = []
    for currency in sorted({currency for currency, _ in lines}):
        zero, rows = from_minor(0, currency), []
        for (of, account), (is_open, unapplied, credit) in sorted(lines.items()):
            if of == currency:
                net = is_open - unapplied - credit + zero
                if net != expected.get((account, currency), zero):
                    raise ValueError(f"the balances of `{account}` come to {net} {currency}, its movements do not")
                rows.append((account, is_open + zero, unapplied + zero, credit + zero, net))
        groups.append(group(COLUMNS, currency, currency, rows, "total"))
    return Table("balances", f"balances as of {asked.day}", COLUMNS, tuple(groups))
