"""Numbers that were given elsewhere: of which counter each is, so that billpolicy goes on after it."""

from __future__ import annotations

from collections.abc import Callable

from billpolicy.book.model import Numbered, VoidNumber
from billpolicy.book.numbers import Counted, split_number

Counting = Callable[[Numbered | VoidNumber], Counted | None]
"""Of which counter the number of a document is; None if it is of no series."""


def counted_by_digits(document: Numbered | VoidNumber) -> Counted | None:
    """By the number alone, where no policy says how numbers are written: a prefix and eight digits."""
    found = split_number(document.number)
    return None if found is None else Counted(*found)
