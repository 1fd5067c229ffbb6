"""Jobs that are posted as they were planned before, or not at all: they are planned again, and must come out the same.

So a plan in a file can post nothing but what the policy decides, whatever the file says; and all that it shows is held
against what is planned, not its digest alone: whoever edits the one can make the other anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.changes import change_name
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.posting.posting import Job, Outcome, Parts, refusing
from billpolicy.posting.store import Reader
from billpolicy.source.codec import canonical
from billpolicy.source.differences import differences, in_words

Tell = Callable[[Plan], Any]
"""A plan as plain data, as the file has it."""
_AGAIN = "plan the operations again, look at the new plan, and post that"
_MOST_TOLD = 5
"""Differences that a refusal names."""


class Planned(NamedTuple):
    """A plan as it was written down."""

    digest: str
    """As `digest_of` gives it."""
    told: Any
    """The same as plain data, for people and for telling what is different."""


def digest_of(plan: Plan) -> str:
    """What stands for a plan and all that follows it: what was asked and by whom, what it relied on, each change with
    its numbers and amounts, and how all was decided. Not where the rules stand, nor which engine matched them."""
    return hashlib.sha256(canonical([_exact(step) for step in in_turn(plan)]).encode()).hexdigest()


def _exact(step: Plan) -> dict[str, Any]:
    return {
        "id": step.id,
        "operation": step.operation,
        "date": step.date,
        "request": step.request,
        "actor": step.actor,
        "approved_by": step.approved_by,
        "comment": step.comment,
        "policy": step.policy_digest,
        "basis": step.basis,
        "changes": [[change_name(change), change] for change in step.changes],
        "resolved": step.resolved,
        "reasons": step.reasons,
        "balances": step.balances,
        "inheriting": step.inheriting,
        "closure": step.closure,
        "warnings": [[warning.code, warning.message] for warning in step.warnings],
        "follow_ups": [[one.after, one.rule, one.because, one.plan.id] for one in step.follow_ups],
    }


def as_planned(job: Job, planned: Mapping[str, Planned], tell: Tell) -> Job:
    """The same job, refused unless it comes out as it was planned: by the id of the job, or of each of its parts."""
    if job.divide is None:
        return _held(job, planned.get(job.id), tell)
    divide = job.divide
    return replace(job, divide=lambda reader, book: _held_parts(divide(reader, book), job, planned, tell))


def posted_otherwise(reader: Reader, planned: Mapping[str, Planned], tell: Tell) -> Iterator[Diagnostic]:
    """What of it was posted since, and not as it was planned."""
    for id, posted in reader.posted(reader.requests(planned)).items():
        told = tell(posted.plan)
        if not _is_as_planned(posted.plan, told, planned[id]):
            yield _stale(id, "was posted meanwhile, and otherwise", planned[id], told)


def differing(plans: Iterable[Plan], planned: Mapping[str, Planned], tell: Tell) -> Iterator[Diagnostic]:
    """What would be done otherwise by now than was planned: `plans` are of the same operations, planned now."""
    left = set(planned)
    for plan in plans:
        left.discard(plan.id)
        before, told = planned.get(plan.id), tell(plan)
        if before is None:
            yield _new(plan.id)
        elif not _is_as_planned(plan, told, before):
            yield _stale(plan.id, "would be done otherwise by now", before, told)
    yield from map(_idle, sorted(left))


def _held(job: Job, planned: Planned | None, tell: Tell) -> Job:
    def planner(book: Book) -> tuple[Plan, Book]:
        try:
            plan, after = job.planner(book)
        except Refused as refused:
            if planned is not None and Outcome(job, problems=tuple(refused.diagnostics)).is_idle:
                raise Refused([_idle(job.id)]) from None
            raise
        if planned is None:
            raise Refused([_new(job.id)])
        told = tell(plan)
        if not _is_as_planned(plan, told, planned):
            raise Refused([_stale(job.id, "would be done otherwise by now", planned, told)])
        return plan, after

    return replace(job, planner=planner)


def _held_parts(parts: Parts, whole: Job, planned: Mapping[str, Planned], tell: Tell) -> Parts:
    """Each part as it was planned, and a refusal for each that was planned and is no part any more."""

    def jobs() -> Iterator[Job]:
        missing = {id for id in planned if id.startswith(f"{whole.id}/")}
        for part in parts.jobs:
            missing.discard(part.id)
            yield _held(part, planned.get(part.id), tell)
        for id in sorted(missing):
            yield refusing(replace(whole, divide=None, id=id, part_of=whole), Refused([_idle(id)]))

    return Parts(parts.count, jobs())


def _is_as_planned(plan: Plan, told: Any, planned: Planned) -> bool:
    """Whether a plan is the one that was written down, in what it does and in every word that people were shown."""
    shown, now = _what_it_does(planned.told), _what_it_does(told)
    return digest_of(plan) == planned.digest and canonical(shown) == canonical(now)


def _what_it_does(told: Any) -> Any:
    """A plan as it is told, without what says nothing of what it does: who matched the rules, and where these stand. A
    plan that was edited may have any shape; what has not that of a plan is held as it is."""
    if not isinstance(told, dict):
        return told
    left = {key: value for key, value in told.items() if key != "engine"}
    if isinstance(warnings := told.get("warnings"), list):
        left["warnings"] = [_without(one, "position") for one in warnings]
    if isinstance(steps := told.get("steps"), list):
        left["steps"] = [_step(one) for one in steps]
    return left


def _step(step: Any) -> Any:
    if not isinstance(step, dict):
        return step
    return {**step, "rule": _without(step.get("rule"), "file", "line"), "plan": _what_it_does(step.get("plan"))}


def _without(told: Any, *keys: str) -> Any:
    return {key: value for key, value in told.items() if key not in keys} if isinstance(told, dict) else told


def _new(id: str) -> Diagnostic:
    message = f"`{id}` has something to do by now, which it had not when this was planned"
    return Diagnostic("plan-stale", message, hint=_AGAIN)


def _idle(id: str) -> Diagnostic:
    message = f"`{id}` has nothing to do any more, which it had when this was planned"
    return Diagnostic("plan-stale", message, hint=_AGAIN)


def _stale(id: str, what: str, planned: Planned, now: Any) -> Diagnostic:
    found = list(differences(_what_it_does(planned.told), _what_it_does(now)))
    found.sort(key=lambda one: one.path.startswith("basis"))  # what it does, first
    told = [f"`{one.path}` was {in_words(one.known)}, is {in_words(one.given)} now" for one in found[:_MOST_TOLD]]
    more = f", and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    words = f": {'; '.join(told)}{more}" if told else ""
    return Diagnostic("plan-stale", f"`{id}` {what} than this plan says{words}", hint=_AGAIN)
