"""From plans to what a recording says of them: the decisions, by which facts, and what was left out on purpose."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from billpolicy.book.changes import Issued
from billpolicy.book.model import DebitMemo, Invoice, Numbered
from billpolicy.deciding.resolver import Resolved, Several
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.plan import Asked, Plan
from billpolicy.planning.requested import requested
from billpolicy.policy.condition import Fact, Facts
from billpolicy.policy.model import Policy
from billpolicy.policy.payment_terms import due_on
from billpolicy.posting.posting import Outcome
from billpolicy.recording.lines import line
from billpolicy.recording.record import (
    Held,
    Recorded,
    RecordedDecision,
    RecordedDocument,
    RecordedFollowUp,
    RecordedOperation,
    RecordedOutcome,
    RecordedPolicy,
)
from billpolicy.source.codec import Raw, decode, encode
from billpolicy.source.write import plain_data


def recorded_policy(policy: Policy, masked: tuple[str, ...] | None = None) -> RecordedPolicy:
    """What a recording says of a policy. `masked`: what is left out, by default as the policy says."""
    return RecordedPolicy(
        policy=policy.name,
        digest=policy.digest,
        fields={name: field.type for name, field in policy.fields.items()},
        follow_ups=tuple(sorted({f"{one.after} > {one.operation}" for one in policy.follow_ups})),
        masked=policy.masked if masked is None else masked,
    )


def recorded(
    plan: Plan, policies: Mapping[str, Policy], masked: Iterable[str] | None = None
) -> Iterator[RecordedOperation]:
    """A plan and all that follows it, in the order in which they happen. `policies`: those that it was made by, by
    their digests; `masked`: fields to leave out, by default those of the policy."""
    return _recorded(plan, policies, None, masked)


def _recorded(
    plan: Plan, policies: Mapping[str, Policy], step_of: str | None, masked: Iterable[str] | None
) -> Iterator[RecordedOperation]:
    steps = [Taken(one.plan.id, one.rule, one.asked) for one in plan.follow_ups]
    yield recorded_operation(plan, policies.get(plan.policy_digest), step_of, steps, masked)
    for step in plan.follow_ups:
        yield from _recorded(step.plan, policies, plan.id, masked)


class Taken(NamedTuple):
    """A step that followed an operation: its id, the rule that asked for it, and what its condition was asked."""

    id: str
    rule: str
    asked: Asked | None


def recorded_operation(
    plan: Plan, policy: Policy | None, step_of: str | None, steps: Iterable[Taken], masked: Iterable[str] | None = None
) -> RecordedOperation:
    """A plan without what follows it. `policy`: that it was made by, where it is known. `masked`: fields to leave out,
    by default those of the policy."""
    mask = Mask((policy.masked if policy else ()) if masked is None else masked)
    made: dict[int, list[Issued[Numbered]]] = {}
    for one in plan.of(Issued):
        made.setdefault(plan.reasons[one.document.number], []).append(one)
    return RecordedOperation(
        id=plan.id,
        operation=plan.operation,
        date=plan.date,
        digest=plan.policy_digest,
        step_of=step_of,
        actor=mask.person(plan.actor),
        approved_by=mask.people(plan.approved_by),
        decisions=tuple(
            recorded_decision(plan, one, made.get(place, ()), policy, mask) for place, one in enumerate(plan.resolved)
        ),
        follow_ups=tuple(_follow_ups(plan, steps, mask)),
    )


class Mask:
    """What a recording leaves out."""

    def __init__(self, masked: Iterable[str]) -> None:
        self.fields = frozenset(masked)
        self._facts = self.fields | {f"{name}.currency" for name in self.fields}

    def facts(self, facts: Facts) -> dict[str, Fact]:
        """Facts without those that are left out."""
        return {name: value for name, value in facts.items() if name not in self._facts}

    def person(self, name: str | None) -> str | None:
        """Who asks or approves, if that may be known."""
        return None if "actor.id" in self.fields else name

    def people(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The same of several."""
        return () if "actor.id" in self.fields else names


def recorded_decision(
    plan: Plan, resolved: Resolved, made: Sequence[Issued[Numbered]], policy: Policy | None, mask: Mask
) -> RecordedDecision:
    """How something was decided, with the documents that were made by it. Without the policy nobody can tell whether a
    due date is by the payment term."""
    return RecordedDecision(
        operation=resolved.operation,
        facts=mask.facts(resolved.facts),
        levels={
            level: {key: _held(value) for key, value in source.held.items() if value is not None}
            for level, source in resolved.levels.items()
            if level != "default"
        },
        matched=resolved.matched,
        attributes={
            one.key: RecordedOutcome(value=one.value, level=one.level, rule=one.rule)
            for one in resolved.resolutions.values()
            if one.level is not None
        },
        settings=_settings(resolved),
        requested=tuple(sorted(key for key, one in requested(plan, resolved).items() if not one.on)),
        documents=tuple(_document(one, resolved, policy, mask) for one in made),
    )


def _settings(resolved: Resolved) -> Raw:
    settings = (one for one in resolved.resolutions.values() if one.level is None)
    return Raw(encode({one.key: {"value": one.value, "rule": one.rule} for one in settings}).encode())


def _held(value: str | Several | None) -> Held:
    return tuple(one for _, one in value.values) if isinstance(value, Several) else value


def _document(issued: Issued[Numbered], resolved: Resolved, policy: Policy | None, mask: Mask) -> RecordedDocument:
    document, draw = issued.document, issued.draw
    due = document.due_date if isinstance(document, Invoice | DebitMemo) else None
    shown = "amount" not in mask.fields
    return RecordedDocument(
        kind=document.kind,
        number=document.number,
        series=draw.prefix if document.status == "posted" and "sequence_set" in resolved.resolutions else None,
        date=document.date,
        due_date=due,
        by_term=due is not None and policy is not None and due == due_by_term(policy, resolved, document.date),
        account=None if "account.id" in mask.fields else document.account,
        currency=document.currency if shown else None,
        amount=document.amount if shown else None,
    )


def due_by_term(policy: Policy, resolved: Resolved, day: datetime.date) -> datetime.date | None:
    """When a document of that day is due by the payment term that was resolved; None where no term says."""
    found = resolved.resolutions.get("payment_term")
    term = None if found is None else policy.payment_terms.get(str(found.value))
    try:
        return None if term is None else due_on(term, day)
    except (OverflowError, ValueError):  # past the last day of the calendar
        return None


def _follow_ups(plan: Plan, steps: Iterable[Taken], mask: Mask) -> Iterator[RecordedFollowUp]:
    """Each question that was put to the follow-ups after this plan, once."""
    found: dict[tuple[str, str, str], RecordedFollowUp] = {}

    def note(asked: Asked, on: str, *, held: bool, rule: str | None) -> None:
        known = found.get((asked.event, asked.operation, on))
        if known is None or (held and not known.held) or rule is not None:
            found[asked.event, asked.operation, on] = RecordedFollowUp(
                after=asked.event,
                operation=asked.operation,
                on=on,
                date=asked.date,
                facts=mask.facts(asked.facts),
                held=held,
                rule=rule,
            )

    for id, rule, asked in steps:
        if asked is not None:
            note(asked, id.removeprefix(f"{plan.id}/{rule}/"), held=True, rule=rule)
    for passed in plan.passed_over:
        if passed.asked.facts:  # where there was nothing to do, nothing was asked
            note(passed.asked, passed.on, held=passed.why is not None, rule=None)
    yield from found.values()


class Recorder:
    """Makes a recording of outcomes: lines that begin with what is known of the policy."""

    def __init__(self, versions: Versions, today: datetime.date) -> None:
        self._versions = versions
        self._today = today
        self._by_digest = {policy.digest: policy for policy in versions.policies}

    def beginning(self) -> str:
        """The first lines: one of each version of the policy."""
        return "".join(line(recorded_policy(policy)) for policy in self._by_digest.values())

    def lines(self, outcome: Outcome) -> str:
        """The lines of what was planned, posted or refused now; nothing of what had been posted before."""
        if outcome.problems:
            return line(self._refused(outcome))
        if outcome.plan is None or (outcome.posted is not None and outcome.posted.repeated):
            return ""
        return "".join(map(line, recorded(outcome.plan, self._by_digest)))

    def recorded(self, outcome: Outcome) -> Iterator[Recorded]:
        """The same to be decided again at once, and not to be kept: nothing is left out of it."""
        if outcome.problems:
            operations: Iterable[RecordedOperation] = [self._refused(outcome)]
        elif outcome.plan is None or (outcome.posted is not None and outcome.posted.repeated):
            operations = ()
        else:
            operations = recorded(outcome.plan, self._by_digest, masked=())
        for one in operations:
            known = self._by_digest.get(one.digest or "")
            # As a recording is read, so that it is decided in the same way.
            again = decode(RecordedOperation, encode(plain_data(one)).encode())
            yield Recorded(again, None if known is None else recorded_policy(known, ()))

    def _refused(self, outcome: Outcome) -> RecordedOperation:
        request = outcome.job.request
        date = datetime.date.fromisoformat(request["date"]) if "date" in request else self._today
        try:
            digest = self._versions.on(date).policy.digest
        except Refused:  # which is why it was refused
            digest = None
        return RecordedOperation(
            id=outcome.job.id,
            operation=request["operation"],
            date=date,
            digest=digest,
            refused=tuple(sorted({problem.code for problem in outcome.problems})),
        )
