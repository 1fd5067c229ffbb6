"""What is exported of a journal: its entries, or those of some days or since an operation, and every account."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billpolicy.accounting.entries import JournalEntry
from billpolicy.policy.model import Policy


@dataclass(frozen=True, slots=True)
class JournalExport:
    """Entries, with every account of the policies, whether something is posted to it or not."""

    entries: tuple[JournalEntry, ...]
    accounts: tuple[str, ...]
    currencies: tuple[str, ...]
    """Those of its entries."""
    since: datetime.date
    """A day before which nothing was posted: on which the policy begins or, if that is earlier, the first entry."""
    last_operation: str | None = None
    """The id of the operation that was posted last among them: the next export goes on after it."""


def export_of(
    entries: Sequence[JournalEntry],
    policies: Iterable[Policy],
    *,
    first: datetime.date | None = None,
    until: datetime.date | None = None,
    after: int | None = None,
) -> JournalExport:
    """Entries on days `[first, until)`; `after` the place of an operation, only what was posted later: nothing that was
    imported."""
    chosen = tuple(
        one
        for one in entries
        if (first is None or first <= one.date)
        and (until is None or one.date < until)
        and (after is None or after < one.place)
    )
    in_force = list(policies)
    every = [one for policy in in_force for one in policy.accounts.values()]
    accounts = {
        name for one in every for name in (one.otherwise, *(each for by in one.by.values() for each in by.values()))
    }
    return JournalExport(
        chosen,
        tuple(sorted(accounts)),
        tuple(sorted({one.currency for one in chosen})),
        min((*(policy.effective.from_ for policy in in_force), *(one.date for one in entries))),
        max(chosen, key=lambda one: one.place).operation if chosen else None,
    )
