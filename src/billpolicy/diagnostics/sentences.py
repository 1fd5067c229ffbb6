"""How sentences count things and list names."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_SHOWN = 5
"""Of many, those that a sentence still names."""
_UNCOUNTED = ("usage",)
"""What is no number of things."""


def counted(count: int, what: str) -> str:
    """`1 rule`, `3 rules`."""
    return f"{count:,} {what if count == 1 or what in _UNCOUNTED else f'{what}s'}"


def all_of(names: Iterable[str]) -> str:
    """`ann, bob and cem`; nothing of none."""
    return _joined(names, "and")


def any_of(names: Iterable[str]) -> str:
    """`ann, bob or cem`; nothing of none."""
    return _joined(names, "or")


def few_of(names: Iterable[str], count: int | None = None) -> str:
    """The first few, and how many more there are: `ann, bob, cem and 4 more`. `count`: how many there are, for whom
    need not look at all of them to know."""
    several = list(names) if count is None else list(islice(names, _SHOWN))
    others = (len(several) if count is None else count) - _SHOWN
    return ", ".join(several[:_SHOWN]) + (f" and {others} more" if others > 0 else "")


def quoted(names: Iterable[str]) -> list[str]:
    """Names as messages have what stands in a file: each between backticks."""
    return [f"`{name}`" for name in names]


def _joined(names: Iterable[str], word: str) -> str:
    several = list(names)
    return f" {word} ".join(filter(None, (", ".join(several[:-1]), *several[-1:])))
