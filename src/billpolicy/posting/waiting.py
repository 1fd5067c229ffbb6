"""Operations that wait in a ledger for approvals given apart from them: what is approved, and whether it still is that.

What is approved is what would be done: every change with its amounts, targets and inherited values, what was asked and
by whom, and the policy. Numbers that are drawn stand as placeholders in it, since another document that is posted
meanwhile only takes the next one. docs/approvals.md, docs/decisions/0026.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.changes import Issued, change_name
from billpolicy.deciding.approvals import Apart, Awaited
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.planning.request import Instruction
from billpolicy.policy.people import same_name
from billpolicy.posting.posting import Job, refusing
from billpolicy.posting.same_request import ask_the_same
from billpolicy.posting.store import Waiting
from billpolicy.source.codec import canonical, decode
from billpolicy.source.differences import Difference, differences, in_words

_MOST_TOLD = 5
"""Differences that a refusal names."""


def begun(plan: Plan, who: str, at: datetime.datetime, request_id: str | None) -> Waiting:
    """The plan of an operation that lacks approvals, as it begins to wait for them. `request_id`: of the request by
    which a program lets it wait."""
    return Waiting(
        id=plan.id,
        operation=plan.operation,
        date=plan.date,
        request=plan.request,
        actor=str(plan.actor),
        who=who,
        at=at.astimezone(datetime.UTC),
        policy=plan.policy,
        policy_digest=plan.policy_digest,
        content=content_of(plan),
        awaited=awaited_of(plan),
        request_id=request_id,
    )


def awaited_of(plan: Plan) -> tuple[Awaited, ...]:
    """Every approval that a plan and what follows it lack."""
    return tuple(dict.fromkeys(one for step in in_turn(plan) for one in step.awaited))


def content_of(plan: Plan) -> str:
    """What a plan would do with all that follows it, as canonical JSON: the same text is the same thing to approve."""
    numbers = [one.document.number for step in in_turn(plan) for one in step.of(Issued)]
    names = {number: f"#{place}" for place, number in enumerate(numbers, 1)}
    longest_first = "|".join(re.escape(number) for number in sorted(names, key=len, reverse=True))
    drawn = re.compile(f"(?<![^/])(?:{longest_first})(?![^/])" if names else r"(?!)")
    step, *then = [
        {
            "operation": step.operation,
            "date": step.date,
            "request": step.request,
            "actor": step.actor,
            "policy": step.policy_digest,
            "does": [{change_name(one): _undrawn(one)} for one in step.changes],
            "decided": [
                {key: [one.value, one.level, one.rule] for key, one in resolved.resolutions.items()}
                for resolved in step.resolved
            ],
        }
        for step in in_turn(plan)
    ]
    whole = decode(dict, canonical({"id": plan.id, **step, "then": then}))
    return canonical(_renamed(whole, drawn, names))


def _undrawn(change: object) -> object:
    """A change without the place of its number in the series, and without the text before it, which may be that of a
    source that is numbered in the same plan. Which series it is, the decided sequence set and the policy say."""
    if not isinstance(change, Issued):
        return change
    return replace(change, draw=replace(change.draw, prefix="", counter=0))


def _renamed(value: Any, drawn: re.Pattern[str], names: Mapping[str, str]) -> Any:
    """Plain data with placeholders for drawn numbers: alone, of lines like `CM00000001/2`, and in the ids of steps like
    `run/rule/INV00000001`. A number may have slashes itself."""
    if isinstance(value, str):
        return drawn.sub(lambda found: names[found[0]], value)
    if isinstance(value, list):
        return [_renamed(one, drawn, names) for one in value]
    if isinstance(value, dict):
        return {_renamed(key, drawn, names): _renamed(one, drawn, names) for key, one in value.items()}
    return value


# -- posting what was approved -------------------------------------------------------------------------------------


def approved_job(policy: Versions, make: Callable[[Instruction], Job], asked: Instruction, waiting: Waiting) -> Job:
    """An operation that waits as a job: with the approvals that were given to it, if it still is what was approved."""
    job = make(asked)
    if not ask_the_same(waiting.request, job.request):
        return refusing(job, Refused(changed(waiting, dict(waiting.request), dict(job.request))))
    request = replace(asked.request, approved_by=_together(policy, waiting, asked.request.approved_by))
    job = make(replace(asked, request=request, dated=waiting.date))

    def planner(book: Book) -> tuple[Plan, Book]:
        plan, after = job.planner(book)
        found = stale(waiting, plan)
        if found:
            raise Refused(found)
        return approved_apart(plan, waiting), after

    return replace(job, planner=planner)


def approved_apart(plan: Plan, waiting: Waiting) -> Plan:
    """The plan with the approvals that it has from what waits, so that it is posted only as long as they stand."""
    return replace(plan, apart=Apart(waiting.digest, tuple(one.person for one in waiting.approvals)))


def stale(waiting: Waiting, plan: Plan) -> list[Diagnostic]:
    """What a plan does otherwise than what waits."""
    content = content_of(plan)
    return [] if content == waiting.content else changed(waiting, decode(dict, waiting.content), decode(dict, content))


def changed(waiting: Waiting, approved: Any, now: Any) -> list[Diagnostic]:
    """In words: what was waiting for approval, and what would be done now."""
    hint = "`billpolicy withdraw` it, and let it wait and be approved again as it is now"
    found = sorted(differences(approved, now), key=lambda one: one.path.startswith("decided"))  # what it does, first
    told = [
        f"{_where(one)} was {in_words(one.known)}, is {in_words(one.given)} now"
        if one.path != "policy"
        else "the policy is another one"
        for one in found[:_MOST_TOLD]
    ]
    more = f", and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    message = f"`{waiting.id}` is not any more what was waiting for approval: {'; '.join(told)}{more}"
    return [Diagnostic("approval-stale", message, hint=hint)]


_DECIDED = ("", "the level of ", "the rule of ")
"""Of a decision, what `content_of` has in its places."""


def _where(one: Difference) -> str:
    """A place in what `content_of` has, as a sentence names it: `applied, amount`, `the rule of charged_through`."""
    step, *rest = re.findall(r"[^.\[\]]+", one.path)
    if step == "then" and len(rest) > 1:
        where = _where(Difference(one.path.partition(".")[2], None, None))
        return f"in the step {int(rest[0]) + 1} {where}"
    if step == "decided" and len(rest) == 3:
        return f"{_DECIDED[int(rest[2])]}`{rest[1]}`"
    if step == "does" and len(rest) > 1:
        change, *fields = (word for word in rest[1:] if word not in ("document", "application"))
        return ", ".join((change.replace("_", " "), *_counted_from_one(fields)))
    return f"`{one.path}`"


def _counted_from_one(fields: list[str]) -> Iterator[str]:
    """`items`, `0`, `amount` as people count: `items 1`, `amount`."""
    for field, after in zip(fields, (*fields[1:], ""), strict=True):
        if not field.isdigit():
            yield f"{field} {int(after) + 1}" if after.isdigit() else field


def _together(policy: Versions, waiting: Waiting, given: tuple[str, ...]) -> tuple[str, ...]:
    """Those who approve it in the operation itself, and those who did apart, each person once."""
    try:
        known_as: Callable[[str], str] = policy.on(waiting.date).policy.person
    except Refused:  # which planning will tell
        known_as = same_name
    named = dict.fromkeys(map(known_as, given))
    return (*given, *(one.person for one in waiting.approvals if known_as(one.person) not in named))
