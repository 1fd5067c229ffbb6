"""What documents are called on pages."""

from __future__ import annotations

from typing import Any

_ADJUSTMENT = "credit_adjustment"
_OPEN = {"invoice": "open", "debit_memo": "open", "credit_memo": "unapplied", "payment": "unapplied"}


def kind_words(document: Any) -> str:
    """A document's kind, and what became of it: `credit memo, draft`."""
    words = document.kind.replace("_", " ")
    if document.kind == _ADJUSTMENT:
        words = f"credit balance {document.type}"
    if document.status != "posted":
        posted_as = getattr(document, "posted_as", None)
        words += f", posted as {posted_as}" if posted_as else f", {document.status}"
    return f"{words}, reversed" if getattr(document, "reversed_", False) else words


def open_words(document: Any) -> str | None:
    """What that is called which is left of a posted document; None of what nothing can be left."""
    return _OPEN.get(document.kind) if document.status == "posted" else None
