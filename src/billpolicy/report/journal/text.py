"""A journal as a person reads it: each entry with its lines, and at the end what was posted to each account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from billpolicy.accounting.journal import JournalExport
from billpolicy.diagnostics.visible import visible
from billpolicy.report.columns import width
from billpolicy.report.journal.words import description, payee
from billpolicy.report.texts import wrapped

_AMOUNT = 16
"""Columns of an amount."""
_NOTHING = Decimal(0)


def journal_text(export: JournalExport) -> str:
    """Debits on the left, credits on the right."""
    return "\n".join(_lines(export)) + "\n"


def _lines(export: JournalExport) -> Iterator[str]:
    wide = min(max((len(line.account) for one in export.entries for line in one.lines), default=0), width() - 40)
    posted: dict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (_NOTHING, _NOTHING))
    for entry in export.entries:
        reason = f", for {entry.reason}" if entry.reason else ""
        yield from wrapped(f"{entry.date}  ", f"{payee(entry)}: {description(entry)}{reason}")
        for line in entry.lines:
            debit, credit = posted[entry.currency, line.account]
            posted[entry.currency, line.account] = (
                debit + max(line.amount, _NOTHING),
                credit + max(-line.amount, _NOTHING),
            )
            yield _row(line.account, line.amount, -line.amount, entry.currency, wide)
        yield ""
    if not export.entries:
        yield "nothing was posted"
        return
    for currency in sorted({currency for currency, _ in posted}):
        yield f"{'':12}{'posted in ' + currency:<{wide}}{'debit':>{_AMOUNT}}{'credit':>{_AMOUNT}}"
        totals = [_NOTHING, _NOTHING]
        for (of, account), (debit, credit) in sorted(posted.items()):
            if of == currency:
                totals = [totals[0] + debit, totals[1] + credit]
                yield _row(account, debit, credit, "", wide)
        yield f"{'':12}{'-' * (wide + 2 * _AMOUNT)}"
        yield _row("", totals[0], totals[1], "", wide)
        yield ""


def _row(account: str, debit: Decimal, credit: Decimal, currency: str, wide: int) -> str:
    shown = [f"{amount:>{_AMOUNT},}" if amount > 0 else " " * _AMOUNT for amount in (debit, credit)]
    return f"{'':12}{visible(account):<{wide}}{''.join(shown)} {currency}".rstrip()
