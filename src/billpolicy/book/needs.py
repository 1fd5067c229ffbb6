"""What an operation needs of a book, so that a ledger can hand over that slice and never the whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """Ids that an operation names. A slice adds what hangs on them: applications, derived memos, subscriptions."""

    accounts: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    """Numbers of documents, payments and refunds."""
    charges: frozenset[str] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    open_of: frozenset[str] = frozenset()
    """Accounts of which every document with something open or unapplied is needed, and the whole credit balance."""
    open_of_owner: frozenset[str] = frozenset()
    """The same, for the accounts that own these documents."""
    open_of_subscriber: frozenset[str] = frozenset()
    """The same, for the accounts that own these subscriptions."""
    subscriptions_of: frozenset[str] = frozenset()
    """Accounts of which every subscription is needed."""
    everything: bool = False
    """The whole ledger: a bill run over all accounts."""

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.accounts | other.accounts,
            self.numbers | other.numbers,
            self.charges | other.charges,
            self.subscriptions | other.subscriptions,
            self.open_of | other.open_of,
            self.open_of_owner | other.open_of_owner,
            self.open_of_subscriber | other.open_of_subscriber,
            self.subscriptions_of | other.subscriptions_of,
            self.everything or other.everything,
        )
