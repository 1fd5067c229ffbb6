"""Due dates of documents that came without one: worked out from their payment terms (docs/domain.md 1.7 and 2.5).

Orders, conditions and reports then see the date that was agreed. It is said where it is from: `due_date_from`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billpolicy.book.book import Book
from billpolicy.book.kinds import is_owed
from billpolicy.book.model import OwedDocument
from billpolicy.deciding.versions import policy_near
from billpolicy.policy.model import Policy
from billpolicy.policy.payment_terms import due_on

TERM = "payment_term"


def with_due_dates(book: Book, policies: Sequence[Policy]) -> Book:
    """The book with a due date for each invoice and debit memo that has a payment term and none, if the term is one of
    the policy. `policies`: its versions; that of the document's date counts, or the next before or after it."""
    terms = [
        term for term, numbers in book.undated.items() if numbers and any(term in one.payment_terms for one in policies)
    ]
    if not terms:  # as of nearly every book, and of this one once they are worked out
        return book

    def work_out() -> Book:
        documents = (book.numbered[number] for term in terms for number in book.undated[term])
        return book.with_due_dates(terms, [_dated(one, policies) for one in documents if is_owed(one)])

    return book.dated(tuple(one.digest for one in policies), work_out)


def undated(book: Book) -> list[OwedDocument]:
    """The invoices and debit memos with a payment term and no due date, by number."""
    owed = (document for _, document in sorted(book.numbered.items()) if is_owed(document))
    return [one for one in owed if one.due_date is None and one.attributes.get(TERM) is not None]


def _dated(document: OwedDocument, policies: Sequence[Policy]) -> OwedDocument:
    term = policy_near(policies, document.date).payment_terms.get(document.attributes[TERM] or "")
    if term is None:
        return document
    try:
        return replace(document, due_date=due_on(term, document.date), due_date_from=term.name)
    except (OverflowError, ValueError):  # past the last day of the calendar
        return document
