"""Operations posted to a ledger: one, several, or exactly a plan."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from functools import partial

from billpolicy.api.arguments import (
    Operation,
    Watch,
    confirmed_by,
    day_of,
    expect_to_post,
    moment_of,
    person,
    request_of,
    several,
    utc_now,
)
from billpolicy.api.jobs import asked_job, standing_of, watched
from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, type_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_from
from billpolicy.exchange.plan_file import PlanFile
from billpolicy.exchange.plan_file import told as told_plan
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.planning.request import Instruction
from billpolicy.posting.as_planned import as_planned, posted_otherwise
from billpolicy.posting.asked import job_for, whole_job
from billpolicy.posting.confirming import Confirmed
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
    post_made,
    post_one,
)
from billpolicy.posting.store import Posted, Reader, Store


def post(
    policy: Versions,
    ledger: Store,
    operation: Operation | Plan,
    *,
    who: str,
    request: str | None = None,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
    confirm: Iterable[str] = (),
    yes: bool = False,
) -> Posted:
    """Post one operation with all that follows it, in one transaction: planned now, or as it was planned before.

    `confirm`: the digest of `plan.closure`, or at least 8 characters of its beginning, of a correction that takes more
    lines than were selected; `yes`: whatever it takes.

    `who`: the person, for the audit trail; an operation that names its actor is posted by them. `request`: the id of
    the request by which a program posts it, of 1 to 64 letters, digits, `.`, `_` and `-`, for the audit trail, too.
    `now`: the moment, with a time zone.

    The same operation again is answered with what was posted. A bill run over every account is one operation here,
    which is for few; `post_all` divides it. A plan on a ledger that has moved on, or by another policy, and whatever
    else cannot be posted, raises `Refused` and changes nothing.
    """
    expect_to_post(policy, ledger)
    who, request_id = person(who), request_of(request)
    moment = moment_of(now)
    confirmed = confirmed_by(confirm, yes)
    if isinstance(operation, Plan):
        job = _by_its_policy(operation, policy, operation.actor or who)
        return post_one(ledger, replace(job, confirmed=confirmed, request_id=request_id), now=moment)
    asked, day = operation_from(operation), day_of(today)

    def make(reader: Reader) -> Job:
        standing = reader.waiting([asked.request.id])
        job = asked_job(policy, asked, standing, lambda one: whole_job(policy, one, day, who, request_id))
        return replace(job, confirmed=confirmed)

    return post_made(ledger, make, now=moment)


def post_all(
    policy: Versions,
    ledger: Store,
    operations: Iterable[Operation],
    *,
    who: str,
    request: str | None = None,
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
    asked before each group; `watch` may show how far it is. `request`, `confirm` and `yes` are as in `post`, for any of
    them.
    Raises `Refused`, before anything is posted, for a batch beyond the policy's `batch_limits`.

    A bill run over every account is a batch itself: an operation for each account on which it finds something to do,
    with an outcome of its own. Its id is that of the run and the account, `BR-1/acme`.
    """
    expect_to_post(policy, ledger)
    who, request_id = person(who), request_of(request)
    day = day_of(today)
    if now is not None and not callable(now):
        raise TypeError(f"`now` must be a function that gives the moment of each group, not {type_of(now)}")
    confirmed = confirmed_by(confirm, yes)
    jobs = _to_post(policy, ledger, list(map(operation_from, several(operations))), day, who, request_id, confirmed)
    if any(version.batch_limits for version in policy.policies):
        jobs = _within_limits(policy, ledger, jobs, watch)
    extent = Extent(len(jobs))
    outcomes = post_jobs(ledger, jobs, now=now or utc_now, group=group, atomic=atomic, go_on=go_on, extent=extent)
    return watched(outcomes, extent, watch, "posting")


def _to_post(
    policy: Versions,
    ledger: Store,
    asked: list[Instruction],
    day: datetime.date,
    who: str,
    request_id: str | None,
    confirmed: Confirmed,
) -> list[Job]:
    standing = standing_of(ledger, asked)
    made = (asked_job(policy, one, standing, lambda each: job_for(policy, each, day, who, request_id)) for one in asked)
    return [replace(job, confirmed=confirmed) for job in made]


def post_planned(
    policy: Versions,
    ledger: Store,
    plan: PlanFile,
    *,
    who: str,
    request: str | None = None,
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
    expect_to_post(policy, ledger)
    who, request_id = person(who), request_of(request)
    expect(plan, PlanFile, "`plan` must be what `load_plan_file` gives")
    tell = partial(told_plan, policy)
    others = set(plan.policies).symmetric_difference((version.name, version.digest) for version in policy.policies)
    if others:
        raise Refused([_another_policy("this plan", others, Position(str(plan.path)))])
    with ledger.reading() as reader:
        otherwise = list(posted_otherwise(reader, plan.planned, tell))
    if otherwise:
        raise Refused(otherwise)
    jobs = _to_post(policy, ledger, list(plan.operations), plan.today, who, request_id, confirmed_by(confirm, yes))
    jobs = [as_planned(job, plan.planned, tell) for job in jobs]
    if any(version.batch_limits for version in policy.policies):
        jobs = _within_limits(policy, ledger, jobs, watch)
    extent = Extent(len(jobs))
    outcomes = post_jobs(ledger, jobs, now=now or utc_now, atomic=True, go_on=go_on, extent=extent)
    return watched(outcomes, extent, watch, "posting")


def _within_limits(policy: Versions, ledger: Store, jobs: list[Job], watch: Watch | None) -> list[Job]:
    """These jobs, each planned once, if the policy lets so many be posted; what was posted before does not count. What
    limits over time would refuse does: they are of the moment of posting, when there may be room again."""
    totals = Totals()
    planned = []
    with ledger.reading() as reader:
        extent = Extent(len(jobs))
        for outcome in watched(
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
