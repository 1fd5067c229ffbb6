"""What locks a line: a correction has unwound it. docs/domain.md 7."""

from __future__ import annotations

from billpolicy.book.book import Book
from billpolicy.book.model import UNWOUND, ChargePeriod, CreditMemo, Invoice


def locks(book: Book, period: ChargePeriod) -> bool:
    """Whether what became of a charge period locks the line that billed it, and that of the memo over it.

    Time that a write-off or a reversal let be billed again is no correction: these have rules of their own.
    """
    invoice, memo = book.numbered.get(period.document or ""), book.numbered.get(period.memo or "")
    written_off = isinstance(memo, CreditMemo) and memo.write_off
    return period.status in UNWOUND and isinstance(invoice, Invoice) and not invoice.reversed_ and not written_off
