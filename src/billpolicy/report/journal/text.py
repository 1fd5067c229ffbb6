"""A journal as a person reads it: each entry with its lines, and at the end what was posted to each account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from billpolicy.accounting.journal import JournalExport
from billpolicy.report.journal.words import description, payee
from billpolicy.report.texts import in_lines, wrapped

_NOTHING = Decimal(0)
_INDENT = "    "


class _Columns(NamedTuple):
    """How wide they are."""

    account: int
    amount: int

    def row(self, account: str, debit: str, credit: str, currency: str = "") -> str:
        """A line: debits on the left, credits on the right."""
        amounts = f"{debit:>{self.amount}}{credit:>{self.amount}}"
        return f"{_INDENT}{account:<{self.account}}{amounts} {currency}".rstrip()


def journal_text(export: JournalExport) -> str:
    """Every entry, then for each currency the sums of debits and credits."""
    if not export.entries:
        return "nothing was posted\n"
    return in_lines(_lines(export))


def _lines(export: JournalExport) -> Iterator[str]:
    posted = _posted(export)
    sums = [_shown(sum(column, _NOTHING)) for of in posted.values() for column in zip(*of.values(), strict=True)]
    columns = _Columns(
        max(len(account) for of in posted.values() for account in of), max(map(len, (*sums, "credit"))) + 2
    )
    for entry in export.entries:
        reason = f", for {entry.reason}" if entry.reason else ""
        yield from wrapped(f"{entry.date}  ", f"{payee(entry)}: {description(entry)}{reason}")
        for line in entry.lines:
            yield columns.row(line.account, _shown(line.amount), _shown(-line.amount), entry.currency)
        yield ""
    for currency, of in posted.items():
        yield columns.row(f"posted in {currency}", "debit", "credit")
        for account, (debit, credit) in of.items():
            yield columns.row(account, _shown(debit), _shown(credit))
        yield _INDENT + "-" * (columns.account + 2 * columns.amount)
        debits, credits = (sum(column, _NOTHING) for column in zip(*of.values(), strict=True))
        yield columns.row("", _shown(debits), _shown(credits))
        yield ""


def _posted(export: JournalExport) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """Currency -> account -> its debits and credits, each in order."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (_NOTHING, _NOTHING))
    for entry in export.entries:
        for line in entry.lines:
            debit, credit = found[entry.currency, line.account]
            more, less = max(line.amount, _NOTHING), max(-line.amount, _NOTHING)
            found[entry.currency, line.account] = (debit + more, credit + less)
    by_currency: dict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for (currency, account), sums in sorted(found.items()):
        by_currency[currency][account] = sums
    return by_currency


def _shown(amount: Decimal) -> str:
    """On its own side; nothing on the other."""
    return f"{amount:,}" if amount > 0 else ""
