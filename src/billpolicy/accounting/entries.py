"""Double entry for everything that was posted: each movement of money as lines of a journal that add up to nothing.

A document stands on one account from the day on which it is posted: an invoice or a debit memo on `receivable`, a
payment on `unapplied_payments`, a credit memo on `unapplied_credit_memos`, until an application moves it; a credit
balance on `credit_balance`. So what stands on these accounts for a customer is what the movements say that it owes
(docs/domain.md 9.2, docs/journal.md). Which accounts they are is policy.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billpolicy.accounting.movements import PAYMENT_REVERSAL, Movement, Stamps, movements_of
from billpolicy.book.book import Book
from billpolicy.book.history import on_day
from billpolicy.book.model import (
    BillingDocument,
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Item,
    Numbered,
    Payment,
    Refund,
    TaxItem,
)
from billpolicy.deciding.versions import policy_near
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.model import Policy

CONTROL = ("receivable", "unapplied_payments", "unapplied_credit_memos", "credit_balance")
"""The roles whose accounts together have what a customer owes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry."""

    account: str
    """As the policy names it: `assets:receivable`."""
    amount: Decimal
    """Above zero it is a debit, below zero a credit."""
    customer: str
    """The account of the book whose money it is."""
    document: str
    """The number of the document that it is about."""
    item: str | None = None
    charge: str | None = None
    """The id of the product rate plan charge, else that of the subscribed charge."""
    subscription: str | None = None
    tax: str | None = None
    """The tax code, else the name of the tax."""
    due_date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What one movement of money is in a journal; its lines add up to nothing."""

    id: str
    """That of the movement: the same in every export."""
    kind: str
    date: datetime.date
    customer: str
    name: str | None
    """Of the customer, on that day."""
    currency: str
    lines: tuple[Line, ...]
    reason: str | None = None
    operation: str | None = None
    """The id of the operation that posted it; None of what was imported."""
    posted_at: datetime.datetime | None = None
    place: int = 0
    """Among all that was posted, from 1; 0 of what was imported."""


def entries_of(book: Book, policies: Sequence[Policy], stamps: Stamps | None = None) -> tuple[JournalEntry, ...]:
    """The journal of a book, in the order of posting: what was imported first, by date; then operation by operation.

    So a later export of the same ledger goes on where an earlier one ended. Movements that post nothing, such as a
    change of a credit balance that an application carries, are none. `policies`: its versions; that of a document's own
    date says on which account it stands, or the next before or after it. Raises `Refused` where one says no accounts.
    """
    making = _Making(book, policies)
    found = []
    for movement in movements_of(book, stamps):
        lines = tuple(line for line in making.lines(movement) if line.amount)
        if sum((line.amount for line in lines), Decimal(0)):
            raise ValueError(f"the entry of {movement.id} does not add up")  # a bug, and nothing that a user can mend
        if lines:
            found.append(_entry(book, movement, lines))
    if making.problems:
        raise Refused(making.problems)
    return tuple(sorted(found, key=lambda entry: entry.place))


def _entry(book: Book, movement: Movement, lines: tuple[Line, ...]) -> JournalEntry:
    account = book.accounts.get(movement.account)
    stamp = movement.stamp
    document = book.numbered[movement.document] if movement.document is not None else None
    reason = None
    if isinstance(document, Payment):
        reason = document.reversed_reason if movement.kind == PAYMENT_REVERSAL else None
    elif document is not None and not isinstance(document, Invoice):
        reason = document.reason
    return JournalEntry(
        movement.id,
        movement.kind,
        movement.date,
        movement.account,
        on_day(account, movement.date).name if account is not None else None,
        movement.currency,
        lines,
        reason,
        *((stamp.operation, stamp.at, stamp.place) if stamp is not None else ()),
    )


class _Making:
    """Entries in the making: the book, and what was found wrong."""

    def __init__(self, book: Book, policies: Sequence[Policy]) -> None:
        self._book = book
        self._policies = policies
        self.problems: list[Diagnostic] = []

    def lines(self, movement: Movement) -> Iterator[Line]:
        """What a movement posts."""
        book, amount = self._book, movement.amount
        if movement.source is not None and movement.target is not None:
            source, target = book.numbered[movement.source], book.numbered[movement.target]
            yield self._standing(source, amount, movement.date)
            yield self._standing(target, -amount, movement.date)
            return
        document = book.numbered[movement.document or ""]
        if isinstance(document, Document):
            yield from self._billed(document)
        elif isinstance(document, Payment):
            # What was transferred has come in once, with the payment that it is from; the transfer moves it.
            if document.source is None:
                day = document.date
                yield self._line("bank", amount, document, day, type=document.type)
                yield self._standing(document, -amount, day)
        elif isinstance(document, Refund):
            of = document if document.of is None else book.numbered[document.of]
            yield self._standing(of, amount, document.date)
            yield self._line("bank", -amount, document, document.date, type=document.type)
        else:
            yield from self._by_hand(document, amount)

    def _standing(self, document: Numbered, amount: Decimal, day: datetime.date) -> Line:
        """A line on the account on which a document stands, by the policy of its own day; a credit balance is of no
        document, and stands where the policy of the day says."""
        if isinstance(document, Payment):
            return self._line("unapplied_payments", amount, document, document.date, type=document.type)
        if isinstance(document, CreditMemo):
            return self._line("unapplied_credit_memos", amount, document, document.date, reason=document.reason)
        if isinstance(document, Invoice | DebitMemo):
            return self._line("receivable", amount, document, document.date, document=document.kind)
        return self._line("credit_balance", amount, document, day)

    def _billed(self, document: Document) -> Iterator[Line]:
        assert isinstance(document, Invoice | CreditMemo | DebitMemo)
        sign = 1 if isinstance(document, CreditMemo) else -1
        written_off = _writes_off(self._book, document)
        of_items, of_taxes = ("write_off", "write_off_tax") if written_off else ("revenue", "tax")
        reason = None if isinstance(document, Invoice) else document.reason
        yield self._standing(document, -sign * document.amount, document.date)
        for item in document.items:
            for one in item.by_charge:
                charge, charge_type = _charge(self._book, document, one)
                facts = {"reason": reason, "charge": charge, "charge_type": charge_type, "document": document.kind}
                line = self._line(of_items, sign * one.amount, document, document.date, **facts)
                named = charge or one.subscribed_charge
                yield replace(line, item=one.id, charge=named, subscription=one.subscription)
            for tax in item.taxes:
                first = _first_tax(self._book, document, item, tax)
                facts = {"code": first.code, "jurisdiction": first.jurisdiction}
                line = self._line(of_taxes, sign * tax.amount, document, document.date, **facts)
                yield replace(line, item=item.id, tax=first.code or first.name, subscription=item.subscription)

    def _by_hand(self, adjustment: CreditAdjustment, amount: Decimal) -> Iterator[Line]:
        """A change of a credit balance that no other document is behind, or that undoes such a one. What an application
        or a refund carries is posted with that."""
        undone = self._book.numbered.get(adjustment.document or "")
        if adjustment.document is None or isinstance(undone, CreditAdjustment):
            reason = undone.reason if isinstance(undone, CreditAdjustment) else adjustment.reason
            yield self._line("credit_by_hand", amount, adjustment, adjustment.date, reason=reason)
            yield self._standing(adjustment, -amount, adjustment.date)

    def _line(self, role: str, amount: Decimal, about: Numbered, day: datetime.date, **facts: str | None) -> Line:
        account = self._account(role, day, {"currency": about.currency, **facts})
        due = about.due_date if role == "receivable" and isinstance(about, Invoice | DebitMemo) else None
        return Line(account, amount, about.account, about.number, due_date=due)

    def _account(self, role: str, day: datetime.date, facts: dict[str, str | None]) -> str:
        policy = policy_near(self._policies, day)
        accounts = policy.accounts.get(role)
        if accounts is None:
            message = f"the policy `{policy.name}` does not say to which account `{role}` is posted"
            hint = "say it under `accounts`, or extend the standard policy"
            problem = Diagnostic("accounts-missing", message, policy.position, hint)
            self.problems += [] if problem in self.problems else [problem]
            return ""
        return accounts.of(facts)


def _writes_off(book: Book, document: BillingDocument) -> bool:
    """Whether it writes off what is not paid, or asks again for what was written off (docs/domain.md 3.2)."""
    if isinstance(document, CreditMemo):
        return document.write_off
    undone = book.numbered.get(document.source or "") if isinstance(document, DebitMemo) else None
    return isinstance(undone, CreditMemo) and undone.write_off


def _origins(book: Book, document: BillingDocument, item: Item) -> Iterator[tuple[BillingDocument, Item]]:
    """An item, and those that it mirrors, step by step."""
    yield document, item
    seen = {document.number}
    while item.source_item is not None:
        number = item.source or (None if isinstance(document, Invoice) else document.source)
        above = book.numbered.get(number or "")
        found = _items(above, item.source_item)
        if found is None or not isinstance(above, Invoice | CreditMemo | DebitMemo) or above.number in seen:
            return
        seen.add(above.number)
        document, item = above, found
        yield document, item


def _items(document: Numbered | None, id: str) -> Item | None:
    items: Iterable[Item] = document.items if isinstance(document, Document) else ()
    return next((item for item in items if item.id == id), None)


def _charge(book: Book, document: BillingDocument, item: Item) -> tuple[str | None, str | None]:
    """The product rate plan charge of an item, and its type; what a memo does not say, what it mirrors does."""
    for _, one in _origins(book, document, item):
        subscription = book.subscriptions.get(one.subscription or "")
        held = subscription.charges if subscription is not None else ()
        subscribed = next((each for each in held if each.id == one.subscribed_charge), None)
        id = one.charge or (subscribed.charge if subscribed is not None else None)
        charge = book.charges.get(id or "")
        if charge is not None:
            return charge.id, on_day(charge, document.date).type
        if subscribed is not None:
            once = subscribed.period == "one_time"
            return id, "usage" if subscribed.usage else "one_time" if once else "recurring"
        if id is not None:
            return id, None
    return None, None


def _first_tax(book: Book, document: BillingDocument, item: Item, tax: TaxItem) -> TaxItem:
    """A tax, or the one that it mirrors, where that says more of itself."""
    for _, above in list(_origins(book, document, item))[1:]:
        if tax.code is not None:
            break
        mirrored = tax.source_tax
        tax = next((each for each in above.taxes if each.id == mirrored), tax)
    return tax
