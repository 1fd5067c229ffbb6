"""Limits over time: what the policy lets be posted in a day or a month, held against what was posted by then.

It is counted by the day of posting, in UTC, as the audit trail has it: document dates are chosen by whoever asks. What
was reversed since stays counted, and so does what was approved beyond a limit. `docs/policy-language.md`, limits over
time.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import ZERO, Book
from billpolicy.book.changes import Issued, scope_of
from billpolicy.deciding.approvals import LET_WAIT, Awaited, as_asked_by, asked_of_them, not_somebody_else
from billpolicy.deciding.objections import NAME_ACTOR
from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.deciding.versions import policy_near
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.sentences import all_of, quoted
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.policy.approval import approval_of
from billpolicy.policy.model import Limit, Policy
from billpolicy.posting.limits import money_of
from billpolicy.posting.store import Moved, Reader

_NOT_PERMITTED: Code = "approver-not-permitted"
NO_ROLE = "whoever has no role"
NO_ACCOUNT = "no account"


class Used(NamedTuple):
    """What of a limit is used by somebody, on an account or by all, before and after an operation."""

    limit: str
    position: Position
    first: datetime.date
    """The first day that counts."""
    until: datetime.date
    """The first day that does not count any more, in UTC."""
    whose: str | None
    """The actor, in one spelling, or the id of the account; None of a limit of all together."""
    what: str | None
    """The currency; None of the number of operations."""
    before: Decimal
    after: Decimal
    most: Decimal | None
    """None of a currency for which there is no limit, and so nothing."""

    @property
    def is_passed(self) -> bool:
        """Whether the operation goes beyond it."""
        return self.after > (ZERO if self.most is None else self.most)


@dataclass
class _Sum:
    """What was posted by somebody, on an account or by all."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, other: _Sum) -> None:
        self.count += other.count
        for currency, amount in other.amounts.items():
            self.amounts[currency] += amount


class Weighed(NamedTuple):
    """An operation held against the limits: what it uses of them, and what stands against it."""

    used: tuple[Used, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    """The approvals that are missing, where they are given apart from the operation."""


class Counting:
    """What counts against the limits as a batch goes on: what was posted, read once, and what comes before in it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._sums: dict[tuple[str, str, datetime.date], dict[str, _Sum]] = {}
        """Digest of a policy, name of its limit, first day -> by whom, on which account or by all."""
        self._own: list[tuple[datetime.date, Moved]] = []
        """What this batch does, by the day on which it does it."""
        self._read: list[tuple[_Held, datetime.date]] = []
        """Of what the sums are."""

    def weigh(
        self, plan: Plan, book: Book, policies: Sequence[Policy], day: datetime.date, *, apart: bool = False
    ) -> Weighed:
        """What an operation, with all that follows it, uses if it is posted on a day. `book`: that which it leaves.
        `apart`: an approval that is missing may come later, and is no problem."""
        # Not the version of the document date, as of all else that is decided: whoever dates a document back would
        # choose it.
        policy = policy_near(policies, day) if policies else None
        if policy is None or not policy.limits:
            return Weighed()
        moved = list(_moved_by(plan, book))
        used: list[Used] = []
        problems: list[Diagnostic] = []
        awaited: list[Awaited] = []
        for limit in policy.limits.values():
            own = [one for one in moved if one.operation in limit.operations]
            if not own:
                continue
            if plan.actor is None and (limit.by == "actor" or limit.roles):
                problems.append(_nobody_named(limit))
            else:
                these = list(self._used(policy, limit, day, own))
                passed = [one for one in these if one.is_passed]
                used += these
                if passed:
                    against = list(_against(limit, policy, plan, passed))
                    # Who is held by the limit may still approve what a rule asks.
                    if apart and against and {one.code for one in against} <= {"approval-missing", _NOT_PERMITTED}:
                        if plan.actor is None:  # whoever asks could approve it under their own name
                            problems.append(_nobody_named(limit))
                        awaited.append(Awaited(plan.operation, limit.beyond, limit.id, limit.because))
                    else:
                        problems += against
        return Weighed(tuple(used), tuple(problems), tuple(awaited))

    def add(self, plan: Plan, book: Book, policies: Sequence[Policy], day: datetime.date) -> None:
        """Count an operation that is done on a day, before those that are weighed after it."""
        if not any(policy.limits for policy in policies):
            return
        for one in _moved_by(plan, book):
            self._own.append((day, one))
            for held, first in self._read:
                if first <= day < _until(held.limit, first):
                    held.count(self._sums[held.policy.digest, held.limit.id, first], one)

    def _used(self, policy: Policy, limit: Limit, day: datetime.date, own: Iterable[Moved]) -> Iterator[Used]:
        first = day if limit.per == "day" else day.replace(day=1)
        until = _until(limit, first)
        held = _Held(policy, limit)
        posted = self._posted(held, first, until)
        more: dict[str, _Sum] = {}
        for one in own:
            held.count(more, one)
        for whose, new in sorted(more.items()):
            before = posted.get(whose, _Sum())
            about = (limit.id, limit.position, first, until, None if limit.by == "all" else whose)
            if limit.count is not None:
                was = Decimal(before.count)
                yield Used(*about, None, was, was + new.count, Decimal(limit.count))
            for currency, amount in sorted(new.amounts.items()) if limit.amounts else ():
                most = limit.amounts.get(currency)
                if amount and (most is not None or limit.other_currencies == "refused"):
                    was = before.amounts.get(currency, ZERO)
                    yield Used(*about, currency, was, was + amount, most)

    def _posted(self, held: _Held, first: datetime.date, until: datetime.date) -> Mapping[str, _Sum]:
        key = (held.policy.digest, held.limit.id, first)
        if key not in self._sums:
            sums: dict[str, _Sum] = {}
            for one in self._reader.moved(first, until, held.limit.operations):
                held.count(sums, one)
            for day, one in self._own:
                if first <= day < until:
                    held.count(sums, one)
            self._sums[key] = sums
            self._read.append((held, first))
        return self._sums[key]


def counts_for(plan: Plan, account_of: Callable[[str], str]) -> Moved:
    """What an operation, without what follows it, counts as. `account_of`: whose document it is that has a number."""
    own = {one.document.number: one.document.account for one in plan.of(Issued)}
    amounts: dict[str, dict[str, Decimal]] = {}
    for number, currency, amount in money_of(plan):
        of_account = amounts.setdefault(own.get(number) or account_of(number), {})
        of_account[currency] = of_account.get(currency, ZERO) + abs(amount)
    if not amounts:  # it moves no money, but is about accounts
        amounts = {id: {} for scope, id in map(scope_of, plan.basis) if scope == "account"}
    return Moved(plan.operation, plan.actor, amounts or {NO_ACCOUNT: {}})


def _moved_by(plan: Plan, book: Book) -> Iterator[Moved]:
    for step in in_turn(plan):
        yield counts_for(step, lambda number: book.numbered[number].account)


def _until(limit: Limit, first: datetime.date) -> datetime.date:
    days = datetime.timedelta(days=1 if limit.per == "day" else 31)
    return first + days if limit.per == "day" else (first + days).replace(day=1)


# -- whom it holds, and who may let it pass ------------------------------------------------------------------------


class _Held:
    """A limit with the people of the policy: whom it holds, and what counts for whom."""

    def __init__(self, policy: Policy, limit: Limit) -> None:
        self.policy = policy
        self.limit = limit

    def holds(self, person: str | None) -> bool:
        """Whether it is about what this person does. Whoever has no role is held, too: no spelling escapes a limit."""
        role = None if person is None else self.policy.roles.get(self.policy.person(person))
        return not self.limit.roles or role is None or role in self.limit.roles

    def count(self, sums: dict[str, _Sum], one: Moved) -> None:
        """Add what an operation has moved, as far as the limit is about it, to what counts for whom."""
        if one.operation not in self.limit.operations or not self.holds(one.actor):
            return
        if self.limit.by == "account":
            for account, amounts in one.amounts.items():
                sums.setdefault(account, _Sum()).add(_Sum(1, dict(amounts)))
        else:
            total = _Sum(1)
            for amounts in one.amounts.values():
                total.add(_Sum(0, dict(amounts)))
            sums.setdefault(self._person(one.actor) if self.limit.by == "actor" else "", _Sum()).add(total)

    def _person(self, actor: str | None) -> str:
        """One name for each person. Where people are known, those who are not count as one: else another name would be
        another limit."""
        if actor is None:
            return NO_ROLE
        return NO_ROLE if self.policy.knows_not(actor) else self.policy.person(actor)


def _nobody_named(limit: Limit) -> Diagnostic:
    message = f"nobody is named as the actor of this operation ({_limit_in_words(limit)})"
    return Diagnostic("actor-missing", message, hint=NAME_ACTOR)


def _against(limit: Limit, policy: Policy, plan: Plan, passed: Sequence[Used]) -> Iterator[Diagnostic]:
    """What stands against an operation that goes beyond a limit."""
    why = "; ".join(map(_passed_in_words, passed))
    by = _limit_in_words(limit)
    if limit.beyond == "refused":
        yield Diagnostic("limit-used-up", f"{why} ({by})", hint=_hint(passed))
        return
    if not plan.approved_by:
        message = f"this needs the approval of a second person: {why} ({by})"
        yield Diagnostic("approval-missing", message, hint=f"add `approved_by: NAME`, or {LET_WAIT}")
    elif plan.actor is None:
        message = f"nobody is named whom {all_of(quoted(plan.approved_by))} would approve ({by})"
        yield Diagnostic("actor-missing", message, hint=NAME_ACTOR)
    else:
        wrong = [_cannot_approve(limit, policy, plan, plan.actor, one, by) for one in plan.approved_by]
        if all(wrong):
            yield from filter(None, wrong)


def _cannot_approve(limit: Limit, policy: Policy, plan: Plan, actor: str, approver: str, by: str) -> Diagnostic | None:
    """Why this person cannot let an operation pass a limit; one who can is enough."""
    nobody_else = not_somebody_else(policy, actor, approver, (), by)
    if nobody_else is not None:
        return Diagnostic(nobody_else.code, nobody_else.message, hint=nobody_else.hint)
    if limit.roles and _Held(policy, limit).holds(approver):
        message = f"`{approver}` is held by the limit, too, so cannot approve what goes beyond it ({by})"
        return Diagnostic(_NOT_PERMITTED, message, hint="ask somebody whom the limit does not hold")
    found = [_not_alone(policy, one, approver) for step in in_turn(plan) for one in step.resolved]
    for why, hint in filter(None, found):
        return Diagnostic(_NOT_PERMITTED, f"`{approver}` {why}, so cannot approve it ({by})", hint=hint)
    return None


def _not_alone(policy: Policy, resolved: Resolved, person: str) -> tuple[str, str] | None:
    """Why a person could not do this alone, with a hint: it is refused to them, or needs approval of somebody else. A
    rule that asks that of everybody, whoever they are, says nothing against them."""
    if "permission" not in resolved.resolutions:
        return None
    resolver = Resolver(policy, "python")
    theirs = as_asked_by(resolver, resolved, person, with_gaps=True)
    if theirs.text("permission") == "refused":
        return "may not do this", "ask somebody who may"
    if approval_of(theirs.text("permission")) and asked_of_them(resolver, theirs):
        return "would need approval for this, too", "ask somebody who may do it alone"
    return None


# -- in words ------------------------------------------------------------------------------------------------------


def days_in_words(used: Used) -> str:
    """`on 2026-06-06`, `in 2026-06`."""
    one_day = used.until - used.first == datetime.timedelta(days=1)
    return f"on {used.first}" if one_day else f"in {used.first:%Y-%m}"


def _passed_in_words(used: Used) -> str:
    whose = "" if used.whose is None else f" for {_named(used.whose)}"
    if used.what is None:
        return f"this would be operation {used.after:,}{whose} {days_in_words(used)}, of {used.most:,} at most"
    if used.most is None:
        return f"the limit lists no amount in {used.what}, so nothing in {used.what} is let through"
    of = f"of {used.most:,} {used.what}{whose} {days_in_words(used)}"
    return f"{used.before:,} {of} are used, with this {used.after:,}"


def _named(whose: str) -> str:
    return whose if whose in (NO_ROLE, NO_ACCOUNT) else f"`{whose}`"


def _limit_in_words(limit: Limit) -> str:
    because = f": {limit.because}" if limit.because else ""
    return f"limit `{limit.id}`, {limit.position}{because}"


def _hint(passed: Sequence[Used]) -> str:
    if any(used.most is None for used in passed):
        return "add the currency to `amounts` of the limit, or say `other_currencies: unlimited` there"
    return f"it is counted anew from {passed[0].until} on, in UTC"
