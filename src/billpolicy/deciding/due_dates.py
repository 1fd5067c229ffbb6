"""Due dates of documents that came without one: worked out from their payment terms (docs/domain.md 1.7 and 2.5).

Orders, conditions and reports then see the date that was agreed. It is said where it is from: `due_date_from`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from billpolicy.book.book import Book
from billpolicy.book.kinds import is_owed
from billpolicy.book.model import OwedDocument
from billpolicy.policy.model import PaymentTerm, Policy
from billpolicy.policy.payment_terms import due_on

TERM = "payment_term"


def with_due_dates(book: Book, policies: Sequence[Policy]) -> Book:
    """The book with a due date for each invoice and debit memo that has a payment term and none, if the term is one of
    the policy. `policies`: its versions, the oldest first; that of the document's date counts, or the next before or
    after it."""
    found = [dated for document in undated(book) if (dated := _dated(document, policies)) is not document]
    return book.with_posted(found) if found else book


def undated(book: Book) -> list[OwedDocument]:
    """The invoices and debit memos with a payment term and no due date, by number."""
    numbers = sorted(number for number, is_undated in book.undated.items() if is_undated)
    return [document for number in numbers if is_owed(document := book.numbered[number])]


def _dated(document: OwedDocument, policies: Sequence[Policy]) -> OwedDocument:
    term = _term(document, policies)
    try:
        due = None if term is None else due_on(term, document.date)
    except (OverflowError, ValueError):  # past the last day of the calendar
        due = None
    return document if term is None or due is None else replace(document, due_date=due, due_date_from=term.name)


def _term(document: OwedDocument, policies: Sequence[Policy]) -> PaymentTerm | None:
    return _of(policies, document.date).payment_terms.get(document.attributes[TERM] or "") if policies else None


def _of(policies: Sequence[Policy], day: datetime.date) -> Policy:
    """The version of a day; where none was in force yet, the first, and where none is any more, the last before."""
    begun = [policy for policy in policies if policy.effective.from_ <= day]
    return begun[-1] if begun else policies[0]
