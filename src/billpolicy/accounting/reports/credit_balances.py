"""`credit-balances`: what is kept for accounts (docs/domain.md 6.1)."""

from __future__ import annotations

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.tables import Column, Table, group

COLUMNS = (Column("account", "account"), Column("name", "name"), Column("balance", "balance", "money"))


def credit_balances(asked: Asked) -> Table:
    """A line for each account that has one, currency by currency."""
    found = asked.credit()
    groups = [
        group(
            COLUMNS,
            currency,
            currency,
            [(account, asked.name(account), amount) for (account, of), amount in found.items() if of == currency],
            "total",
        )
        for currency in sorted({currency for _, currency in found})
    ]
    return Table("credit-balances", f"credit balances as of {asked.day}", COLUMNS, tuple(groups))
