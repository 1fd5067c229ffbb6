"""The Python API: what `import billpolicy` gives. `docs/api.md` shows it in use.

A policy is compiled once, when it is loaded, and then decides as often as it is asked. A book and a ledger are two
places to plan on; a ledger can be posted to. What cannot be done raises `Refused`, which carries every reason; what
is no such thing at all, a `TypeError` that says what is wanted.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from billpolicy.accounting.asked import BUCKETS, Asked
from billpolicy.accounting.entries import entries_of
from billpolicy.accounting.journal import JournalExport, export_of
from billpolicy.accounting.reports.registry import REPORTS
from billpolicy.accounting.tables import Table
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.deciding.assumptions import broken_in
from billpolicy.deciding.book_findings import book_findings
from billpolicy.deciding.due_dates import undated
from billpolicy.deciding.due_dates import with_due_dates as dated
from billpolicy.deciding.proven import prove_texts
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.unknown_names import unknown_names
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean, in_order
from billpolicy.exchange.operations_file import operation_from
from billpolicy.exchange.plan_file import PlanFile
from billpolicy.exchange.plan_file import told as told_plan
from billpolicy.exchange.usage_file import UsageFile
from billpolicy.operations.options import other_option
from billpolicy.operations.record_usage import UsedQuantity
from billpolicy.operations.sync.sync import Sync, sync_with
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.planning.request import Instruction
from billpolicy.policy.model import Policy
from billpolicy.posting import approving
from billpolicy.posting.approving import ForApproval
from billpolicy.posting.as_planned import as_planned, posted_otherwise
from billpolicy.posting.asked import job_for, whole_job
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.history import History, history_of
from billpolicy.posting.limits import Totals, beyond
from billpolicy.posting.posting import (
    GROUP,
    Extent,
    Job,
    Outcome,
    dry_run,
    job_of,
    planned_before,
    post_jobs,
    post_one,
)
from billpolicy.posting.store import Posted, Reader, Store, Waiting
from billpolicy.posting.waiting import approved_job
from billpolicy.report.effect import Effect, effect_of
from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation import Explanation
from billpolicy.report.posted_explanation import PostedExplanation, posted_explanation, told_decisions
from billpolicy.source.collector import collector_paused
from billpolicy.source.scalars import read_digest, read_text
from billpolicy.source.today import today as utc_today
from billpolicy.vocabulary.operations import VOCABULARY

if TYPE_CHECKING:  # whoever has a ledger has imported it, which takes a while
    from billpolicy.ledger.store import Ledger

Operation = Mapping[str, Any] | Instruction
"""What is asked for: a mapping like an entry of an operations file, or what `load_operations` gave."""

Watch = Callable[[Iterable[Outcome], Callable[[], int], str], Iterable[Outcome]]
"""Is given what comes, how many there will be as far as is known by then, and what is being done, and gives it on."""


def plan(policy: Versions, on: Book | Store, operation: Operation, *, today: datetime.date | None = None) -> Plan:
    """What one operation would do, with all that follows it by the policy, on a book or a ledger. Changes nothing.

    `today`: the day of planning, for operations without a date; by default the calendar's. Of an operation that the
    ledger has posted, what it did. A bill run over every account is one plan here, which is for few; `plan_all` divides
    it. Raises `Refused` with every reason why it cannot be done.
    """
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect_to_read(on)
    with _reading(on) as reader:
        job = _asked(
            policy, operation_from(operation), reader.waiting(), lambda one: whole_job(policy, one, _day(today), "")
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
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect_to_read(on)
    day = _day(today)
    return _planned(policy, on, _several(operations), day, warn, watch, instead)


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
    with _reading(on) as reader:
        standing = reader.waiting()
        jobs = (
            _asked(policy, operation_from(one), standing, lambda asked: make(policy, asked, day, ""))
            for one in operations
        )
        outcomes = dry_run(reader if warn is None else _Warning(reader, policy, warn), jobs, extent=extent)
        yield from _watched(outcomes, extent, watch, "planning")


def explain(policy: Versions, plan: Plan) -> list[Explanation]:
    """How each attribute and setting of a plan was decided, for each document that it or a step of it makes."""
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect(plan, Plan, "`plan` must be a Plan, as `plan` gives it")
    return explain_plan(policy, VOCABULARY, plan)


def effect(outcome: Outcome) -> Effect | None:
    """What `credit_only` and `credit_rebill` would each do to charges and their periods, side by side.

    `outcome`: of either, as `plan_all` gives it with `instead`. None of other operations, of one that was posted
    before, and where both options are refused.
    """
    _expect(outcome, Outcome, "`outcome` must be what `plan_all` gives")
    return effect_of(outcome)


def post(
    policy: Versions,
    ledger: Store,
    operation: Operation | Plan,
    *,
    who: str,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
    confirm: Iterable[str] = (),
    yes: bool = False,
) -> Posted:
    """Post one operation with all that follows it, in one transaction: planned now, or as it was planned before.

    `confirm`: the digest of `plan.closure`, or at least 8 characters of its beginning, of a correction that takes more
    lines than were selected; `yes`: whatever it takes.

    `who`: the person, for the audit trail; an operation that names its actor is posted by them. `now`: the moment,
    with a time zone. The same operation again is answered with what was posted. A bill run over every account is one
    operation here, which is for few; `post_all` divides it. A plan on a ledger that has moved on,
    or by another policy, and whatever else cannot be posted, raises `Refused` and changes nothing.
    """
    _expect_to_post(policy, ledger, who)
    moment = _moment(now)
    confirmed = _confirmed(confirm, yes)
    if isinstance(operation, Plan):
        job = _by_its_policy(operation, policy, operation.actor or who)
    else:
        asked = operation_from(operation)
        standing, day = _standing(ledger, [asked]), _day(today)
        job = _asked(policy, asked, standing, lambda one: whole_job(policy, one, day, who))
    return post_one(ledger, replace(job, confirmed=confirmed), now=moment)


def post_all(
    policy: Versions,
    ledger: Store,
    operations: Iterable[Operation],
    *,
    who: str,
    atomic: bool = False,
    group: int = GROUP,
    now: Callable[[], datetime.datetime] | None = None,
    today: datetime.date | None = None,
    go_on: Callable[[], bool] = lambda: True,
    watch: Watch | None = None,
    confirm: Iterable[str] = (),
    yes: bool = False,
) -> Generator[Outcome]:
    """Post these operations in groups that are one transaction each, or with `atomic` all of them or none.

    They are posted as the outcomes are asked for: go through all of them, or nothing happens.

    What became of each is given as its group is committed; a refused one changes nothing for the others. `go_on` is
    asked before each group; `watch` may show how far it is. `confirm` and `yes` are as in `post`, for any of them.
    Raises `Refused`, before anything is posted, for a batch beyond the policy's `batch_limits`.

    A bill run over every account is a batch itself: an operation for each account on which it finds something to do,
    with an outcome of its own. Its id is that of the run and the account, `BR-1/acme`.
    """
    _expect_to_post(policy, ledger, who)
    day = _day(today)
    if now is not None and not callable(now):
        raise TypeError(f"`now` must be a function that gives the moment of each group, not {_kind(now)}")
    confirmed = _confirmed(confirm, yes)
    jobs = _to_post(policy, ledger, list(map(operation_from, _several(operations))), day, who, confirmed)
    if any(version.batch_limits for version in policy.policies):
        jobs = _within_limits(policy, ledger, jobs, watch)
    extent = Extent(len(jobs))
    outcomes = post_jobs(ledger, jobs, now=now or _now, group=group, atomic=atomic, go_on=go_on, extent=extent)
    return _watched(outcomes, extent, watch, "posting")


def _to_post(
    policy: Versions, ledger: Store, asked: list[Instruction], day: datetime.date, who: str, confirmed: Confirmed
) -> list[Job]:
    standing = _standing(ledger, asked)
    made = (_asked(policy, one, standing, lambda each: job_for(policy, each, day, who)) for one in asked)
    return [replace(job, confirmed=confirmed) for job in made]


def post_planned(
    policy: Versions,
    ledger: Store,
    plan: PlanFile,
    *,
    who: str,
    now: Callable[[], datetime.datetime] | None = None,
    go_on: Callable[[], bool] = lambda: True,
    watch: Watch | None = None,
    confirm: Iterable[str] = (),
    yes: bool = False,
) -> Generator[Outcome]:
    """Post exactly the plan of a file, all of it or nothing: each operation is planned again, and must come out as it
    stands there. The same plan again is answered with what was posted.

    `plan`: as `load_plan_file` gives it; the others are as in `post_all`. Raises `Refused`, before anything is posted,
    if it was made by another policy, if something of it was posted otherwise since, and beyond `batch_limits`.
    """
    _expect_to_post(policy, ledger, who)
    _expect(plan, PlanFile, "`plan` must be what `load_plan_file` gives")
    tell = partial(told_plan, policy)
    others = set(plan.policies).symmetric_difference((version.name, version.digest) for version in policy.policies)
    if others:
        raise Refused([_another_policy("this plan", others, Position(str(plan.path)))])
    with ledger.reading() as reader:
        otherwise = list(posted_otherwise(reader, plan.planned, tell))
    if otherwise:
        raise Refused(otherwise)
    jobs = _to_post(policy, ledger, list(plan.operations), plan.today, who, _confirmed(confirm, yes))
    jobs = [as_planned(job, plan.planned, tell) for job in jobs]
    if any(version.batch_limits for version in policy.policies):
        jobs = _within_limits(policy, ledger, jobs, watch)
    extent = Extent(len(jobs))
    outcomes = post_jobs(ledger, jobs, now=now or _now, atomic=True, go_on=go_on, extent=extent)
    return _watched(outcomes, extent, watch, "posting")


def wait(
    policy: Versions,
    ledger: Store,
    operation: Operation,
    *,
    who: str,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
) -> ForApproval:
    """Let an operation that lacks nothing but approvals wait for them in the ledger: what would be done is what is
    approved, and its date is fixed.

    The same again changes nothing; where something else would be done by now it waits anew. Raises `Refused` where it
    lacks anything else, or no approval at all.
    """
    _expect_to_post(policy, ledger, who)
    with ledger.writing() as writer:
        return approving.let_wait(writer, policy, operation_from(operation), _day(today), who, _moment(now))


def waiting(ledger: Store) -> list[Waiting]:
    """What waits for approvals, in the order in which it began to."""
    with ledger.reading() as reader:
        return list(reader.waiting().values())


def asked_waiting(ledger: Store, ids: Iterable[str]) -> list[Instruction]:
    """What waits under these ids, as it was asked for: to be posted with `post_all`. Raises `Refused` where nothing
    does."""
    ids = list(ids)
    with ledger.reading() as reader:
        return [_as_asked(approving.standing_in(reader, id)) for id in ids]


def approve(
    policy: Versions,
    ledger: Store,
    id: str,
    *,
    actor: str,
    comment: str | None = None,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
) -> ForApproval:
    """Approve what waits, as `actor`: checked by the policy, and recorded with what was approved.

    Gives what waits with the approvals that it has now, and the plan. Raises `Refused`, and records nothing, where they
    may not approve it, or where something else would be done by now.
    """
    _expect_to_post(policy, ledger, actor)
    with ledger.writing() as writer:
        return approving.approve(writer, policy, id, _as_asked, actor, comment, _day(today), _moment(now))


def withdraw(
    ledger: Store, id: str, *, who: str, why: str | None = None, now: datetime.datetime | None = None
) -> Waiting:
    """What waits for approvals does so no more; that it did stays on record. Raises `Refused` where nothing does."""
    _expect(who, str, "`who` must be a text")
    with ledger.writing() as writer:
        return approving.withdraw(writer, id, who, why, _moment(now))


def _as_asked(one: Waiting) -> Instruction:
    return operation_from({**one.request, "id": one.id, "actor": one.actor})


def _standing(ledger: Store, asked: Iterable[Instruction]) -> dict[str, Waiting]:
    """What waits of these."""
    with ledger.reading() as reader:
        return reader.waiting([one.request.id for one in asked])


def _asked(
    policy: Versions, asked: Instruction, standing: Mapping[str, Waiting], make: Callable[[Instruction], Job]
) -> Job:
    """An operation as a job, with the approvals that were given apart from it."""
    waits = standing.get(asked.request.id)
    return make(asked) if waits is None or not waits.approvals else approved_job(policy, make, asked, waits)


def _moment(now: datetime.datetime | None) -> datetime.datetime:
    moment = now or _now()
    _expect(moment, datetime.datetime, "`now` must be a moment, with a time zone")
    if moment.tzinfo is None:
        raise ValueError("`now` needs a time zone")
    return moment


def usage_operations(ledger: Store, file: UsageFile, actor: str | None = None) -> tuple[list[Instruction], int]:
    """Operations that record what of a file of usage is not recorded yet, for `post_all`; and how much of it is.

    What was recorded with other content stays in, to be refused at its line.
    """
    _expect(file, UsageFile, "`file` must be what `load_usage` gives")
    known: set[str] = set()
    with ledger.reading() as reader:
        for first in range(0, len(file.rows), _AT_ONCE):
            rows = {row.used.id: row.used for row in file.rows[first : first + _AT_ONCE]}
            for id, found in reader.book(Needs(usage=frozenset(rows))).usage.items():
                if id in rows and all(getattr(found, one.name) == getattr(rows[id], one.name) for one in _USED):
                    known.add(id)
    return list(file.operations(known, actor)), len(known)


_AT_ONCE = 10_000
_USED = fields(UsedQuantity)


def _watched(outcomes: Generator[Outcome], extent: Extent, watch: Watch | None, label: str) -> Generator[Outcome]:
    with closing(outcomes):
        yield from outcomes if watch is None else watch(outcomes, lambda: extent.count, label)


def _within_limits(policy: Versions, ledger: Store, jobs: list[Job], watch: Watch | None) -> list[Job]:
    """These jobs, each planned once, if the policy lets so many be posted; what was posted before does not count. What
    limits over time would refuse does: they are of the moment of posting, when there may be room again."""
    totals = Totals()
    planned = []
    with ledger.reading() as reader:
        extent = Extent(len(jobs))
        for outcome in _watched(
            dry_run(reader, jobs, extent=extent, limits=False), extent, watch, "checking the limits"
        ):
            made = outcome.plan if outcome.posted is None else None
            planned.append(outcome.job if made is None else planned_before(outcome.job, made))
            if made is not None:
                totals.add(made, outcome.job.asked.id)
    stops = list(beyond(policy.policies, totals))
    if stops:
        raise Refused(stops)
    return planned


def sync(
    policy: Versions,
    on: Book | Store,
    book: Book,
    *,
    today: datetime.date | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
) -> Sync:
    """What a newer book of the system of record says otherwise than a ledger: as operations that follow it, to be
    planned or posted like any others, and what no operation follows. Changes nothing.

    `today`: the day from which on the values of the book hold; by default the calendar's. Attributes and custom values
    that the policy does not declare are passed over; `warn` is told of them. Raises `Refused` when no policy is in
    force on that day.
    """
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect_to_read(on)
    _expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    day = _day(today)
    declared = policy.on(day).policy
    if warn is not None:
        for warning in in_order([*unknown_names(book, declared), *book_findings(book, declared)]):
            warn(warning)
    with collector_paused():
        with _reading(on) as reader:
            known = reader.book(Needs(master=True, numbers=frozenset(book.numbered), usage=frozenset(book.usage)))
        return sync_with(known, dated(book, policy.policies), declared, day)


def with_due_dates(policy: Versions, book: Book) -> Book:
    """The book with a due date for each invoice and debit memo that has a payment term of the policy and no due date;
    `due_date_from` says which term. What is planned on a book or a ledger sees them anyway; a ledger keeps them if the
    book is imported with them.
    """
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    return dated(book, policy.policies)


def due_dates_missing(book: Book) -> list[Diagnostic]:
    """One warning where invoices or debit memos have a payment term and no due date: in orders by due date they come
    last, as long as no policy works it out."""
    _expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    found = undated(book)
    if not found:
        return []
    first, others = found[0], len(found) - 1
    term = first.attributes["payment_term"]
    message = f"{first.number} has the payment term `{term}` and no due date"
    if others:
        message = f"{first.number} (`{term}`) and {others} more have a payment term and no due date"
    hint = (
        "plans work it out by a policy that declares the term; to keep it in the ledger name that policy at the first "
        "import, with --policy, or write `due_date` in the book"
    )
    return [Diagnostic("due-date-missing", message, None, hint, "warning")]


def check_book(policy: Versions, book: Book) -> list[Diagnostic]:
    """What is odd about a book under the newest of these policies, as warnings: names that it does not declare, what
    contradicts its assumptions, values that it cannot use, taxes that are not what their rates give. An operation that
    meets such a value is refused. What was read from a file is told at its place there.
    """
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    return _odd(book, policy.policies[-1])


def _odd(book: Book, policy: Policy) -> list[Diagnostic]:
    return in_order([*unknown_names(book, policy), *broken_in(book, policy), *book_findings(book, policy)])


def history(on: Book | Ledger, name: str) -> History:
    """What became of a line, `INV00000001/3`, and what it came of, step by step in the order in which that happened:
    billed, credited, reopened, billed again. Of a ledger also who did it, when and why.

    `name`: of a line; of a document, for each of its lines; or the id of a charge period. Raises `Refused` where
    nothing goes by that name.
    """
    _expect_to_read(on)
    _expect(name, str, "`name` must be a text, like `INV00000001/3`")
    if isinstance(on, Book):
        return history_of(on, name, (*on.numbered, *on.charge_periods))
    with on.reading() as reader:
        return reader.history(name)


def accounting_report(
    on: Book | Ledger,
    name: str,
    *,
    as_of: datetime.date | None = None,
    first: datetime.date | None = None,
    until: datetime.date | None = None,
    account: str | None = None,
    currency: str | None = None,
    buckets: tuple[int, ...] = BUCKETS,
) -> Table:
    """A report of `report_names`: what was open, moved or done, as of the end of a day, by default today.

    `first` and `until`, the first day after, are the period of reports that have one. Nothing dated after `as_of`
    counts, also where it was posted before. Raises `Refused` where the report cannot be answered, and `ValueError` if
    what it comes to contradicts the identities of the documents.
    """
    _expect_to_read(on)
    if name not in REPORTS:
        hint = did_you_mean(name, REPORTS) or f"reports: {', '.join(REPORTS)}"
        raise Refused([Diagnostic("report-unanswerable", f"there is no report `{name}`", hint=hint)])
    if isinstance(on, Book):
        book, journal = on, None
    else:
        with on.reading() as reader:
            book, journal = reader.book(Needs(everything=True)), reader.journal()
    return REPORTS[name](Asked(book, _day(as_of), first, until, account, currency, buckets, journal))


def report_names() -> tuple[str, ...]:
    """Every report that there is."""
    return tuple(REPORTS)


def journal(
    policy: Versions,
    on: Book | Ledger,
    *,
    first: datetime.date | None = None,
    until: datetime.date | None = None,
    after: str | None = None,
) -> JournalExport:
    """Double entry for each document, application and adjustment that was posted, on the accounts of the policy.

    `first` and `until`, the first day after, bound the dates of the entries. `after`: the id of an operation of the
    ledger; only what was posted later. Raises `Refused` where the policy says no accounts, or there is no such
    operation.
    """
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    _expect_to_read(on)
    if isinstance(on, Book):
        book, stamps, place = on, None, None
    else:
        with on.reading() as reader:
            book, stamps = reader.book(Needs(everything=True)), reader.stamps()
            place = None if after is None else reader.place(after)
    if after is not None and place is None:
        hint = "name an operation by its id: an export of the journal ends with that of the last one"
        raise Refused([Diagnostic("unknown", f"no operation `{after}` was posted here", hint=hint)])
    entries = entries_of(dated(book, policy.policies), policy.policies, stamps)
    return export_of(entries, policy.policies, first=first, until=until, after=place)


def explain_posted(ledger: Ledger, name: str) -> PostedExplanation:
    """How what was posted was decided then, by the policy as it was: the ledger keeps its text.

    `name`: the number of a document, or the id of an operation, for all that it decided. Where the text is not kept,
    value, level, rule and facts are told without it. Raises `Refused` where nothing was posted by that name.
    """
    _expect(name, str, "`name` must be a text, like `CM00000001`")
    with ledger.reading() as reader:
        shown = reader.decisions(name)
    if shown is None:
        message = f"nothing that was posted here goes by `{name}`"
        hint = "name a document or an operation that was posted; nothing decided what was imported"
        raise Refused([Diagnostic("unknown", message, hint=hint)])
    wanted = {step.policy_digest: step.policy for step in in_turn(shown.plan)}
    for digest, policy in wanted.items():
        if digest not in shown.policies:
            why = f"the text of policy `{policy}` ({digest[:12]}) is not kept: this was posted before ledgers kept it"
            return told_decisions(shown, why)
    try:
        made_by = [prove_texts(shown.policies[digest].layers) for digest in wanted]
        versions = Versions(Resolver(policy, "python") for policy in made_by)
        return posted_explanation(shown, versions)
    except Refused as refused:
        why = f"this program reads the policy of that time otherwise: {refused.diagnostics[0].message}"
        return told_decisions(shown, why)


class _Warning:
    """A reader that tells what is odd about the books that it reads, each thing once."""

    def __init__(self, reader: Reader, policy: Versions, warn: Callable[[Diagnostic], None]) -> None:
        self._policy, self._warn = policy, warn
        self._told: set[Diagnostic] = set()
        self._looked_at: Book | None = None
        self._read = reader.book
        self.known, self.requests, self.posted = reader.known, reader.requests, reader.posted
        self.given_elsewhere = reader.given_elsewhere
        self.parts, self.reopened, self.policies = reader.parts, reader.reopened, reader.policies
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
        for warning in _odd(book, newest):
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


@contextmanager
def _reading(on: Book | Store) -> Iterator[Reader]:
    if isinstance(on, Book):
        yield BookReader(on)
        return
    with on.reading() as reader:
        yield reader


def _expect_to_read(on: Book | Store) -> None:
    if not isinstance(on, Book) and not hasattr(on, "reading"):
        raise TypeError(f"`on` must be a Book or a ledger, not {_kind(on)}; `book_from` makes a Book of plain dicts")


def _several(operations: Iterable[Operation]) -> Iterable[Operation]:
    if isinstance(operations, Mapping | str) or not isinstance(operations, Iterable):
        raise TypeError(f"`operations` must be several of them, like a list, not {_kind(operations)}")
    return operations


def _by_its_policy(plan: Plan, policy: Versions, who: str) -> Job:
    """A plan as a job that is done under the policy that it was made by, and refused under another one."""
    job = job_of(plan, who)

    def planner(book: Book) -> tuple[Plan, Book]:
        made_by = {(step.policy, step.policy_digest) for step in in_turn(plan)}
        others = made_by - {(version.name, version.digest) for version in policy.policies}
        if others:
            raise Refused([_another_policy(f"plan `{plan.id}`", others)])
        return job.planner(book)

    return replace(job, planner=planner, policies=tuple(policy.policies))


def _another_policy(plan: str, others: Iterable[tuple[str, str]], at: Position | None = None) -> Diagnostic:
    names = " and ".join(f"`{name}`" for name in sorted({name for name, _ in others}))
    message = f"{plan} was made by the policy {names}, which is another one, or has changed since"
    return Diagnostic("policy-differs", message, at, "plan the operation again")


def _day(today: datetime.date | None) -> datetime.date:
    if today is None:
        return utc_today()
    if not isinstance(today, datetime.date) or isinstance(today, datetime.datetime):
        raise TypeError(f"`today` must be a date, not {_kind(today)}")
    return today


def _confirmed(digests: Iterable[str], yes: bool) -> Confirmed:
    if isinstance(digests, str):
        raise TypeError("`confirm` must be several digests, like a list, not `str`")
    return Confirmed(tuple(map(read_digest, digests)), yes)


def _expect_to_post(policy: Versions, ledger: Store, who: str) -> None:
    _expect(policy, Versions, "`policy` must be what `load_policy` gives")
    if not hasattr(ledger, "writing"):
        raise TypeError(f"`ledger` must be what `open_ledger` or `create_ledger` gives, not {_kind(ledger)}")
    _expect(who, str, "`who` must be a text")
    try:
        read_text(who)  # what the audit trail shows can forge nothing
    except ValueError as error:
        raise ValueError(f"`who` must name the person who posts: {error}") from None


def _expect(found: object, kind: type, wanted: str) -> None:
    """A mistake of the calling program is told here, not by something deep inside."""
    if not isinstance(found, kind):
        raise TypeError(f"{wanted}, not {_kind(found)}")


def _kind(found: object) -> str:
    return "nothing" if found is None else f"`{type(found).__name__}`"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
