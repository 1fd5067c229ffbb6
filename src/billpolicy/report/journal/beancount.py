"""A journal as beancount reads it: `bean-check`.

Accounts begin with a capital there, after each colon: `assets:bank-usd` is `Assets:Bank-usd`. Since policies write
small letters, no two of them become the same. An account is opened once: who appends an export to another leaves the
declarations out (`--part entries`).
"""

from __future__ import annotations

from billpolicy.accounting.entries import JournalEntry
from billpolicy.accounting.journal import JournalExport
from billpolicy.diagnostics.visible import visible
from billpolicy.report.journal.words import Part, Tag, amount_text, description, entry_tags, line_tags, payee


def beancount(export: JournalExport, part: Part) -> str:
    """Each account is opened on the first day of the policy; then the entries."""
    opened = "".join(f"{export.since} open {account_name(one)}\n" for one in export.accounts)
    entries = [_entry(one) for one in export.entries] if part != "declarations" else []
    return (opened if part != "entries" else "") + "".join(f"\n{one}" for one in entries)


def account_name(account: str) -> str:
    """As beancount writes it."""
    return ":".join(part[0].upper() + part[1:] for part in account.split(":"))


def _entry(entry: JournalEntry) -> str:
    amounts = [amount_text(line.amount, entry.currency) for line in entry.lines]
    wide, long = max(len(line.account) for line in entry.lines), max(map(len, amounts))
    lines = [f"{entry.date} * {_text(payee(entry))} {_text(description(entry))}"]
    lines += (f"  {tag.name}: {_value(tag)}" for tag in entry_tags(entry))
    for line, amount in zip(entry.lines, amounts, strict=True):
        lines.append(f"  {account_name(line.account):<{wide}}  {amount:>{long}} {entry.currency}")
        lines += (f"    {tag.name}: {_value(tag)}" for tag in line_tags(line))
    return "\n".join(lines) + "\n"


def _value(tag: Tag) -> str:
    return tag.value if tag.name == "due" else _text(tag.value)


def _text(text: str) -> str:
    """Between quotes; what would end it is escaped."""
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
