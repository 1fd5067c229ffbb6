"""What an operation needs of a book, so that a ledger can hand over that slice and never the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Needs(NamedTuple):
    """Ids that an operation names. A slice adds what hangs on them: applications, derived memos, subscriptions."""

    accounts: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    """Numbers of documents, payments and refunds."""
    charges: frozenset[str] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    """Contacts, with their accounts."""
    open_of: frozenset[str] = frozenset()
    """Accounts of which every document with something open or unapplied is needed, and the whole credit balance."""
    open_of_owner: frozenset[str] = frozenset()
    """The same, for the accounts that own these documents."""
    open_of_subscriber: frozenset[str] = frozenset()
    """The same, for the accounts that own these subscriptions."""
    transfers_of: frozenset[str] = frozenset()
    """Payments of which everything that was transferred from them, step by step, is needed as they are themselves."""
    put_on_by: frozenset[str] = frozenset()
    """Payments of which every document that they were put on, also where that was taken back, is needed as they are
    themselves; so of those that they were transferred from, step by step."""
    references: frozenset[tuple[str, str]] = frozenset()
    """Accounts, each with a reference: the payments and refunds of it that others know by that."""
    references_of_owner: frozenset[tuple[str, str]] = frozenset()
    """The same, for the accounts that own these documents."""
    subscriptions_of: frozenset[str] = frozenset()
    """Accounts of which every subscription is needed."""
    subscriptions_of_contact: frozenset[str] = frozenset()
    """Contacts of whose accounts every subscription is needed."""
    every_subscription: bool = False
    """Every subscription there is: a bill run over all accounts."""
    open_of_every_subscriber: bool = False
    """As `open_of`, for every account that has a subscription."""
    usage: frozenset[str] = frozenset()
    """Ids of usage records, as far as they are there."""
    usage_on: frozenset[str] = frozenset()
    """Subscriptions on which usage is recorded: they themselves, and not what was billed of them."""
    unbilled_usage: bool = False
    """Of every subscription in the slice, the usage that is not billed, and what was billed of the same periods and of
    those that are reopened; of one with a prepaid charge, all that has drawn from it."""
    last_billed_usage: bool = False
    """Of every subscription in the slice, the last usage record of each charge that a document bills: of each document,
    since one may be undone."""
    billed_usage: bool = False
    """Of every document in the slice, the usage that it bills."""
    billed_time: bool = False
    """Of every subscription that is asked for, or that a document has which is named or open, all that was billed of
    it, and all that gives that back: its invoices, what bill runs have credited, and the memos that were made from
    these, step by step; the memos of these documents also where they are of no subscription."""
    ended_time: bool = False
    """The same, but only of subscriptions of which days after the end of service were billed, so that a bill run gives
    them back, of those with a minimum, a maximum or a prepaid charge, and of those with a reopened charge period."""
    master: bool = False
    """All master data: accounts, contacts, subscriptions and charges."""
    everything: bool = False
    """The whole ledger."""

    def __or__(self, other: Needs) -> Needs:
        return all_of((self, other))


def all_of(needs: Iterable[Needs]) -> Needs:
    """What all of these need together."""
    columns: Iterable[tuple[Any, ...]] = zip(Needs(), *needs, strict=True)
    together: Any = (any(held) if isinstance(held[0], bool) else held[0].union(*held[1:]) for held in columns)
    return Needs(*together)
