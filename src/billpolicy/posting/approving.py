"""Approvals given apart from an operation: it begins to wait, is approved, or is withdrawn, each in one transaction."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, NoReturn

from billpolicy.deciding.approvals import Awaited
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.policy.approval import approval_of
from billpolicy.policy.model import Policy
from billpolicy.posting.asked import whole_job
from billpolicy.posting.over_time import Counting
from billpolicy.posting.same_request import ask_the_same
from billpolicy.posting.store import Approved, Reader, Waiting, Writer
from billpolicy.posting.waiting import approved_apart, awaited_of, begun, changed, stale

Ask = Callable[[Waiting], Instruction]
"""What waits as it was asked for."""


class ForApproval(NamedTuple):
    """What waits, and what would be done with the approvals that it has."""

    waiting: Waiting
    plan: Plan

    @property
    def awaited(self) -> tuple[Awaited, ...]:
        """The approvals that it still lacks."""
        return awaited_of(self.plan)

    @property
    def complete(self) -> bool:
        """Whether it lacks none any more, and can be posted."""
        return not self.awaited


def let_wait(
    writer: Writer,
    policy: Versions,
    asked: Instruction,
    today: datetime.date,
    who: str,
    at: datetime.datetime,
    request_id: str | None,
) -> ForApproval:
    """An operation that lacks nothing but approvals begins to wait for them. What waits already, as it would be done
    now, is left as it is; what is another one by now waits anew, without the approvals that the old one had.
    `request_id`: of the request by which a program does it."""
    request, at = asked.request, at.astimezone(datetime.UTC)
    if request.is_divided():
        message = f"`{request.id}` is done account by account, so it cannot wait for approvals as one"
        _refuse("approval-missing", message, "name the accounts, or give the approvals with it: `approved_by`")
    standing = writer.waiting([request.id]).get(request.id)
    if standing is not None and not ask_the_same(standing.request, asked.data):
        raise Refused(changed(standing, dict(standing.request), dict(asked.data)))
    if standing is not None:
        asked = _with_approvals(replace(asked, dated=standing.date), standing)
    if writer.requests([request.id]):
        _refuse("waiting-unknown", f"`{request.id}` was posted before, so it does not wait", "ask `ledger show` for it")
    plan = _planned(writer, policy, asked, today, at)
    if standing is not None:
        if not stale(standing, plan):
            return ForApproval(standing, approved_apart(plan, standing))
        writer.withdraw(request.id, who, at, "it waits anew, since something else would be done now", request_id)
        plan = _planned(writer, policy, replace(asked, request=request), today, at)
    if not awaited_of(plan):
        _refuse("approval-complete", f"`{request.id}` lacks no approval", "post it")
    one = begun(plan, who, at, request_id)
    writer.wait(one)
    for name in request.approved_by:
        writer.approve(one, Approved(name, one.at, request=request_id))
    return ForApproval(writer.waiting([request.id])[request.id], plan)


def approve(
    writer: Writer,
    policy: Versions,
    id: str,
    ask: Ask,
    person: str,
    comment: str | None,
    today: datetime.date,
    at: datetime.datetime,
    request_id: str | None,
) -> ForApproval:
    """Somebody approves what waits: it must be what would be done now, and they must be one of those who are asked.
    `request_id`: of the request by which a program does it."""
    standing, person = standing_in(writer, id), " ".join(person.split())
    asked = _with_approvals(replace(ask(standing), dated=standing.date), standing)
    try:
        before = _planned(writer, policy, asked, today, at)
    except Refused as refused:
        raise _without_places(refused) from None
    if found := stale(standing, before):
        raise Refused(found)
    lacking = awaited_of(before)
    if not lacking:
        _refuse("approval-complete", f"`{id}` has all the approvals that it needs", "post it")
    names = (*asked.request.approved_by, person)
    try:
        after = _planned(writer, policy, replace(asked, request=replace(asked.request, approved_by=names)), today, at)
    except Refused as refused:
        raise _without_places(refused) from None
    if awaited_of(after) == lacking:
        wanted = " and ".join(dict.fromkeys(f"`{one.approval}` (rule `{one.rule}`)" for one in lacking))
        message = f"`{id}` waits for {wanted}, which is not for `{person}` to give"
        _refuse("approver-not-permitted", message, _who_may(policy.on(standing.date).policy, lacking, standing))
    writer.approve(standing, Approved(person, at.astimezone(datetime.UTC), comment, request_id))
    standing = standing_in(writer, id)
    return ForApproval(standing, approved_apart(after, standing))


def withdraw(
    writer: Writer, id: str, who: str, why: str | None, at: datetime.datetime, request_id: str | None
) -> Waiting:
    """What waits does so no more. `request_id`: of the request by which a program does it."""
    standing = standing_in(writer, id)
    writer.withdraw(id, who, at.astimezone(datetime.UTC), why, request_id)
    return standing


def standing_in(reader: Reader, id: str) -> Waiting:
    """What waits under an id. Raises `Refused`."""
    found = reader.waiting([id]).get(id)
    if found is None:
        if reader.requests([id]):
            _refuse("waiting-unknown", f"`{id}` was posted already, so it waits no more", "ask `ledger show` for it")
        hint = did_you_mean(id, reader.waiting()) or "`billpolicy waiting` lists what does; `post --wait` lets it wait"
        _refuse("waiting-unknown", f"nothing waits for approvals as `{id}`", hint)
    return found


def people_asked(policy: Policy, lacking: Iterable[Awaited], standing: Waiting) -> list[str]:
    """Those in the roles that are asked for, but whoever asks and whoever has approved it already; where no role is,
    those in any."""
    asked = [approval for one in lacking if (approval := approval_of(one.approval)) is not None]
    roles = {role for one in asked for role in one.by or policy.roles.values()}
    done = {policy.person(name) for name in (standing.actor, *(one.person for one in standing.approvals))}
    return sorted(name for name, role in policy.roles.items() if role in roles and name not in done)


def _who_may(policy: Policy, lacking: tuple[Awaited, ...], standing: Waiting) -> str:
    people = people_asked(policy, lacking, standing)
    return f"ask one of {', '.join(f'`{name}`' for name in people)}" if people else "ask somebody who may"


def _with_approvals(asked: Instruction, standing: Waiting) -> Instruction:
    names = tuple(one.person for one in standing.approvals)
    return replace(asked, request=replace(asked.request, approved_by=names))


def _planned(writer: Writer, policy: Versions, asked: Instruction, today: datetime.date, at: datetime.datetime) -> Plan:
    """The plan, which lacks what the policy's rules ask for and what a limit over time does on this day."""
    job = whole_job(policy, replace(asked, apart=True), today, "")
    plan, after = job.planner(writer.book(job.needs))
    weighed = Counting(writer).weigh(plan, after, job.policies, at.astimezone(datetime.UTC).date(), apart=True)
    if weighed.problems:
        raise Refused(weighed.problems)
    return replace(plan, awaited=(*plan.awaited, *weighed.awaited)) if weighed.awaited else plan


def _without_places(refused: Refused) -> Refused:
    """What waits was written in no file that is at hand."""
    return Refused(one._replace(position=None) for one in refused.diagnostics)


def _refuse(code: Code, message: str, hint: str) -> NoReturn:
    raise Refused([Diagnostic(code, message, hint=hint)])
