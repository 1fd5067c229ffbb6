"""Lines that were unwound: of their documents and memos nothing but the settlement goes on. docs/domain.md 7.

Once `credit_only` or `credit_rebill` has unwound a line, it takes no other memo, write-off or change, its document is
never reversed, and neither are the memos over it: what they gave was carried to the line that has billed its time
again. That line is corrected by unwinding it in its turn. Whatever changes a document asks here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from billpolicy.book.book import Book
from billpolicy.book.model import BillingDocument, ChargePeriod, Invoice, Item
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.locked import locks
from billpolicy.periods.taken_back import on_record
from billpolicy.planning.planning import Planning


def locked_lines(book: Book, invoice: Invoice) -> dict[str, ChargePeriod]:
    """The lines of an invoice that a correction has unwound, by item, with a charge period that tells how."""
    found: dict[str, ChargePeriod] = {}
    for period in _recorded(book, invoice):
        if period.document == invoice.number and period.item is not None and locks(book, period):
            found.setdefault(period.item, period)
    return found


def refuse_locked(
    planning: Planning, document: BillingDocument, what: str, *path: str | int, items: Collection[str] | None = None
) -> bool:
    """Note that `what` cannot be done to a document since a line of it, or one that it gives back, was unwound.

    *items*: it is these that it would be done to, and no others count. Whether there was something to note.
    """
    those = [item for item in document.items if items is None or item.id in items]
    locked = dict(_locked(planning.book, document, those))
    if not locked:
        return False
    name, period = next(iter(locked.items()))
    others = f" (and {len(locked) - 1} more of its lines)" if len(locked) > 1 else ""
    subject, who = (f"{name}{others}", "it") if items else (document.number, f"{name}{others}")
    message = f"{subject} cannot be {what}: {who} {unwound_in_words(period)}"
    planning.problem("line-locked", message, *path, hint=what_instead(period))
    return True


def unwound_in_words(period: ChargePeriod) -> str:
    """What became of a line, after its name: `was credited by CM00000001/1 and billed again by INV00000002/1`."""
    told = ["was unwound" if period.memo is None else f"was credited by {_line(period.memo, period.memo_item)}"]
    if period.rebilled_by is not None:
        told.append(f"billed again by {_line(period.rebilled_by, period.rebilled_item)}")
    elif period.status == "reopened":
        told.append("will be billed again by the next bill run")
    return " and ".join(told)


def what_instead(period: ChargePeriod) -> str:
    """What to correct instead of a line that was unwound."""
    if period.rebilled_by is not None:
        return f"correct {_line(period.rebilled_by, period.rebilled_item)} instead, with `credit_rebill`"
    if period.status == "reopened":
        return "let a bill run bill its time again, and correct the line that does"
    return "nothing of it is asked for any more; name other lines"


def _locked(book: Book, document: BillingDocument, items: Collection[Item]) -> Iterator[tuple[str, ChargePeriod]]:
    """The lines among these items, or that these items give back, by name."""
    known: dict[str, Mapping[str, ChargePeriod]] = {}
    for item in items:
        # A memo that was made from a document names it once; what a bill run gives back, on each line.
        number, of = item.source or document.related, item.source_item or ""
        if isinstance(document, Invoice) and item.source is None:
            number, of = document.number, item.id
        invoice = book.numbered.get(number or "")
        if not isinstance(invoice, Invoice):
            continue
        if invoice.number not in known:
            known[invoice.number] = locked_lines(book, invoice)
        period = known[invoice.number].get(of)
        if period is not None:
            yield line_name(invoice.number, of), period


def _recorded(book: Book, invoice: Invoice) -> Iterator[ChargePeriod]:
    """The charge periods on record among which those of the invoice are."""
    if all(item.subscription for item in invoice.items):
        yield from on_record(book, invoice)
    else:  # of a line that names no subscription, a book may say the charge period
        yield from book.charge_periods.values()


def _line(document: str, item: str | None) -> str:
    return document if item is None else line_name(document, item)
