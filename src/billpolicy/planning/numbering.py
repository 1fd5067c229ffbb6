"""Numbers of documents: which series of a sequence set numbers a document, and its next number (domain section 8)."""

from __future__ import annotations

from billpolicy.book.book import Book
from billpolicy.book.numbers import MIN_DIGITS, NumberDraw
from billpolicy.policy.checks import DEFAULT_SET
from billpolicy.policy.model import Policy, Series
from billpolicy.vocabulary.spec import DocumentKind

MAX_COUNTER = 2**63 - 1
"""What a ledger can count to."""
CREDIT_PREFIX = "CBA-"
"""Adjustments of a credit balance are numbered for themselves, by no sequence set (domain 1.2 row 21)."""
DRAFT_PREFIXES = {"invoice": "TMP-INV-", "credit_memo": "TMP-CM-", "debit_memo": "TMP-DM-"}
"""What drafts are called until they are posted (domain section 8)."""
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


def draw_from(book: Book, prefix: str, start: int, kind: str) -> NumberDraw | None:
    """The number that comes next of a prefix, as far as the book knows; None when they are used up."""
    counter = max(book.counters.get(prefix, 0) + 1, start)
    if counter > MAX_COUNTER:
        return None
    return NumberDraw(kind, prefix, start, counter, format_number(prefix, counter))
