"""How the documents of a ledger are numbered: each counter, and what is missing among its numbers. Plain data; reports
word it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers that follow each other, of which no posted document has one."""

    first: str
    last: str
    count: int
    what: Literal["missing", "void", "start", "draft"]
    """`missing`: nobody says why; `void`: it was said why; `start`: the series was told to begin above them; `draft`: a
    draft has it."""
    reason: str | None = None

    @property
    def words(self) -> str:
        """`INV00000003`, or `INV00000003 to INV00000007`."""
        return self.first if self.count == 1 else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Numbering:
    """One counter, and what is numbered by it."""

    name: str
    """The text before its numbers: `INV-2026-`; `INV-{year}-` where it goes on over the years."""
    kind: str
    """The kind of document."""
    source: str | None
    """Whose number its numbers continue; None if they are of a series."""
    first: str | None
    """The lowest number that a document has."""
    last: str | None
    count: int
    """Documents."""
    drawn: int
    """Those of them that this ledger numbered; the others were imported."""
    next: str
    """What comes next, unless the policy lets it start higher."""
    missing: tuple[Missing, ...]
    """By number."""

    @property
    def unexplained(self) -> tuple[Missing, ...]:
        """The gaps that nobody says anything of."""
        return tuple(one for one in self.missing if one.what == "missing")
