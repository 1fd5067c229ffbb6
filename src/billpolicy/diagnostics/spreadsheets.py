"""Texts in files that spreadsheets open: none of them is taken for a formula."""

from __future__ import annotations

import unicodedata

from billpolicy.diagnostics.visible import visible

_SIGNS = ("=", "+", "-", "@", "\u2212")
"""A formula begins with one of these; the last is the minus sign of Unicode."""


def harmless(text: str) -> str:
    """A text that shows all its characters, behind a `'` where a spreadsheet would take it for a formula."""
    shown = visible(text)
    return f"'{shown}" if is_formula(shown) else shown


def is_formula(shown: str) -> bool:
    """Whether a spreadsheet may take a text for a formula: also behind spaces, and by signs of full width, which some
    take for the narrow ones. Tabs, breaks of lines and what has no width were made visible, and begin none any more."""
    return unicodedata.normalize("NFKC", shown.lstrip()[:1]).startswith(_SIGNS)
