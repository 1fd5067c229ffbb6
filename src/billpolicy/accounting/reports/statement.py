"""`statement`: what an account owed, what came, and what it owes, currency by currency."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.movements import Movement, owed
from billpolicy.accounting.tables import Cell, Column, Group, Table
from billpolicy.book.kinds import KINDS
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.money import from_minor

COLUMNS = (
    Column("date", "date", "date"),
    Column("document", "document"),
    Column("what", "what"),
    Column("amount", "amount", "money"),
    Column("balance", "balance", "money"),
)


def statement(asked: Asked) -> Table:
    """Each movement by which the account owes more or less, with what it owes after it. What is put from its money on
    its documents changes nothing of that. Raises `ValueError` where the balance that closes it is not what is open."""
    account = asked.account
    if account is None:
        hint = "add `--account`, or `account` in Python; `balances` has a line for each account"
        raise Refused([Diagnostic("report-unanswerable", "a statement is of one account", hint=hint)])
    closing = owed(one for one in asked.movements if one.date <= asked.last)
    groups = []
    for currency in sorted({one.currency for one in asked.movements if _concerns(one, account)}):
        if not asked.wants(account, currency):
            continue
        balance = sum((_owed(one, account) for one in _before(asked, currency)), from_minor(0, currency))
        rows: list[tuple[Cell, ...]] = []
        if asked.first is not None:
            rows.append((asked.first, None, "opening balance", None, balance))
        for one in asked.movements:
            more = _owed(one, account) if one.currency == currency and asked.within(one.date) else Decimal(0)
            if more:
                balance += more
                rows.append((one.date, one.document or one.target, _what(one), more, balance))
        if balance != closing.get((account, currency), 0):
            raise ValueError(f"the statement of `{account}` closes with {balance} {currency}, not with what is open")
        total: tuple[Cell, ...] = (asked.last, None, "closing balance", None, balance)
        groups.append(Group(account, currency, tuple(rows), total))
    name = asked.name(account)
    title = f"statement of {account}{f', {name}' if name else ''}, {asked.period}"
    return Table("statement", title, COLUMNS, tuple(groups))


def _before(asked: Asked, currency: str) -> list[Movement]:
    first = asked.first
    return [one for one in asked.movements if one.currency == currency and first is not None and one.date < first]


def _concerns(movement: Movement, account: str) -> bool:
    return any(effect.account == account for effect in movement.effects)


def _owed(movement: Movement, account: str) -> Decimal:
    return sum((effect.owed for effect in movement.effects if effect.account == account), Decimal(0))


def _what(movement: Movement) -> str:
    if movement.kind in KINDS:
        return KINDS[movement.kind].words if movement.kind != "credit_adjustment" else "credit balance"
    if movement.document is not None:
        return "reversal of payment"
    return f"{movement.kind.replace('_', ' ')} from {movement.source}"
