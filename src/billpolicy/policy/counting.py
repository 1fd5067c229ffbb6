"""Numbers that were given elsewhere, told by the formats of policies: a company's own go on where they ended."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.book.counting import Counting, counted_by_digits
from billpolicy.book.model import Numbered, VoidNumber
from billpolicy.book.numbers import Counted
from billpolicy.policy.model import Policy


def counted_by(policies: Iterable[Policy]) -> Counting:
    """By the series of these policies for its kind of document, the newest first; else by the number alone.

    Of one policy no two series have a number in common: validation sees to it.
    """
    every = [
        (kind, series)
        for policy in reversed(list(policies))
        for sequence_set in policy.sequence_sets.values()
        for kind, series in sequence_set.series.items()
        if not series.is_plain
    ]

    def counted(document: Numbered | VoidNumber) -> Counted | None:
        for kind, series in every:
            found = series.counted(document.number, document.related) if kind == document.kind else None
            if found is not None:
                return found
        return counted_by_digits(document)

    return counted
