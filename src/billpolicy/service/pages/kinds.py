"""What documents are called on pages."""

from __future__ import annotations

from typing import Any

_ADJUSTMENT = "credit_adjustment"


def kind_words(document: Any) -> str:
    """A document's kind, and what became of it: `credit memo, draft`."""
    words = document.kind.replace("_", " ")
    if document.kind == _ADJUSTMENT:
        words = f"credit balance {document.type}"
    if document.status != "posted":
        words += f", {document.status}"
    return f"{words}, reversed" if getattr(document, "reversed_", False) else words
