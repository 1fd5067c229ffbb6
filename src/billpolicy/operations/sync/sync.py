"""What a newer book says otherwise than what is known: as operations on master data, and as what cannot be followed.

The book of the system of record is compared record by record, field by field. What differs is given from a day on, by
the operations that anybody could ask for. Nothing is deleted: what the book does not have stays as it is. Documents,
money and time that was billed are the ledger's own; where the book says otherwise of them, that is told, and stays.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import master_id
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Account, AccountingPeriod, Contact, MasterRecord
from billpolicy.operations.sync import documents, records, subscriptions
from billpolicy.operations.sync.found import (
    Comparing,
    Found,
    NotFollowed,
    SyncStep,
    named,
    not_followed,
    section_of,
)
from billpolicy.policy.model import Policy
from billpolicy.source.composed import composed

_R = TypeVar("_R", bound=MasterRecord)
_BACK = "retire_contact, cleared"
_ORDER = (
    "create_charge",
    "change_charge",
    "create_accounting_period",
    "create_account",
    "create_contact",
    _BACK,
    "change_contact",
    "change_account",
    "create_subscription",
    "change_subscription",
    "renew_subscription",
    "end_subscribed_charge",
    "add_subscribed_charge",
    "change_subscribed_charge",
    "cancel_subscription",
    "retire_contact",
    "reopen_accounting_period",
    "close_accounting_period",
)
"""Each can be posted after those before it: what is named is there, a charge ends before others come in its place, what
continues it ends as it does, and who names a contact does so after it is brought back, and names another one before it
is retired."""


@dataclass
class Count:
    """How many records of one section of a book there are of each kind."""

    new: int = 0
    changed: int = 0
    same: int = 0
    left: int = 0
    """Known, but not in the book: they stay as they are."""
    not_followed: int = 0
    """Of which the book says something that cannot be followed; they may be changed beside that."""


@dataclass(frozen=True, slots=True)
class Sync:
    """How a book differs from what is known."""

    steps: tuple[SyncStep, ...]
    """In an order in which each can be posted after the ones before it."""
    counts: Mapping[str, Count]
    """By section of a book."""
    not_followed: tuple[NotFollowed, ...]
    """What the book says otherwise, and no operation follows."""


def sync_with(known: Book, given: Book, policy: Policy, day: datetime.date) -> Sync:
    """What `given` says otherwise than `known`: values hold from `day` on. Attributes and custom values that the policy
    does not declare are passed over.

    `known` has all master data, and every document that `given` names, with all its money.
    """
    return _Syncing(known, given, Comparing(policy, day, known.revisions)).run()


@dataclass
class _Syncing:
    known: Book
    given: Book
    comparing: Comparing
    steps: dict[str, list[SyncStep]] = field(default_factory=lambda: defaultdict(list))
    """By their place in the order."""
    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    not_followed: list[NotFollowed] = field(default_factory=list)

    def run(self) -> Sync:
        known, given = self.known, self.given
        self._each(known.charges, given.charges, records.new_charge, records.charge)
        self._each(_periods(known), _periods(given), records.new_period, records.period)
        self._each(known.accounts, given.accounts, self._new_account(), records.account)
        self._each(known.contacts, given.contacts, self._new_contact, records.contact)
        self._each(known.subscriptions, given.subscriptions, subscriptions.new_subscription, subscriptions.subscription)
        self._charges_left()
        for number, document in sorted(given.numbered.items()):
            self._count(kind_of(document).section, documents.document(known.numbered.get(number), document))
        for id, record in sorted(given.usage.items()):
            self._count("usage", documents.usage(known.usage.get(id), record))
        self.not_followed += documents.applications(known, given)
        # Of accounting periods only the one that was closed last is reopened.
        self.steps["reopen_accounting_period"].reverse()
        steps = tuple(step for place in _ORDER for step in self.steps[place])
        return Sync(steps, dict(self.counts), tuple(self.not_followed))

    def _each(
        self,
        known: Mapping[str, _R],
        given: Mapping[str, _R],
        new: Callable[[Comparing, _R], Iterable[Found]],
        changed: Callable[[Comparing, _R, _R], Iterable[Found]],
    ) -> None:
        spelled = {composed(id) for id in known if not id.isascii()}
        for id, record in sorted(given.items()):
            there, section = known.get(id), section_of(record)
            if there is None and composed(id) in spelled:
                message = f"{named(record)} is in the ledger with its accents written as other characters"
                hint = "it is of a time before names had one spelling: import the book into a new ledger"
                self._count(section, [not_followed(record, "sync-differs", message, hint)])
            elif there is None:
                self._count(section, new(self.comparing, record), new=True)
            elif there == record:
                self.counts[section].same += 1
            else:
                self._count(section, changed(self.comparing, there, record))
        for id, record in known.items():
            if id not in given:
                self.counts[section_of(record)].left += 1

    def _count(self, section: str, found: Iterable[Found], *, new: bool = False) -> None:
        """Keep what was found of one record or document."""
        count, steps, refused = self.counts[section], 0, 0
        for one in found:
            if isinstance(one, NotFollowed):
                self.not_followed.append(one)
                refused += 1
            else:
                place = one.operation["operation"]
                self.steps[_BACK if place == "retire_contact" and "clear" in one.operation else place].append(one)
                steps += 1
        count.not_followed += bool(refused)
        if new:
            count.new += not refused
        else:
            count.changed += bool(steps)
            count.same += not (steps or refused)

    def _new_account(self) -> Callable[[Comparing, Account], Iterator[Found]]:
        """An account comes with its contacts, as far as they are new too."""
        contacts: dict[str, list[Contact]] = defaultdict(list)
        for _, contact in sorted(self.given.contacts.items()):
            if contact.id not in self.known.contacts:
                contacts[contact.account].append(contact)

        def new(comparing: Comparing, given: Account) -> Iterator[Found]:
            yield records.new_account(comparing, given, contacts[given.id])

        return new

    def _new_contact(self, comparing: Comparing, given: Contact) -> Iterator[Found]:
        """A contact of an account that is known; another one comes with its account."""
        if given.account in self.known.accounts:
            yield records.new_contact(comparing, given)
        yield from records.retirement(comparing, Contact(id=given.id, account=given.account), given)

    def _charges_left(self) -> None:
        """Charges that go on, of subscriptions that the book has without them."""
        for id, known in self.known.subscriptions.items():
            given = self.given.subscriptions.get(id)
            if given is not None and given.charges != known.charges and known.canceled_on is None:
                there = subscriptions.chains_of(given)
                left = [
                    chain
                    for first, chain in subscriptions.chains_of(known).items()
                    if first not in there and not subscriptions.is_ended(chain[-1], self.comparing.day)
                ]
                if left:
                    self.counts["subscribed_charges"].left += len(left)


def _periods(book: Book) -> dict[str, AccountingPeriod]:
    return {master_id(period): period for period in book.periods}
