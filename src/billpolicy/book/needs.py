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
    every_subscription: bool = False
    """Every subscription there is: a bill run over all accounts."""
    open_of_every_subscriber: bool = False
    """As `open_of`, for every account that has a subscription."""
    everything: bool = False
    """The whole ledger."""

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
            self.every_subscription or other.every_subscription,
            self.open_of_every_subscriber or other.open_of_every_subscriber,
            self.everything or other.everything,
        )
