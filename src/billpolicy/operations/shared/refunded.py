"""What a refund pays back: its invoices, the payments on these, and how much of it had come in. docs/domain.md 2.11.

What a credit memo has unapplied may be of invoices that were never paid: then the refund pays out what nobody paid.
What a payment has unapplied is money that came in; where it was on an invoice before, a credit memo of that may have
paid it back already.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice, OwedDocument, Payment, SourceDocument
from billpolicy.deciding.facts import days_since
from billpolicy.operations.shared.billed_time import corrects
from billpolicy.operations.shared.what_is_open import documents_on, invoices_on
from billpolicy.policy.condition import Fact


class Refunded(NamedTuple):
    """A payment or credit memo that is paid back, with what is behind it, all by number."""

    source: SourceDocument
    documents: tuple[OwedDocument, ...]
    """Of a credit memo what it corrects; of a payment what it was put on, also where that was taken back."""
    payments: tuple[Payment, ...]
    """The payment itself; of a credit memo those that are on these documents."""
    memos: tuple[CreditMemo, ...]
    """Those of which something was paid back and that correct one of these documents, or one that the money of the
    payment was put on before it was transferred; of a credit memo also it."""

    @property
    def memo(self) -> CreditMemo | None:
        """The credit memo that is paid back; of a payment none is."""
        return self.source if isinstance(self.source, CreditMemo) else None

    @property
    def invoices(self) -> list[Invoice]:
        """Those of the documents that are invoices."""
        return [one for one in self.documents if isinstance(one, Invoice)]

    def objects(self, book: Book) -> dict[str, list[Any]]:
        """What conditions can ask about, by what it is called there. Of several invoices or payments each has a number
        and a balance of its own, so none is there to ask about."""
        of = (self.memo,) if self.memo else self.documents
        names = sorted({name for one in of for name in one.subscriptions} & book.subscriptions.keys())
        return {
            "subscription": [book.subscriptions[name] for name in names],
            "payment": list(self.payments if len(self.payments) == 1 else ()),
            "credit_memo": [self.memo] if self.memo else [],
            "invoice": self.invoices if len(self.invoices) == 1 else [],
        }

    def facts(self, book: Book, amount: Decimal, type: str, day: datetime.date) -> dict[str, Fact]:
        """What conditions can ask about a refund itself, of this amount and type on a day."""
        ages = days_since("payment", self.payments, day) | days_since("invoice", self.invoices, day)
        return {"refund.of": self.source.kind, "refund.paid": self._paid(book, amount), "refund.type": type, **ages}

    def _paid(self, book: Book, amount: Decimal) -> str:
        """How much of the amount had come in, and was not paid back before."""
        put_on = _put_on(book, self.source) if isinstance(self.source, Payment) else self.documents
        of_memos = {document.number for memo in self.memos for document in corrected(book, memo)}
        paid = sum((paid_on(book, document) for document in put_on if document.number in of_memos), ZERO)
        left = paid - sum((book.refunded(memo.number) for memo in self.memos), ZERO)
        if isinstance(self.source, Payment):
            # What memos have paid back beyond what is on their documents now was of money that is not on them any more.
            left = book.balance(self.source) + min(left, ZERO)
        return "all" if amount <= left else "part" if left > 0 else "nothing"


def refunded(book: Book, source: SourceDocument) -> Refunded:
    """A payment or credit memo with what is behind it."""
    if isinstance(source, Payment):
        documents = _owed(book, {made.to for made in book.applications_from.get(source.number, ())})
        return Refunded(source, documents, (source,), _paid_back_of(book, _put_on(book, source)))
    documents = corrected(book, source)
    paying = {made.from_ for document in documents for made in book.applications_to.get(document.number, ())}
    payments = (one for one in map(book.numbered.get, sorted(paying)) if isinstance(one, Payment))
    there = tuple(one for one in payments if any(_is_on(book, one, document) for document in documents))
    memos = {one.number: one for one in (*_paid_back_of(book, documents), source)}
    return Refunded(source, documents, there, tuple(one for _, one in sorted(memos.items())))


def corrected(book: Book, memo: CreditMemo) -> tuple[OwedDocument, ...]:
    """The invoices and debit memos whose amounts a credit memo gives back, by number."""
    if memo.source is not None:
        return _owed(book, (memo.source,))
    named = {item.source for item in memo.items if item.source is not None}
    named |= {one.number for one in invoices_on(book, memo.subscriptions)}
    same = [one for one in _owed(book, named) if (one.account, one.currency) == (memo.account, memo.currency)]
    amounts = corrects(memo, same)
    return tuple(one for one in same if amounts[one.number])


def paid_on(book: Book, document: OwedDocument) -> Decimal:
    """What payments have put on a document and was not taken back."""
    made = book.applications_to.get(document.number, ())
    return sum((one.amount for one in made if isinstance(book.numbered.get(one.from_), Payment)), ZERO)


def _put_on(book: Book, payment: Payment) -> tuple[OwedDocument, ...]:
    """What a payment was put on, also where that was taken back, and what its money was put on before it was
    transferred."""
    behind = book.transferred_from(payment.number)
    return _owed(book, {made.to for one in behind for made in book.applications_from.get(one.number, ())})


def _is_on(book: Book, payment: Payment, document: OwedDocument) -> bool:
    made = book.applications_from.get(payment.number, ())
    return sum((one.amount for one in made if one.to == document.number), ZERO) > 0


def _owed(book: Book, numbers: Iterable[str]) -> tuple[OwedDocument, ...]:
    found = (book.numbered.get(number) for number in sorted(numbers))
    return tuple(one for one in found if isinstance(one, Invoice | DebitMemo))


def _paid_back_of(book: Book, documents: Iterable[OwedDocument]) -> tuple[CreditMemo, ...]:
    """The credit memos of which something was paid back and that correct one of these documents, by number."""
    wanted = {document.number for document in documents}
    made = (one for number in wanted for one in book.created_from.get(number, ()))
    beside = documents_on(book, {name for document in documents for name in document.subscriptions})
    paying = (one for one in (*made, *beside) if isinstance(one, CreditMemo) and book.refunded(one.number))
    found = {one.number: one for one in paying if wanted & {each.number for each in corrected(book, one)}}
    return tuple(one for _, one in sorted(found.items()))
