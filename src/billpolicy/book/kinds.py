"""The kinds of documents, in one table: what each is called, what it has, and how it hangs on other documents.

A new kind is a record in `model.py` and its line here; whoever asks what a document can do asks this table.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from billpolicy.book.model import (
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Invoice,
    Numbered,
    OwedDocument,
    Payment,
    Refund,
    SourceDocument,
)
from billpolicy.source.record import value


@value
class Kind:
    """One kind of document."""

    record: type[Any]
    article: str
    """With its article, as in `name an invoice`."""
    has_items: bool = False
    """A billing document: its amount is that of its items and their taxes, and it can be a draft or reversed."""
    is_source: bool = False
    """Its own money is put on others: what is left of it is `unapplied`."""
    is_owed: bool = False
    """It asks for money: what is left of it is its `balance`."""
    related_words: str = "document"
    """What the document is that it names."""
    index: tuple[str, str] | None = None
    """The index of a `Book` that lists it, and the field whose value it is listed under there."""
    draft_prefix: str = ""
    """What its drafts are numbered with until they are posted (docs/domain.md 8)."""
    own_prefix: str = ""
    """What numbers it where no sequence set has a series for it."""
    event: str | None = None
    """What policies call it when one is posted that leaves something to do."""

    @property
    def name(self) -> str:
        """As it is written: `credit_memo`."""
        return str(self.record.kind)

    @property
    def related_field(self) -> str | None:
        """The field that names the document it was made from, pays back or changes."""
        named: str | None = self.record.related_field
        return named

    @property
    def section(self) -> str:
        """The section of a book file that lists them: `credit_memos`."""
        return f"{self.name}s"

    @property
    def words(self) -> str:
        """As it is read: `credit memo`."""
        return self.name.replace("_", " ")

    @property
    def open_word(self) -> str | None:
        """What is left of it is called; nothing can be left of a refund or an adjustment."""
        return "balance" if self.is_owed else "unapplied" if self.is_source else None


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(Invoice, "an invoice", has_items=True, is_owed=True, draft_prefix="TMP-INV-", event="invoice_posted"),
        Kind(
            CreditMemo,
            "a credit memo",
            has_items=True,
            is_source=True,
            index=("created_from", "source"),
            draft_prefix="TMP-CM-",
            event="credit_memo_posted",
        ),
        Kind(
            DebitMemo,
            "a debit memo",
            has_items=True,
            is_owed=True,
            index=("created_from", "source"),
            draft_prefix="TMP-DM-",
            event="debit_memo_posted",
        ),
        Kind(Payment, "a payment", is_source=True, related_words="payment", own_prefix="P-", event="payment_posted"),
        Kind(Refund, "a refund", related_words="payment or credit memo", index=("refunds_of", "of"), own_prefix="R-"),
        Kind(
            CreditAdjustment,
            "an adjustment of a credit balance",
            index=("credit_of", "account"),
            own_prefix="CBA-",  # no sequence set numbers it at all (docs/domain.md 1.2 row 21)
            event="credit_increased",
        ),
    )
}
"""Kind of document -> what it is, in the order in which books list them."""
SECTIONS = tuple(kind.section for kind in KINDS.values())
"""The sections of a book file in which everything that has a number stands."""
BILLING_SECTIONS = tuple(kind.section for kind in KINDS.values() if kind.has_items)
"""Those of billing documents."""


def kind_of(document: Numbered) -> Kind:
    """What a document is."""
    return KINDS[document.kind]


def is_owed(document: Numbered) -> TypeGuard[OwedDocument]:
    """Whether it asks for money."""
    return kind_of(document).is_owed


def is_source(document: Numbered) -> TypeGuard[SourceDocument]:
    """Whether its own money is put on others."""
    return kind_of(document).is_source
