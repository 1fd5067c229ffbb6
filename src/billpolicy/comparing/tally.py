"""What comes out otherwise of many operations, counted; those that are told as examples are kept."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from billpolicy.comparing.outcomes import Apart, Kind
from billpolicy.posting.posting import Outcome

EXAMPLES = 2
"""Operations that are told of each kind of difference, with both explanations."""


class Reason(NamedTuple):
    """The rules by which something comes out, by id, as far as they are known."""

    old: str | None
    new: str | None


class Case(NamedTuple):
    """One operation that comes out otherwise."""

    sample: str
    id: str
    operation: str
    date: datetime.date
    accounts: tuple[str, ...]
    old_amounts: dict[str, Decimal]
    """Currency -> what it is about under the old policy; nothing where it is refused."""
    new_amounts: dict[str, Decimal]
    apart: tuple[Apart, ...]
    old: Outcome | None = None
    """What was planned; nothing of what was recorded."""
    new: Outcome | None = None
    reasons: Mapping[Apart, Reason] = {}
    """The rules behind what differs, of what was recorded; a plan is explained."""


class Group(NamedTuple):
    """One kind of difference of one decision of one operation."""

    operation: str
    key: str | None
    kind: Kind


@dataclass
class Impact:
    """What comes out otherwise, counted. Cases are kept as far as they are examples of a kind of difference."""

    operations: int = 0
    """How many were planned under both."""
    differing: int = 0
    groups: dict[Group, int] = field(default_factory=dict)
    """How many operations have such a difference; an operation may have several."""
    accounts: set[str] = field(default_factory=set)
    old_amounts: dict[str, Decimal] = field(default_factory=dict)
    """Of all operations that come out otherwise."""
    new_amounts: dict[str, Decimal] = field(default_factory=dict)
    examples: list[Case] = field(default_factory=list)
    untold: dict[str, int] = field(default_factory=dict)
    """Why it cannot be told of recorded operations whether they come out otherwise -> of how many."""
    of_groups: dict[Group, list[str]] = field(default_factory=dict)
    """The ids of the examples of each kind of difference."""

    def add(self, case: Case | None) -> None:
        """Count one operation; nothing of one that comes out the same."""
        self.operations += 1
        if case is None:
            return
        self.differing += 1
        self.accounts.update(case.accounts)
        add(self.old_amounts, case.old_amounts)
        add(self.new_amounts, case.new_amounts)
        wanted = False
        for group in dict.fromkeys(Group(one.operation, one.key, one.kind) for one in case.apart):
            self.groups[group] = self.groups.get(group, 0) + 1
            shown = self.of_groups.setdefault(group, [])
            if len(shown) < EXAMPLES:
                shown.append(case.id)
                wanted = True
        if wanted:
            self.examples.append(case)


def add(total: dict[str, Decimal], amounts: Mapping[str, Decimal]) -> None:
    """Put amounts to a total, currency by currency."""
    for currency, amount in amounts.items():
        total[currency] = total.get(currency, Decimal(0)) + amount
