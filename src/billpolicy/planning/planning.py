"""Planning one operation: the book it works on, what was found wrong, what it changes, and the plan of it in the end.

A `Planning` is the one mutable thing of a planner, alive for one operation. It never touches the book it was given:
it works on a book that grows with what it plans, so that every check sees what was planned so far.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import NoReturn, TypeVar

from billpolicy.book import history
from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Change, ChargedThrough, account_name, subscription_name
from billpolicy.book.kinds import KINDS, kind_of
from billpolicy.book.model import Account, Application, Item, Numbered, Part, Payment, Reversible, Subscription
from billpolicy.deciding.approvals import Awaited
from billpolicy.deciding.resolver import Resolved
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.planning.closure import Closure
from billpolicy.planning.plan import BalanceChange, FollowedBy, Inheriting, PassedOver, Plan
from billpolicy.planning.request import Instruction

_D = TypeVar("_D", bound=Numbered)
_E = TypeVar("_E", bound=Numbered)
_STATUS = {"draft": "a draft", "canceled": "canceled"}


class Planning:
    """One operation being planned on one book."""

    def __init__(self, versions: Versions, book: Book, instruction: Instruction, today: datetime.date) -> None:
        """Raises `Refused` when no version of the policy is in force on the date."""
        self.versions = versions
        self.instruction = instruction
        self.request = instruction.request
        self.today = today
        self.date = instruction.document_date(today)
        try:
            self.resolver = versions.on(self.date)
        except Refused as refused:
            raise Refused(
                problem._replace(position=instruction.at("date")) for problem in refused.diagnostics
            ) from None
        self.policy = self.resolver.policy
        self.book = book
        self.follow_ups: list[FollowedBy] = []
        self.passed_over: list[PassedOver] = []
        self._before = book
        self._basis: dict[str, int] = {}
        self._problems: list[Diagnostic] = []
        self._not_before: dict[datetime.date, datetime.date] = {}
        """A date of the request that is too early -> the first one that is not."""
        self._dated: dict[int, tuple[str, datetime.date]] = {}
        """Place of a problem with a date -> its hint, without the date that would do, and the date that does not."""
        self._warnings: list[Diagnostic] = []
        self._notes: list[str] = []
        self._changes: list[Change] = []
        self._resolved: dict[int, tuple[int, Resolved]] = {}
        """Each with its place, by identity: documents may share one, and one that is merely equal is another."""
        self._reasons: dict[str, int] = {}
        self._touched: dict[str, None] = {}
        self._credits: list[tuple[str, str]] = []
        self._inheriting: list[Inheriting] = []
        self._closure: Closure | None = None
        self._awaited: list[Awaited] = []
        self._own: Plan | None = None

    # -- what is wrong, and what is to be said -----------------------------------------------------------------

    def problem(self, code: Code, message: str, *path: str | int, hint: str | None = None) -> None:
        """Note a reason to refuse; planning goes on to find the others."""
        self._problems.append(Diagnostic(code, message, self.instruction.at(*path), hint))

    def add(self, found: Diagnostic) -> None:
        """Note a reason to refuse that was found elsewhere, with its own place."""
        self._problems.append(found)

    def refuse(self, code: Code, message: str, *path: str | int, hint: str | None = None) -> NoReturn:
        """Refuse now: without this, nothing more can be said."""
        self.problem(code, message, *path, hint=hint)
        raise self._refused()

    def stop_if_refused(self) -> None:
        """Raise `Refused` with every reason found so far, if there is one."""
        if self._problems:
            raise self._refused()

    def _refused(self) -> Refused:
        return Refused(
            problem._replace(hint=self._dated_hint(place)) if place in self._dated else problem
            for place, problem in enumerate(self._problems)
        )

    def warn(self, code: Code, message: str) -> None:
        """Say something that the plan does and its reader may not expect."""
        self._warnings.append(Diagnostic(code, message, self.instruction.at(), severity="warning"))

    def note(self, sentence: str) -> None:
        """Say something that the reader of the plan would ask about."""
        self._notes.append(sentence)

    def inherit(self, change: Inheriting) -> None:
        """Show who takes another value after what is planned."""
        self._inheriting.append(change)

    def wait_for(self, awaited: Awaited) -> None:
        """Tell of an approval that is still to be given apart: only what it is about can be shown until then."""
        self._awaited.append(awaited)

    def close_over(self, closure: Closure) -> None:
        """Show what the plan takes with the lines that were selected; posting it wants that confirmed."""
        self._closure = closure

    @property
    def before(self) -> Book:
        """The book before this operation."""
        return self._before

    # -- looking up --------------------------------------------------------------------------------------------

    def account(self, name: str, *path: str | int) -> Account:
        """The account with the values that count, or refuse."""
        account = self.book.accounts.get(name)
        if account is None:
            hint = did_you_mean(name, self.book.accounts)
            self.refuse("account-unknown", f"there is no account `{name}`", *path, hint=hint)
        self.rely_on(account_name(name))
        return self.as_held(account)

    def subscription(self, name: str, *path: str | int) -> Subscription:
        """The subscription with the values that count, or refuse."""
        subscription = self.book.subscriptions.get(name)
        if subscription is None:
            hint = did_you_mean(name, self.book.subscriptions)
            self.refuse("subscription-unknown", f"there is no subscription `{name}`", *path, hint=hint)
        self.rely_on(subscription_name(name))
        return self.as_held(subscription)

    def subscriptions_of(self, items: Iterable[Item]) -> list[Subscription]:
        """The subscriptions that these items name, by id."""
        names = sorted({item.subscription for item in items if item.subscription})
        return [self.book.subscriptions[name] for name in names if name in self.book.subscriptions]

    def posted(self, kind: type[_D], number: str, *path: str | int) -> _D:
        """The posted, not reversed document of this kind, or refuse."""
        return self.posted_either(kind, kind, number, *path)

    def posted_either(self, kind: type[_D], other: type[_E], number: str, *path: str | int) -> _D | _E:
        """The posted, not reversed document of one of two kinds, or refuse (docs/domain.md 3.1, 4.1, 9.3)."""
        found = self.book.numbered.get(number)
        if not isinstance(found, (kind, other)):
            kinds = [KINDS[name] for name in dict.fromkeys((kind.kind, other.kind))]
            if found is None:
                names = [one.name for one in kinds]
                same = [each for each, document in self.book.numbered.items() if document.kind in names]
                message = f"there is no {' or '.join(one.words for one in kinds)} `{number}`"
                hint = did_you_mean(number, same) or "check its number"
            else:
                wanted = " or ".join(one.article for one in kinds)
                message = f"`{number}` is {kind_of(found).article}, not {wanted}"
                hint = f"name {wanted}"
            self.refuse("document-unknown", message, *path, hint=hint)
        if found.status != "posted":
            message = f"{number} is {_STATUS[found.status]}; this is done to posted documents only"
            hint = "post it first, with `post_draft`" if found.status == "draft" else "name a posted document"
            self.refuse("not-posted", message, *path, hint=hint)
        if isinstance(found, Reversible) and found.reversed_:
            why = f" ({found.reversed_reason})" if isinstance(found, Payment) and found.reversed_reason else ""
            message = f"{number} has been reversed{why}; it cannot change any more"
            self.refuse("reversed", message, *path, hint="name a document that has not been reversed")
        self.rely_on(number)
        return found

    def numbered(self, number: str) -> Numbered:
        """A document that the book is known to have, as it stands now; the plan relies on it."""
        self.rely_on(number)
        return self.book.numbered[number]

    def rely_on(self, name: str) -> None:
        """The plan holds only as long as this has not changed: a number, `account:ID` or `subscription:ID`."""
        self._basis[name] = self._before.revisions.get(name, 0)

    def rely_on_values(self, accounts: Iterable[Account], subscriptions: Iterable[Subscription]) -> None:
        """The plan holds only as long as these hold the values that they hold now."""
        for account in accounts:
            if account.id in self._before.accounts:
                self.rely_on(account_name(account.id))
        for subscription in subscriptions:
            if subscription.id in self._before.subscriptions:
                self.rely_on(subscription_name(subscription.id))

    def as_held(self, record: history.R) -> history.R:
        """A record with the values that it holds on the day that counts."""
        return history.on_day(record, self.day_of_values(self.request.operation))

    def day_of_values(self, operation: str) -> datetime.date:
        """Whose values of accounts and subscriptions count, by the policy's `values_of`: those of the document date, or
        the latest ones, which are those of today unless the document is of a later day."""
        base = self.policy.base.get((operation, "values_of"))
        dated = base is not None and str(base.outcome) == "document_date"
        return self.date if dated else max(self.date, self.today)

    # -- dates -------------------------------------------------------------------------------------------------

    def check_date(self, about: Numbered | None = None) -> None:
        """The date lies in an open period, and not before that of the document it is about (docs/domain.md 2.7)."""
        if about is not None:
            self.check_not_before(self.date, about.date, about.number, "date")
        self.check_open(self.date, "date")

    def check_not_before(self, day: datetime.date, earliest: datetime.date, of: str, *path: str | int) -> None:
        """A day is not before the earliest one possible, which is that `of` something."""
        if day < earliest:
            self._not_before[day] = max(earliest, self._not_before.get(day, earliest))
            self._dated[len(self._problems)] = ("use {} or later", day)
            self.problem("date-too-early", f"the date {day} is before {of} ({earliest})", *path)

    def check_open(self, day: datetime.date, *path: str | int) -> None:
        """A day does not lie in a closed accounting period (docs/domain.md 9.4)."""
        period = self.book.period_of(day)
        if period is not None and period.status == "closed":
            self._dated[len(self._problems)] = ("the next open day is {}", day)
            message = f"{day} lies in a closed accounting period ({period.from_} until {period.until})"
            self.problem("period-closed", message, *path)

    def _dated_hint(self, place: int) -> str:
        """The first day on which nothing of what is wrong with a date is wrong: the same in all that is said of it."""
        hint, day = self._dated[place]
        # What it must not be before can be too early itself: each step goes to a later day.
        while self._not_before.get(day, day) > day:
            day = self._not_before[day]
        return hint.format(self.book.next_open_day(day))

    # -- changing the book -------------------------------------------------------------------------------------

    def change(self, change: Change) -> None:
        """Put a change in the plan, and go on with the book that it leaves."""
        self._changes.append(change)
        self.book = change.on(self.book)

    def decide(self, resolved: Resolved, number: str | None = None) -> None:
        """Keep how something was decided, about the document of this number or of none. Several may share it."""
        place, _ = self._resolved.setdefault(id(resolved), (len(self._resolved), resolved))
        if number is not None:
            self._reasons[number] = place

    def apply(self, source: Numbered, target: Numbered, day: datetime.date, parts: tuple[Part, ...]) -> None:
        """Put money of a source on a target, of the same currency (docs/domain.md 9.5)."""
        self.apply_each(source, [(target, day, parts)])

    def apply_each(self, source: Numbered, put: Iterable[tuple[Numbered, datetime.date, tuple[Part, ...]]]) -> None:
        """Put money of a source on several targets, each on a day of its own."""
        made = [self._applied(source, target, day, parts) for target, day, parts in put]
        self._changes += made
        self.book = Applied.all_on(self.book, made)
        for one in made:
            self.touch(one.application.from_)
            self.touch(one.application.to)

    def _applied(self, source: Numbered, target: Numbered, day: datetime.date, parts: tuple[Part, ...]) -> Applied:
        if source.currency != target.currency:
            message = f"{source.number} is in {source.currency} and {target.number} in {target.currency}"
            self.refuse("currency-mismatch", message, hint="money is never applied across currencies")
        amount = sum((part.amount for part in parts), Decimal(0))
        return Applied(Application(from_=source.number, to=target.number, date=day, amount=amount, parts=parts))

    @property
    def applications(self) -> tuple[Application, ...]:
        """What was applied so far."""
        return tuple(one.application for one in self._changes if isinstance(one, Applied))

    def charge_through(self, subscription: str, charge: str, day: datetime.date) -> ChargedThrough:
        """Move the charged-through date of a charge: `day` is the first one that is not billed."""
        found = self.book.subscriptions[subscription]
        (before,) = (each.charged_through for each in found.charges if each.id == charge)
        moved = ChargedThrough(subscription, charge, before, day)
        self.rely_on(subscription_name(subscription))
        self.change(moved)
        return moved

    def touch(self, number: str) -> None:
        """Show the balance of this document in the plan, and rely on it as it is."""
        document = self.book.numbered[number]
        # A draft is owed by nobody, and of an adjustment the credit balance is shown.
        shown = document.status == "posted" and document.kind != "credit_adjustment"
        if shown:
            self._touched.setdefault(number)
        if number in self._before.numbered:
            self.rely_on(number)

    def touch_credit(self, account: str, currency: str) -> None:
        """Show the credit balance of an account in the plan, and rely on it as it is."""
        if (account, currency) not in self._credits:
            self._credits.append((account, currency))
        self.rely_on(account_name(account))

    # -- the plan ----------------------------------------------------------------------------------------------

    def finish(self) -> Plan:
        """What this operation itself does, without what follows it. Raises `Refused` if anything was found wrong."""
        if self._own is None:
            self.stop_if_refused()
            request = self.request
            self._own = Plan(
                id=request.id,
                operation=request.operation,
                date=self.date,
                request=self.instruction.data,
                policy=self.policy.name,
                policy_digest=self.policy.digest,
                engine=self.resolver.engine,
                basis=dict(sorted(self._basis.items())),
                changes=tuple(self._changes),
                resolved=tuple(resolved for _, resolved in self._resolved.values()),
                reasons=self._reasons,
                balances=(*map(self._balance, self._touched), *map(self._credit, self._credits)),
                inheriting=tuple(self._inheriting),
                closure=self._closure,
                actor=request.actor,
                approved_by=request.approved_by,
                comment=request.comment,
                awaited=tuple(self._awaited),
            )
            self.book = self.book.with_changed(self._own.touched)
        return self._own

    def plan(self) -> Plan:
        """The finished plan with all that follows. Raises `Refused` if anything was found wrong on the way."""
        own = self.finish()
        if not (self._warnings or self._notes or self.follow_ups or self.passed_over):
            return own
        warnings, notes = tuple(self._warnings), tuple(self._notes)
        passed_over = tuple(self.passed_over)
        return replace(own, warnings=warnings, notes=notes, follow_ups=tuple(self.follow_ups), passed_over=passed_over)

    def _balance(self, number: str) -> BalanceChange:
        before, after = self._before.numbered.get(number), self.book.numbered[number]
        return BalanceChange(
            after.kind,
            number,
            after.currency,
            None if before is None else self._before.balance(before),
            self.book.balance(after),
        )

    def _credit(self, of: tuple[str, str]) -> BalanceChange:
        account, currency = of
        before, after = (book.credit_balance(account, currency) for book in (self._before, self.book))
        return BalanceChange("credit_balance", account, currency, before, after)
