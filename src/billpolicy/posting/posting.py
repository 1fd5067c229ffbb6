"""Jobs done on a store: tried as a dry run, or posted, one by one or in groups. One path for all of them.

For a group of jobs one slice is read, and each is planned on the book that the ones before it leave. A dry run goes on
with that book; posting writes the group in one transaction, so whole groups stay, whatever happens then. A group ends
before a job that names what only an earlier one of it makes. A job that is done in parts is divided when its turn
comes: which parts it has depends on what the jobs before it have done.
"""

from __future__ import annotations

import datetime
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from billpolicy.book import identities
from billpolicy.book.book import Book
from billpolicy.book.changes import SCOPES, Created, Given, Issued, UsageBilled, UsageRecorded, master_id, scope_of
from billpolicy.book.model import CreditAdjustment, Document
from billpolicy.book.needs import Needs, all_of
from billpolicy.deciding.due_dates import with_due_dates
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.planning.closure import Closure
from billpolicy.planning.plan import Plan, in_turn, left_by
from billpolicy.policy.model import Policy
from billpolicy.posting import checks
from billpolicy.posting.confirming import NOTHING, Confirmed, to_confirm, unconfirmed
from billpolicy.posting.over_time import Counting, Used
from billpolicy.posting.same_request import ask_the_same
from billpolicy.posting.store import Audit, Cause, Entry, PolicyText, Posted, Reader, Store, Writer
from billpolicy.source.codec import canonical, decode
from billpolicy.source.collector import collector_paused

GROUP = 500
"""Jobs in one transaction, unless the caller says otherwise."""
Clock = Callable[[], datetime.datetime]
Planner = Callable[[Book], tuple[Plan, Book]]
"""Gives the plan and the book that it leaves. Raises `Refused`."""
Divide = Callable[[Reader, Book], "Parts"]
"""Is given the ledger as it stands, and what a dry run has planned on it. Raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Job:
    """One operation to be planned and posted."""

    id: str
    request: Mapping[str, Any]
    """What the plan will carry as its request."""
    needs: Needs
    planner: Planner
    who: str
    """Who posts it."""
    divide: Divide | None = None
    """Of a job that is done in parts: gives them. If it was posted as a whole before, it is answered as that."""
    part_of: Job | None = None
    """The job that it is a part of. A part that finds nothing to do is passed over, unless all of them do."""
    confirmed: Confirmed = NOTHING
    """What whoever posts it has confirmed; nothing that is asked for."""
    policies: tuple[Policy, ...] = ()
    """What it is planned by: a store keeps the text of what something was posted under, and their limits hold."""
    today: datetime.date | None = None
    """The day on which a dry run would post it: limits over time are counted by that; without it they are not."""
    request_id: str | None = None
    """Of the request by which a program posts it; `request` is what is asked for."""
    instead: Job | None = None
    """What could be done in its place. A dry run plans that on the same book, and goes on as if it had not."""

    @property
    def asked(self) -> Job:
        """What was asked for: this job, or the one that it is a part of."""
        return self.part_of or self


@dataclass(frozen=True, slots=True)
class Parts:
    """What a job is divided into."""

    count: int
    jobs: Iterator[Job]
    """They are made as they are taken, since there may be very many."""


class Extent:
    """How many outcomes a batch will have, as far as is known: more when a job of it has been divided."""

    def __init__(self, count: int = 0) -> None:
        self.count = count


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job: it is planned or posted, or it was refused.

    Nothing of these, where nothing is wrong with it: others of an atomic batch were refused, or a dry run has planned
    it before.
    """

    job: Job
    plan: Plan | None = None
    """What a dry run has planned, or what stands in the ledger."""
    posted: Posted | None = None
    """As it is in the ledger; None of what a dry run has planned."""
    problems: tuple[Diagnostic, ...] = ()
    to_confirm: tuple[Closure, ...] = ()
    """What has to be confirmed before it is posted."""
    instead: Outcome | None = None
    """What would have become of the job that could be done in its place."""
    used: tuple[Used, ...] = ()
    """What of limits over time is used, before it and with it."""

    @property
    def numbers(self) -> list[str]:
        """The numbers of all documents that it made, or would make, with what follows it."""
        made = self.plan if self.posted is None else self.posted.plan
        return [] if made is None else [one.document.number for step in in_turn(made) for one in step.documents]

    @property
    def lacks_approvals(self) -> bool:
        """Whether it may lack nothing else, and is no part of a greater operation. Who approved it may be asked for by
        one step, while another one lacks somebody: that is told apart where it is planned to wait."""
        codes = {problem.code for problem in self.problems}
        return bool(codes) and codes <= _OF_APPROVALS and self.job.part_of is None

    @property
    def is_idle(self) -> bool:
        """Whether it is a part of a job that found nothing to do, which is no fault of it."""
        return self.job.part_of is not None and [one.code for one in self.problems] == ["nothing-due"]


_OF_APPROVALS = frozenset({"approval-missing", "approver-not-permitted"})


def dry_run(
    reader: Reader, jobs: Iterable[Job], group: int = GROUP, extent: Extent | None = None, *, limits: bool = True
) -> Generator[Outcome]:
    """Plan each job on the book that the ones before it leave, and post nothing; a refused one leaves it as it was.

    What was posted before, with the same content, is given as it was posted. Of what comes twice nothing is given the
    second time: plans that were given are not kept, so that memory grows with what they leave in the book only.
    `extent` tells meanwhile how many outcomes there will be. Without `limits` those over time are not counted: of what
    was done over months.
    """
    extent = extent or Extent()
    waiting = _Waiting(jobs, group, extent)
    yield from _without_idle(_tried(reader, waiting, limits=limits), waiting, extent)


def _tried(reader: Reader, waiting: _Waiting, *, limits: bool) -> Iterator[Outcome]:
    book, read = Book(), None
    counting = Counting(reader)
    planned: dict[str, Mapping[str, Any]] = {}
    parts: dict[str, Mapping[str, Any]] = {}
    while waiting.more():
        taken = waiting.take(reader, book)
        answers = _answers(reader, taken)
        new = [job for job in taken if job.id not in answers]
        more = reader.book(_with_planned(all_of(job.needs for job in new), book, reader))
        if more is not read:  # a book that is all there is, is given again and again
            book, read = book.joined(more), more
        for job in taken:
            outcome = answers.get(job.id)
            if outcome is None and job.id in planned:
                outcome = _again(job, planned[job.id])
            elif outcome is None:
                instead = None if job.instead is None else _planned(job.instead, book)[0]
                day = job.today if limits else None
                outcome, after = _weighed(*_planned(job, book), counting, day, book)
                if outcome.plan is not None:
                    steps = list(in_turn(outcome.plan))
                    problems = _taken(reader, steps, book, planned, book.numbered, parts, new={job.id})
                    if problems:
                        outcome = Outcome(job, problems=tuple(problems))
                    else:
                        book = after
                        if day is not None:
                            counting.add(steps[0], book, job.policies, day)
                        for step in steps:
                            planned[step.id] = step.request
                        parts |= _parts_of(steps)
                outcome = outcome if instead is None else replace(outcome, instead=instead)
            yield outcome


def post_jobs(
    store: Store,
    jobs: Iterable[Job],
    *,
    now: Clock,
    group: int = GROUP,
    atomic: bool = False,
    go_on: Callable[[], bool] = lambda: True,
    extent: Extent | None = None,
) -> Generator[Outcome]:
    """Plan and post these jobs; what became of each is given in their order, as their group is committed.

    A refused one leaves the others as they are. With `atomic` all are one transaction: if any is refused nothing is
    posted, and all that are refused are told. `go_on` is asked before each group; with No, the batch ends there, and an
    atomic one posts nothing. `extent` tells meanwhile how many outcomes there will be. Raises `Refused` where the store
    fails.
    """
    extent = extent or Extent()
    waiting = _Waiting(jobs, group, extent)
    if atomic:
        outcomes: Iterable[Outcome] = _all_or_nothing(store, waiting, now, go_on)
    else:
        outcomes = _in_groups(store, waiting, now, go_on)
    yield from _without_idle(outcomes, waiting, extent)


def _in_groups(store: Store, waiting: _Waiting, now: Clock, go_on: Callable[[], bool]) -> Iterator[Outcome]:
    while waiting.more() and go_on():
        with store.reading() as reader:
            taken = waiting.take(reader)
        yield from _posted(store.writing, taken, now)


def post_one(store: Store, job: Job, *, now: datetime.datetime) -> Posted:
    """Plan and post one job in one transaction. Raises `Refused`, and changes nothing."""
    return post_made(store, lambda _: job, now=now)


def post_made(store: Store, make: Callable[[Reader], Job], *, now: datetime.datetime) -> Posted:
    """The same of a job that is made of what the ledger holds in that transaction."""
    try:
        with store.writing() as writer, collector_paused():
            (outcome,) = _written(writer, [make(writer)], now)
    except _NotWritten as refused:
        raise Refused(refused.problems) from None
    if outcome.posted is None:
        raise Refused(outcome.problems)
    return outcome.posted


def job_of(plan: Plan, who: str) -> Job:
    """A job whose plan was made before. Refused, and nothing is changed, if the ledger has moved on since."""
    named: dict[str, set[str]] = defaultdict(set)
    for scope, id in (scope_of(name) for step in in_turn(plan) for name in (*step.basis, *step.touched)):
        named[scope].add(id)
    credit = {
        one.document.account
        for step in in_turn(plan)
        for one in step.of(Issued)
        if isinstance(one.document, CreditAdjustment)
    }
    used = {one.id for step in in_turn(plan) for change in step.of(UsageRecorded) for one in change.records}
    used |= {one.id for step in in_turn(plan) for change in step.of(UsageBilled) for one in change.records}
    for step in in_turn(plan):
        for created in step.of(Created):
            named[SCOPES[type(created.record)]].add(master_id(created.record))
        for given in step.of(Given):
            named[given.scope].add(given.id)
    needs = Needs(
        accounts=frozenset(named["account"]),
        contacts=frozenset(named["contact"]),
        charges=frozenset(named["charge"]),
        numbers=frozenset(named["document"]),
        subscriptions=frozenset(named["subscription"]),
        open_of=frozenset(credit),
        usage=frozenset(used),
    )
    return Job(plan.id, plan.request, needs, lambda book: (plan, _left_by(plan, book)), who)


def planned_before(job: Job, plan: Plan) -> Job:
    """A job that has been planned already: that plan is posted if it still holds, else it is planned again."""

    def planner(book: Book) -> tuple[Plan, Book]:
        return job.planner(book) if _refusals(plan, book) else (plan, left_by(plan, book))

    return replace(job, planner=planner)


def _left_by(plan: Plan, book: Book) -> Book:
    refusals = _refusals(plan, book)
    if refusals:
        raise Refused(refusals)
    return left_by(plan, book)


def _refusals(plan: Plan, book: Book) -> list[Diagnostic]:
    """What has changed since a plan was made, of what it or a step of it relies on."""
    for step in in_turn(plan):
        found = checks.stale(step, book)
        if found:
            return found
        if plan.follow_ups:
            book = left_by(replace(step, follow_ups=()), book)
    return []


class _Waiting:
    """The jobs that are still to be done."""

    def __init__(self, jobs: Iterable[Job], group: int, extent: Extent) -> None:
        if group < 1:
            raise ValueError(f"a group has at least one job, not {group}")
        self.extent = extent
        self._parts: Iterator[Job] = iter(())
        self._behind: deque[Job] = deque()
        """What was next when a job was divided: it comes when the parts are done."""
        self._coming = iter(jobs)
        self._group = group
        self._next: deque[Job] = deque()

    def more(self) -> bool:
        """Whether there is another group; outside of a transaction, since those who ask may take their time."""
        for source in (self._parts, _taken_from(self._behind), self._coming):
            self._next.extend(islice(source, self._group - len(self._next)))
        return bool(self._next)

    def take(self, reader: Reader, book: Book | None = None) -> list[Job]:
        """The next group: as many as can be planned on one slice of the ledger as it stands, and on a book."""
        self._divide(reader, book or Book())
        known = reader.known({name for job in self._next for name in _named(job)})
        known |= {name for job in self._next for name in _named(job) if book is not None and name in book.numbered}
        taken: dict[str, Job] = {}
        while self._next:
            job = self._next[0]
            wide = job.needs.everything or job.needs.every_subscription
            # What it names may be what one of these makes; or it is one of these, and is answered after them.
            if taken and (wide or job.id in taken or not known.issuperset(_named(job)) or _looks_back(job, taken)):
                break
            taken[job.id] = self._next.popleft()
            if wide:
                break
        return list(taken.values())

    def _divide(self, reader: Reader, book: Book) -> None:
        """Put the parts of the next job in its place, if it is one that is divided."""
        job = self._next[0]
        if job.divide is None:
            return
        self._next.popleft()
        whole = replace(job, divide=None)
        if reader.requests([job.id]):
            self._next.appendleft(whole)
            return
        try:
            parts = job.divide(reader, book)
        except Refused as refused:
            parts = Parts(1, iter([refusing(whole, refused)]))
        self.extent.count += parts.count - 1
        self._behind.extendleft(reversed(self._next))
        self._next.clear()
        self._parts = parts.jobs
        self.more()


def _taken_from(queue: deque[Job]) -> Iterator[Job]:
    while queue:
        yield queue.popleft()


def refusing(job: Job, refused: Refused) -> Job:
    """A job that is refused when its turn comes, whatever the book is then."""

    def planner(book: Book) -> tuple[Plan, Book]:
        raise refused

    return replace(job, needs=Needs(), planner=planner)


def _looks_back(job: Job, taken: Mapping[str, Job]) -> bool:
    """Whether a job needs what was billed of time that these may end or reopen; bill runs do neither."""
    return job.needs.ended_time and any(not other.needs.ended_time for other in taken.values())


def _named(job: Job) -> frozenset[str]:
    return job.needs.numbers | job.needs.open_of_owner


def _with_planned(needs: Needs, book: Book, reader: Reader) -> Needs:
    """Needs that name documents which are only planned yet: what these hang on is needed of the ledger. Where time of
    a subscription may have been ended or reopened by what is planned, the ledger does not know it yet."""
    more = [needs]
    planned = set(book.subscriptions if needs.every_subscription else needs.subscriptions & book.subscriptions.keys())
    planned.update(*(book.subscriptions_of.get(account, ()) for account in needs.subscriptions_of))
    if needs.ended_time and planned:
        more.append(Needs(billed_time=True))
    behind = {one.number for number in needs.put_on_by for one in book.transferred_from(number)}
    put_on = {made.to for number in behind for made in book.applications_from.get(number, ())}
    more.append(Needs(numbers=frozenset(put_on), put_on_by=frozenset(behind)))
    named = {number for number in (*needs.numbers, *needs.open_of_owner, *put_on) if number in book.numbered}
    waiting, seen = list(named - reader.known(named)), set(named)
    while waiting:
        number = waiting.pop()
        document = book.numbered[number]
        owner = frozenset({document.account})
        related = document.related
        more.append(
            Needs(
                accounts=owner,
                numbers=frozenset(filter(None, [related])),
                subscriptions=frozenset(document.subscriptions if isinstance(document, Document) else ()),
                open_of=owner if number in needs.open_of_owner else frozenset(),
                references=frozenset(
                    (document.account, reference) for of, reference in needs.references_of_owner if of == number
                ),
            )
        )
        if related is not None and related in book.numbered and related not in seen:
            seen.add(related)
            waiting.append(related)
    return all_of(more)


def _all_or_nothing(store: Store, waiting: _Waiting, now: Clock, go_on: Callable[[], bool]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        with store.writing() as writer:
            while waiting.more():
                if not go_on():
                    raise _GivenUp
                taken = waiting.take(writer)
                outcomes += _posted(lambda: _part(writer), taken, now)
            if any(outcome.posted is None for outcome in _without_idle(outcomes, waiting, Extent())):
                raise _GivenUp
    except _GivenUp:
        here = {outcome.job.id for outcome in outcomes if outcome.posted and not outcome.posted.repeated}
        return [replace(o, plan=None, posted=None) if o.job.id in here else o for o in outcomes]
    return outcomes


def _without_idle(outcomes: Iterable[Outcome], waiting: _Waiting, extent: Extent) -> Iterator[Outcome]:
    """Without the parts that found nothing to do; where all parts of a job did, that is told once, of the job."""
    idle: Outcome | None = None
    """The last one, of a job of which nothing else has come."""
    active: Job | None = None
    """The last job of which something has come."""
    for outcome in outcomes:
        asked = outcome.job.asked
        if idle is not None and idle.job.asked is not asked:
            yield replace(idle, job=idle.job.asked)
            idle = None
        if not outcome.is_idle:
            if idle is not None:
                extent.count -= 1
            idle, active = None, asked
            yield outcome
        elif idle is not None or asked is active:
            extent.count -= 1
        else:
            idle = outcome  # it stands for the whole job in the count, until another one does
    if idle is not None and not waiting.more():
        yield replace(idle, job=idle.job.asked)


class _GivenUp(Exception):
    """Rolls back an atomic batch of which something was refused, or that was ended before it was done."""


@contextmanager
def _part(writer: Writer) -> Iterator[Writer]:
    with writer.part():
        yield writer


class _NotWritten(Exception):
    """Rolls back jobs whose writing was refused."""

    def __init__(self, problems: Iterable[Diagnostic]) -> None:
        self.problems = tuple(problems)


def _posted(scope: Callable[[], AbstractContextManager[Writer]], jobs: Sequence[Job], now: Clock) -> list[Outcome]:
    """Post a group in a scope of its own, or, where its writing is refused, each in one: so only the guilty is."""
    try:
        with scope() as writer, collector_paused():
            return _written(writer, jobs, now())
    except _NotWritten as refused:
        if len(jobs) == 1:
            return [Outcome(jobs[0], problems=refused.problems)]
    return [outcome for job in jobs for outcome in _posted(scope, [job], now)]


def _written(writer: Writer, jobs: Sequence[Job], now: datetime.datetime) -> list[Outcome]:
    """Answer or plan these, and write them together. Raises `_NotWritten`."""
    outcomes = _answers(writer, jobs)
    new = [job for job in jobs if job.id not in outcomes]
    # As planning sees it, so that what was only worked out is not written as a change.
    policies = next((job.policies for job in new if job.policies), ())
    before = after = with_due_dates(writer.book(all_of(job.needs for job in new)), policies)
    chains: dict[str, list[Entry]] = {}
    counting, day = Counting(writer), _in_utc(now).date()
    for job in new:
        outcomes[job.id], after = _weighed(*_confirmed(job, after), counting, day, after)
        plan = outcomes[job.id].plan
        if plan is not None:
            counting.add(plan, after, job.policies, day)
            chains[job.id] = list(_entries(plan, None, job, _in_utc(now)))
    entries = [entry for chain in chains.values() for entry in chain]
    done = {id: chain[0].plan for id, chain in chains.items()}
    approved = {id: plan.apart for id, plan in done.items() if plan.apart is not None}
    gone = list(checks.approvals_gone(approved, writer.waiting(approved))) if approved else []
    if gone:
        raise _NotWritten(gone)
    by_digest = {policy.digest: policy for job in new for policy in job.policies}
    used = dict.fromkeys(entry.plan.policy_digest for entry in entries)
    texts = [PolicyText(one, by_digest[one].name, by_digest[one].layers) for one in used if one in by_digest]
    _write(writer, entries, before, after, texts, chains.keys())
    for id, chain in chains.items():
        outcomes[id] = replace(outcomes[id], posted=Posted(chain[0].plan, chain[0].audit, repeated=False))
    return [outcomes[job.id] for job in jobs]


def _write(
    writer: Writer,
    entries: Sequence[Entry],
    before: Book,
    after: Book,
    policies: Sequence[PolicyText],
    new: Collection[str],
) -> None:
    """Hold plans against the books and write them. Raises `_NotWritten`; what was written by then is rolled back.

    `new`: ids that the ledger is known not to have.
    """
    plans = [entry.plan for entry in entries]
    problems = _taken(writer, plans, before, new=new)
    if not problems:
        issued = _issued(plans)
        for plan in plans:
            checks.check_sound(plan)
            checks.check_currencies(plan, after)
        problems += identities.broken(after, issued.union(*(plan.touched for plan in plans)))
    if problems:
        raise _NotWritten(problems)
    writer.write(entries, before, after, policies)


def _taken(
    reader: Reader,
    plans: Sequence[Plan],
    before: Book,
    ids: Collection[str] = (),
    numbers: Collection[str] = (),
    parts: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    new: Collection[str] = (),
) -> list[Diagnostic]:
    """Ids and numbers of these plans that are used already: in the ledger, or beside it those that are given.

    `new`: ids that the ledger is known not to have.
    """
    own, issued = [plan.id for plan in plans], _issued(plans)
    known, posted_parts = reader.in_use(issued, own)
    known |= {number for number in issued if number in numbers}
    known_ids = {*reader.requests([id for id in own if id not in new]), *(id for id in own if id in ids)}
    known_parts = {run: decode(dict, text) for run, text in posted_parts.items()} | _parts_of(plans)
    return [
        *checks.taken_ids(own, known_ids),
        *checks.taken_runs(plans, {**parts, **known_parts}),
        *checks.taken_numbers(plans, known),
        *checks.uncounted_numbers(plans, before.counters, reader.given_elsewhere),
    ]


def _parts_of(plans: Iterable[Plan]) -> dict[str, Mapping[str, Any]]:
    """Of the bill runs of which these plans are parts, what one part each asks for."""
    return {plan.request["part_of"]: plan.request for plan in plans if "part_of" in plan.request}


def _issued(plans: Iterable[Plan]) -> set[str]:
    return {one.document.number for plan in plans for one in plan.changes if isinstance(one, Issued)}


def _again(job: Job, request: Mapping[str, Any]) -> Outcome:
    """What becomes of a job whose id was planned before: it is the same one again, or it will be refused."""
    return Outcome(job) if ask_the_same(request, job.request) else _differing(job, request)


def _differing(job: Job, known: Mapping[str, Any]) -> Outcome:
    told = (decode(dict, canonical(one)) for one in (known, job.request))
    return Outcome(job, problems=tuple(checks.differing(job.id, *told)))


def _answers(reader: Reader, jobs: Iterable[Job]) -> dict[str, Outcome]:
    """What is known of those of these jobs whose id was posted before, also as a step of another one."""
    given = {job.id: job for job in jobs}
    known = reader.requests(given)
    posted = reader.posted([id for id, text in known.items() if _is_asked_by(text, given[id])])
    answers = {}
    for id, text in known.items():
        if id in posted:
            answers[id] = Outcome(given[id], plan=posted[id].plan, posted=posted[id])
        else:
            answers[id] = _differing(given[id], decode(dict, text))
    return answers


def _is_asked_by(text: str, job: Job) -> bool:
    """Whether a request that was posted, as canonical JSON, is what a job asks for."""
    return text == canonical(job.request) or ask_the_same(decode(dict, text), job.request)


def _planned(job: Job, book: Book) -> tuple[Outcome, Book]:
    try:
        plan, after = job.planner(book)
    except Refused as refused:
        return Outcome(job, problems=tuple(refused.diagnostics)), book
    if plan.id != job.id or (plan.request is not job.request and canonical(plan.request) != canonical(job.request)):
        raise ValueError(f"the planner of operation {job.id} planned something else: {plan.id}")
    return Outcome(job, plan=plan), after


def _weighed(
    outcome: Outcome, after: Book, counting: Counting, day: datetime.date | None, before: Book
) -> tuple[Outcome, Book]:
    """The same, or refused where that goes beyond a limit over time."""
    if outcome.plan is None or day is None:
        return outcome, after
    used, problems, _ = counting.weigh(outcome.plan, after, outcome.job.policies, day)
    if problems:
        return Outcome(outcome.job, problems=problems), before
    return (replace(outcome, used=used) if used else outcome), after


def _confirmed(job: Job, book: Book) -> tuple[Outcome, Book]:
    """Plan a job that is to be posted: what it takes with what was selected must be confirmed."""
    outcome, after = _planned(job, book)
    waiting = () if outcome.plan is None else tuple(to_confirm(outcome.plan, job.confirmed))
    if not waiting:
        return outcome, after
    problems = tuple(unconfirmed(closure, job.confirmed) for closure in waiting)
    return Outcome(job, problems=problems, to_confirm=waiting), book


def _entries(plan: Plan, cause: Cause | None, job: Job, at: datetime.datetime) -> Iterator[Entry]:
    """An operation and all that follows it, in the order in which they happen."""
    yield Entry(plan, Audit(plan.id, job.who, at, plan.comment, plan.approved_by, job.request_id), cause)
    for number, followed in enumerate(plan.follow_ups):
        why = Cause(plan.id, number, followed.after, followed.rule, followed.position, followed.because, followed.asked)
        yield from _entries(followed.plan, why, job, at)


def _in_utc(now: datetime.datetime) -> datetime.datetime:
    if now.tzinfo is None:
        raise ValueError("the moment of posting needs a time zone")
    return now.astimezone(datetime.UTC)
