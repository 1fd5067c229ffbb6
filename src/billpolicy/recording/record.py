"""A recording: what was decided and by which facts, as lines of JSON that can be resolved again.

Each line is a record. One of a policy comes before the operations that were decided by it: it says what a condition
could have asked about then, and what was left out on purpose, so that what is not there is never taken for unset. Facts
stand in the primitive form that conditions compare (docs/recording.md): what programs write, programs read.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, NamedTuple

from billpolicy.book.changes import Issued
from billpolicy.book.model import DebitMemo, Invoice, Numbered
from billpolicy.deciding.resolver import Resolved, Several
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.operations.shared.memos import due_on
from billpolicy.planning.plan import Asked, Plan
from billpolicy.planning.requested import requested
from billpolicy.policy.condition import Fact, Facts
from billpolicy.policy.model import Policy
from billpolicy.posting.posting import Outcome
from billpolicy.source.codec import CodecError, Raw, decode, encode
from billpolicy.source.plain_file import plain_lines
from billpolicy.source.record import record
from billpolicy.source.scalars import Scalar
from billpolicy.source.write import plain_data

FORM = 1
"""The form of recordings that this program writes, and the newest that it reads."""
BEGINS = b'{"recording":'
"""How every recording begins: its first line is one of a policy."""


@record
class RecordedPolicy:
    """A policy that operations were decided by."""

    recording: int = FORM
    """The form of this recording."""
    policy: str
    digest: str
    fields: dict[str, str]
    """The fields that it declares, with their types: only these could its conditions ask about beside those that are
    always there."""
    follow_ups: tuple[str, ...] = ()
    """The operations that it lets follow an event: `invoice_posted > apply_credits`."""
    masked: tuple[str, ...] = ()
    """The fields that were left out of what follows."""


@record
class RecordedOutcome:
    """What came out for one decision."""

    value: str | int | bool
    level: str | None = None
    """Where the value of an attribute is from; a setting has none."""
    rule: str
    """The exception or base rule that decided."""


@record
class RecordedDocument:
    """A document that was decided about."""

    kind: str
    number: str
    series: str | None = None
    """The prefix that its sequence set gave it."""
    date: datetime.date
    due_date: datetime.date | None = None
    by_term: bool = False
    """Whether its payment term says when it is due, and not the request."""
    account: str | None = None
    currency: str | None = None
    amount: Decimal | None = None


Held = str | tuple[str | None, ...] | None
"""The value that a level holds; of several subscriptions that do not agree, what each of them holds."""


RecordedSettings = Annotated[Raw, Scalar(lambda text: text, (("type", "object"),))]


@record
class RecordedDecision:
    """All that was decided together: the facts, what each level held, and what came out."""

    operation: str
    facts: dict[str, Fact]
    """As conditions compare them: amounts in minor units with their currency beside them, days counted from
    0001-01-01, which is 1. What is not there was unset, masked, or not declared."""
    levels: dict[str, dict[str, Held]] = field(default_factory=dict)
    """Level -> attribute -> the value that it held. The policy's own defaults are not among them."""
    matched: tuple[str, ...] = ()
    """The exceptions whose conditions held."""
    attributes: dict[str, RecordedOutcome] = field(default_factory=dict)
    """What came out for each attribute."""
    settings: RecordedSettings
    """What came out for each setting, as it was written: there are many, and few texts of them."""
    requested: tuple[str, ...] = ()
    """Settings of which the request itself said what counts, so that no policy did."""
    documents: tuple[RecordedDocument, ...] = ()


@record
class RecordedFollowUp:
    """What the follow-ups that run one operation after an event were asked, and whether one of them held."""

    after: str
    operation: str
    on: str
    date: datetime.date
    facts: dict[str, Fact]
    held: bool
    rule: str | None = None
    """The one that ran."""


@record
class RecordedOperation:
    """One operation, or one step that followed another: what was decided, or the codes of its refusal."""

    id: str
    operation: str
    date: datetime.date
    digest: str | None = None
    """That of the policy; without it, none was in force."""
    step_of: str | None = None
    """The id of the operation that it follows."""
    actor: str | None = None
    approved_by: str | None = None
    decisions: tuple[RecordedDecision, ...] = ()
    follow_ups: tuple[RecordedFollowUp, ...] = ()
    refused: tuple[str, ...] = ()


class Recorded(NamedTuple):
    """An operation as it was recorded, with what is known of the policy that decided it."""

    operation: RecordedOperation
    policy: RecordedPolicy | None
    """None where that is not known any more."""
    at: Position | None = None
    """The line of the recording."""


# -- from plans ----------------------------------------------------------------------------------------------------


def recorded_policy(policy: Policy, masked: tuple[str, ...] | None = None) -> RecordedPolicy:
    """What a recording says of a policy. `masked`: what is left out, by default as the policy says."""
    return RecordedPolicy(
        policy=policy.name,
        digest=policy.digest,
        fields={name: field.type for name, field in policy.fields.items()},
        follow_ups=tuple(sorted({f"{one.after} > {one.operation}" for one in policy.follow_ups})),
        masked=policy.masked if masked is None else masked,
    )


def recorded(plan: Plan, policies: Mapping[str, Policy]) -> Iterator[RecordedOperation]:
    """A plan and all that follows it, in the order in which they happen. `policies`: those that it was made by, by
    their digests."""
    return _recorded(plan, policies, None)


def _recorded(plan: Plan, policies: Mapping[str, Policy], step_of: str | None) -> Iterator[RecordedOperation]:
    steps = [Taken(one.plan.id, one.rule, one.asked) for one in plan.follow_ups]
    yield recorded_operation(plan, policies.get(plan.policy_digest), step_of, steps)
    for step in plan.follow_ups:
        yield from _recorded(step.plan, policies, plan.id)


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
        approved_by=mask.person(plan.approved_by),
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


def settings_of(decision: RecordedDecision) -> dict[str, RecordedOutcome]:
    """What came out for each setting."""
    return decode(dict[str, RecordedOutcome], decision.settings)


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


# -- lines ---------------------------------------------------------------------------------------------------------


def line(of: RecordedPolicy | RecordedOperation) -> str:
    """The line of a recording, with its end."""
    return encode(plain_data(of)) + "\n"


def load_recording(path: str | Path) -> Iterator[Recorded]:
    """The operations of a recording, as they are asked for. Raises `Refused` where it cannot be read, or a line of it
    not."""
    file = str(path)
    policies: dict[str, RecordedPolicy] = {}
    for number, text in enumerate(_lines(Path(path)), start=1):
        at = Position(file, number)
        try:
            if text.startswith(BEGINS):
                policy = decode(RecordedPolicy, text)
                if policy.recording > FORM:
                    message = "this recording was made by a newer billpolicy, whose form is not known here"
                    raise Refused([Diagnostic("recording-wrong", message, at, "use that version to read it")])
                policies[policy.digest] = policy
            elif text.strip():
                operation = decode(RecordedOperation, text)
                yield Recorded(operation, policies[operation.digest] if operation.digest else None, at)
        except CodecError as error:
            hint = "name a file that `plan --record` or `post --record` wrote; it may be cut off"
            message = f"this is no line of a recording: {str(error)[:1].lower()}{str(error)[1:]}"
            raise Refused([Diagnostic("recording-wrong", message, at, hint)]) from None
        except KeyError:
            message = "no line before this one says what is known of the policy that it was decided by"
            hint = "give the recording from its beginning"
            raise Refused([Diagnostic("recording-wrong", message, at, hint)]) from None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        yield from plain_lines(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"this recording cannot be read: {reason}"
        raise Refused(
            [Diagnostic("file-unreadable", message, Position(str(path)), "check the path and who may read it")]
        ) from None
