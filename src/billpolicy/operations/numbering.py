"""Numbers of documents: which series of a sequence set numbers a document, and its next number (domain section 8)."""

from __future__ import annotations

from billpolicy.book.book import Book
from billpolicy.book.numbers import MIN_DIGITS
from billpolicy.plan import NumberDraw
from billpolicy.policy.checks import DEFAULT_SET
from billpolicy.policy.model import Policy, Series
from billpolicy.policy.vocabulary import DocumentKind

MAX_COUNTER = 2**63 - 1
"""What a ledger can count to."""
_LAST_RESORT = {"payment": "P-", "refund": "R-"}


def format_number(prefix: str, counter: int) -> str:
    """`INV` and 7 are `INV00000007`: at least 8 digits, padded with zeros; beyond 8 no padding."""
    return f"{prefix}{counter:0{MIN_DIGITS}d}"


def series_of(policy: Policy, sequence_set: str, kind: DocumentKind) -> Series:
    """The series of a set for a kind of document.

    A payment or refund series that the set does not have is taken from `DEFAULT`, then from the literal `P-`/`R-`
    (domain 1.3 point 5). Every set has the series of billing documents; validation sees to it.
    """
    for name in (sequence_set, DEFAULT_SET):
        found = policy.sequence_sets[name].series.get(kind)
        if found is not None:
            return found
    return Series(_LAST_RESORT[kind], 1, policy.sequence_sets[DEFAULT_SET].position)


def next_number(book: Book, series: Series, kind: DocumentKind) -> NumberDraw:
    """The number that comes next in a series, as far as the book knows."""
    counter = max(book.counters.get(series.prefix, 0) + 1, series.start)
    return NumberDraw(kind, series.prefix, series.start, counter, format_number(series.prefix, counter))
