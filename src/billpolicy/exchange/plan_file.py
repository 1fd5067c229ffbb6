"""A plan as a file: what was asked for, by which policies, on which day, and what it would do; to be looked at, and
posted as it is.

The file carries a digest of itself: one that was edited or cut off is refused. What a plan would do is told as `plan
--format json` tells it; posting plans it again and holds that against it (`posting/as_planned.py`).
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_from
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.posting.as_planned import Planned, differing, digest_of
from billpolicy.posting.posting import Outcome
from billpolicy.report.plan import PlanReport, plan_report
from billpolicy.source.codec import CodecError, canonical, decode
from billpolicy.source.files import DISK
from billpolicy.source.plain_file import read_plain
from billpolicy.source.record import record
from billpolicy.source.scalars import Date
from billpolicy.source.tree import raw_of
from billpolicy.source.write import plain_data, to_json

BEGINS = b'{"plan_file":'
"""How such a file begins, white space aside."""
MAX_MEGABYTES = 256
"""What 32 MB of operations would do: a document of a plan has some eight times the text of what was asked for."""
_KEYS = {"plan_file", "today", "policies", "operations", "plans"}
"""What it holds, its digest aside."""
_ENOUGH = 64
"""Bytes at the start of a file that tell."""


@record
class PlannedBy:
    """A version of a policy that it was planned by."""

    policy: str
    digest: str


@record
class PlannedOperation:
    """What one operation would do, or a part of it, with all that follows it."""

    id: str
    digest: str
    """Of what it relied on and all that it does: what is posted has the same."""
    plan: PlanReport


@record
class PlanFileText:
    """What `plan --out` writes, and `post` posts exactly so."""

    plan_file: Literal[1]
    """The form of the file."""
    today: Date
    """The day of planning: the date of operations that name none."""
    policies: tuple[PlannedBy, ...]
    operations: tuple[dict[str, Any], ...]
    """What was asked for, as in an operations file, in its order."""
    plans: tuple[PlannedOperation, ...]
    """What was planned, each on what the ones before it leave; a bill run over every account is one for each."""
    digest: str
    """Of all of the above."""


@dataclass(frozen=True)
class PlanFile:
    """A plan that was read from its file, whole."""

    path: Path
    today: datetime.date
    policies: tuple[tuple[str, str], ...]
    """Name and digest of each."""
    operations: tuple[Instruction, ...]
    planned: Mapping[str, Planned]
    """By the id of each operation, or of each part of it."""


def plan_file(policy: Versions, today: datetime.date, asked: Sequence[Instruction], outcomes: Iterable[Outcome]) -> str:
    """The text of the file of what `plan_all` has planned of these operations on this day: same plan, same text.

    Raises `Refused` if one of them was refused: then there is no whole plan.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_each(asked, Instruction, "`asked` must be what `operation_from` gives, in a list")
    outcomes = expect_each(outcomes, Outcome, "`outcomes` must be what `plan_all` gives")
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        raise Refused(problems)
    whole = {
        "plan_file": 1,
        "today": today,
        "policies": [PlannedBy(policy=one.name, digest=one.digest) for one in policy.policies],
        "operations": [one.request for one in asked],
        "plans": [
            PlannedOperation(id=plan.id, digest=digest_of(plan), plan=_report(policy, plan))
            for plan in (outcome.plan for outcome in outcomes)
            if plan is not None
        ],
    }
    return to_json(whole | {"digest": _digest(plain_data(whole))})


def told(policy: Versions, plan: Plan) -> Any:
    """A plan as its file has it, as plain data."""
    return plain_data(_report(policy, plan))


def changed_since(policy: Versions, plan: PlanFile, outcomes: Iterable[Outcome]) -> list[Diagnostic]:
    """What would be done otherwise by now than the plan says. `outcomes`: of its operations, planned now."""
    plans = [one.plan for one in outcomes if one.plan is not None]
    return list(differing(plans, plan.planned, lambda one: told(policy, one)))


def _report(policy: Versions, plan: Plan) -> PlanReport:
    made_by = {one.digest for one in policy.policies}
    return plan_report(plan, policy if plan.policy_digest in made_by else None)


def is_plan_file(path: str | Path) -> bool:
    """Whether a file is, by its beginning, one of a plan."""
    try:
        head = read_plain(Path(path), _ENOUGH)
    except OSError:
        return False
    return b"".join(head.split()).startswith(BEGINS)


def load_plan_file(path: str | Path) -> PlanFile:
    """The plan of a file that `plan --out` wrote. Raises `Refused` if it is not as it was written, or unreadable."""
    return plan_of(raw_of(Path(path), MAX_MEGABYTES, DISK), Path(path))


def plan_of(text: bytes, path: Path) -> PlanFile:
    """The same of the text of such a file. `path`: how it is called in messages."""
    try:
        data = decode(dict, text)
        json.loads(text, object_pairs_hook=_once)
        if data.pop("digest") != _digest(data) or not _has_the_form(data):
            raise _edited(path)
        operations = tuple(replace(operation_from(one), origin=_Written(path)) for one in data["operations"])
        planned = {one["id"]: Planned(one["digest"], one["plan"]) for one in data["plans"]}
        if len(planned) != len(data["plans"]) or not _are_asked_for(planned, operations):
            raise _edited(path)
        return PlanFile(
            path=path,
            today=datetime.date.fromisoformat(data["today"]),
            policies=tuple((one["policy"], one["digest"]) for one in data["policies"]),
            operations=operations,
            planned=planned,
        )
    except (CodecError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise _edited(path) from None


@dataclass(frozen=True)
class _Written:
    """Where the operations of such a file stand: nobody is to mend them there."""

    path: Path

    def at(self, *path: str | int) -> Position:
        return Position(str(self.path))


def _has_the_form(data: dict[str, Any]) -> bool:
    """Whether it has what such a file has and nothing else: what no program reads, people would read all the same."""
    return (
        data["plan_file"] == 1
        and data.keys() == _KEYS
        and all(one.keys() == {"policy", "digest"} for one in data["policies"])
        and all(one.keys() == {"id", "digest", "plan"} for one in data["plans"])
    )


def _are_asked_for(planned: Iterable[str], operations: Iterable[Instruction]) -> bool:
    """Whether each plan is of one of these operations, or of a part of it: any other one is shown and not posted."""
    whole = {one.request.id for one in operations if not one.request.is_divided()}
    divided = tuple(f"{one.request.id}/" for one in operations if one.request.is_divided())
    return all(id in whole or id.startswith(divided) for id in planned)


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Nothing, of an object whose keys differ. Of one that stands twice the last counts; people read the first."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError


def _digest(data: Any) -> str:
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def _edited(path: Path) -> Refused:
    message = "this plan is not as it was written: it was edited, or cut off"
    hint = "plan the operations again with `billpolicy plan --out`; to post something else, edit the operations"
    return Refused([Diagnostic("plan-edited", message, Position(str(path)), hint)])
