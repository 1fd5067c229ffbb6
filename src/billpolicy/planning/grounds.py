"""What a planner stands on: looking things up in the book, and refusing with every reason at its place."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NoReturn, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.model import Account, Document, Item, Numbered, Subscription
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.planning.request import Instruction

_D = TypeVar("_D", bound=Numbered)
_E = TypeVar("_E", bound=Numbered)
_STATUS = {"draft": "a draft", "canceled": "canceled"}
_ARTICLE = {
    "invoice": "an invoice",
    "credit_memo": "a credit memo",
    "debit_memo": "a debit memo",
    "payment": "a payment",
    "refund": "a refund",
    "credit_adjustment": "an adjustment of a credit balance",
}


class Grounds:
    """The book, the request and the policy of one operation, and what was found wrong so far."""

    def __init__(self, versions: Versions, book: Book, instruction: Instruction, today: datetime.date) -> None:
        """Raises `Refused` when no version of the policy is in force on the date."""
        self.versions = versions
        self.instruction = instruction
        self.today = today
        self.date = instruction.request.document_date(today)
        try:
            self.resolver = versions.on(self.date)
        except Refused as refused:
            raise Refused(
                problem._replace(position=instruction.at("date")) for problem in refused.diagnostics
            ) from None
        self.policy = self.resolver.policy
        self.book = book
        self._before = book
        self._basis: dict[str, int] = {}
        self._warnings: list[Diagnostic] = []
        self._problems: list[Diagnostic] = []

    # -- refusing ----------------------------------------------------------------------------------------------

    def problem(self, code: str, message: str, *path: str | int, hint: str | None = None) -> None:
        """Note a reason to refuse; planning goes on to find the others."""
        self._problems.append(Diagnostic(code, message, self.instruction.at(*path), hint))

    def refuse(self, code: str, message: str, *path: str | int, hint: str | None = None) -> NoReturn:
        """Refuse now: without this, nothing more can be said."""
        self.problem(code, message, *path, hint=hint)
        raise Refused(self._problems)

    def stop_if_refused(self) -> None:
        """Raise `Refused` with every reason found so far, if there is one."""
        if self._problems:
            raise Refused(self._problems)

    def warn(self, code: str, message: str) -> None:
        """Say something that the plan does and its reader may not expect."""
        self._warnings.append(Diagnostic(code, message, self.instruction.at(), severity="warning"))

    # -- looking up --------------------------------------------------------------------------------------------

    def account(self, name: str, *path: str | int) -> Account:
        """The account, or refuse."""
        account = self.book.accounts.get(name)
        if account is None:
            hint = did_you_mean(name, self.book.accounts)
            self.refuse("account-unknown", f"there is no account `{name}`", *path, hint=hint)
        self.rely_on(f"account:{name}")
        return account

    def subscription(self, name: str, *path: str | int) -> Subscription:
        """The subscription, or refuse."""
        subscription = self.book.subscriptions.get(name)
        if subscription is None:
            hint = did_you_mean(name, self.book.subscriptions)
            self.refuse("subscription-unknown", f"there is no subscription `{name}`", *path, hint=hint)
        self.rely_on(f"subscription:{name}")
        return subscription

    def posted(self, kind: type[_D], number: str, *path: str | int) -> _D:
        """The posted, not reversed document of this kind, or refuse."""
        return self.posted_either(kind, kind, number, *path)

    def posted_either(self, kind: type[_D], other: type[_E], number: str, *path: str | int) -> _D | _E:
        """The posted, not reversed document of one of two kinds, or refuse (domain sections 3.1, 4.1, 9.3)."""
        found = self.book.numbered.get(number)
        kinds = (kind, other)
        if not isinstance(found, kinds):
            names = list(dict.fromkeys(k.kind for k in kinds))
            if found is None:
                same = [n for n, document in self.book.numbered.items() if isinstance(document, kinds)]
                message = f"there is no {' or '.join(name.replace('_', ' ') for name in names)} `{number}`"
                hint = did_you_mean(number, same) or "check its number"
            else:
                wanted = " or ".join(_ARTICLE[name] for name in names)
                message = f"`{number}` is {_ARTICLE[found.kind]}, not {wanted}"
                hint = f"name {wanted}"
            self.refuse("document-unknown", message, *path, hint=hint)
        if found.status != "posted":
            message = f"{number} is {_STATUS[found.status]}; this is done to posted documents only"
            hint = "post it first, with `post_draft`" if found.status == "draft" else "name a posted document"
            self.refuse("not-posted", message, *path, hint=hint)
        if isinstance(found, Document) and found.reversed_:
            message = f"{number} has been reversed; it cannot change any more"
            self.refuse("reversed", message, *path, hint="name a document that has not been reversed")
        self.rely_on(number)
        return found

    def subscriptions_of(self, items: Iterable[Item]) -> list[Subscription]:
        """The subscriptions that these items name, by id."""
        names = sorted({item.subscription for item in items if item.subscription})
        return [self.book.subscriptions[name] for name in names if name in self.book.subscriptions]

    def rely_on(self, name: str) -> None:
        """The plan holds only as long as this has not changed: a number, `account:ID` or `subscription:ID`."""
        self._basis[name] = self._before.revisions.get(name, 0)

    # -- dates -------------------------------------------------------------------------------------------------

    def check_document_date(self, day: datetime.date, earliest: datetime.date | None, of: str, *path: str) -> None:
        """A date lies in an open accounting period (domain 9.4) and not before the document it is about (2.7)."""
        if earliest is not None and day < earliest:
            message = f"the date {day} is before {of} ({earliest})"
            self.problem("date-too-early", message, *path, hint=f"use {earliest} or later")
        period = self.book.period_of(day)
        if period is not None and period.status == "closed":
            opens = self.book.next_open_day(day)
            message = f"{day} lies in a closed accounting period ({period.from_} until {period.until})"
            self.problem("period-closed", message, *path, hint=f"the next open day is {opens}")
