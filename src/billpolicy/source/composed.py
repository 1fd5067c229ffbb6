"""Texts as they are compared: `é` is one letter, whether it was written as one character or as `e` and an accent."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC): every text that is read passes here, so that equal ones are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
