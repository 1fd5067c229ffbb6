"""What operations would do, and why. Nothing here changes anything."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import replace
from typing import TYPE_CHECKING

from billpolicy.api.arguments import Operation, Watch, day_of, expect_to_read, several
from billpolicy.api.books import odd_in
from billpolicy.api.jobs import asked_job, reading, watched
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operation_from
from billpolicy.operations.options import other_option
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.posting.asked import job_for, whole_job
from billpolicy.posting.posting import Extent, Job, Outcome, dry_run
from billpolicy.posting.store import Reader, Store
from billpolicy.vocabulary.operations import VOCABULARY

if TYPE_CHECKING:  # a plan alone needs neither
    from billpolicy.report.effect import Effect
    from billpolicy.report.explanation import Explanation


def plan(policy: Versions, on: Book | Store, operation: Operation, *, today: datetime.date | None = None) -> Plan:
    """What one operation would do, with all that follows it by the policy, on a book or a ledger. Changes nothing.

    `today`: the day of planning, for operations without a date; by default the calendar's. Of an operation that the
    ledger has posted, what it did. A bill run over every account is one plan here, which is for few; `plan_all` divides
    it. Raises `Refused` with every reason why it cannot be done.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_to_read(on)
    with reading(on) as reader:
        job = asked_job(
            policy, operation_from(operation), reader.waiting(), lambda one: whole_job(policy, one, day_of(today), "")
        )
        (outcome,) = dry_run(reader, [job])
    if outcome.plan is None:
        raise Refused(outcome.problems)
    return outcome.plan


def plan_all(
    policy: Versions,
    on: Book | Store,
    operations: Iterable[Operation],
    *,
    today: datetime.date | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
    watch: Watch | None = None,
    instead: bool = False,
) -> Iterator[Outcome]:
    """What each of these operations would do after the ones before it; a refused one changes nothing for the others.

    They are planned as the outcomes are asked for. Raises `Refused` at one that cannot be read at all. A bill run over
    every account is divided, as `post_all` does it. `watch` may show how far it is.

    `warn`: is told of attributes and custom fields in the book that the policy does not declare: often a misspelling;
    and of values that it cannot use, with their place in the file of the book.
    `instead`: of a `credit_rebill` or `credit_only` also what the other of the two would do in its place, for `effect`.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_to_read(on)
    day = day_of(today)
    return _planned(policy, on, several(operations), day, warn, watch, instead)


def _planned(
    policy: Versions,
    on: Book | Store,
    operations: Iterable[Operation],
    day: datetime.date,
    warn: Callable[[Diagnostic], None] | None,
    watch: Watch | None,
    instead: bool,
) -> Iterator[Outcome]:
    if watch is not None:
        operations = list(operations)  # to know how many they are
    make = _job_or_instead if instead else job_for
    extent = Extent(len(operations) if isinstance(operations, Sized) else 0)
    with reading(on) as reader:
        standing = reader.waiting()
        jobs = (
            asked_job(policy, operation_from(one), standing, lambda asked: make(policy, asked, day, ""))
            for one in operations
        )
        outcomes = dry_run(reader if warn is None else _Warning(reader, policy, warn), jobs, extent=extent)
        yield from watched(outcomes, extent, watch, "planning")


def explain(policy: Versions, plan: Plan) -> list[Explanation]:
    """How each attribute and setting of a plan was decided, for each document that it or a step of it makes."""
    from billpolicy.report.explain import explain_plan

    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect(plan, Plan, "`plan` must be a Plan, as `plan` gives it")
    return explain_plan(policy, VOCABULARY, plan)


def effect(outcome: Outcome) -> Effect | None:
    """What `credit_only` and `credit_rebill` would each do to charges and their periods, side by side.

    `outcome`: of either, as `plan_all` gives it with `instead`. None of other operations, of one that was posted
    before, and where both options are refused.
    """
    from billpolicy.report.effect import effect_of

    expect(outcome, Outcome, "`outcome` must be what `plan_all` gives")
    return effect_of(outcome)


class _Warning:
    """A reader that tells what is odd about the books that it reads, each thing once."""

    def __init__(self, reader: Reader, policy: Versions, warn: Callable[[Diagnostic], None]) -> None:
        self._policy, self._warn = policy, warn
        self._told: set[Diagnostic] = set()
        self._looked_at: Book | None = None
        self._read = reader.book
        self.known, self.requests, self.posted = reader.known, reader.requests, reader.posted
        self.given_elsewhere = reader.given_elsewhere
        self.parts, self.in_use = reader.parts, reader.in_use
        self.reopened, self.policies = reader.reopened, reader.policies
        self.moved = reader.moved
        self.waiting = reader.waiting
        self.subscriptions, self.first_unbilled = reader.subscriptions, reader.first_unbilled

    def book(self, needs: Needs) -> Book:
        """As it is read."""
        book = self._read(needs)
        if book is self._looked_at:
            return book
        self._looked_at = book
        newest = self._policy.policies[-1]
        for warning in odd_in(book, newest):
            if warning not in self._told:
                self._told.add(warning)
                self._warn(warning)
        return book


def _job_or_instead(policy: Versions, instruction: Instruction, today: datetime.date, who: str) -> Job:
    """An operation as a job, of a correction with its other option."""
    job, other = job_for(policy, instruction, today, who), other_option(instruction)
    if other is None:
        return job
    instead = whole_job(policy, other, today, who)
    return replace(job, needs=job.needs | instead.needs, instead=instead)
