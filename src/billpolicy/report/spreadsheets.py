"""Texts in files that spreadsheets open: none of them is taken for a formula."""

from __future__ import annotations

from billpolicy.diagnostics.visible import visible


def harmless(text: str) -> str:
    """A text that shows all its characters; a spreadsheet takes what begins like this for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@", "\t", "\r")) else shown
