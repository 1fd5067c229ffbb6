"""A plan as `plan`, `post` and `ledger show` tell it to programs: what is made, what is changed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from billpolicy.book.kinds import KINDS
from billpolicy.book.model import Numbered
from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.resolver import Resolved
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import FollowedBy, Plan
from billpolicy.planning.requested import Requested, requested
from billpolicy.policy.model import Policy
from billpolicy.posting.posting import Outcome
from billpolicy.report.changes import ChangeReport, change_report
from billpolicy.report.closure import ClosureReport, closure_report
from billpolicy.report.explain import concerns, facts_in_words
from billpolicy.report.explanation import Rule, rule_at
from billpolicy.report.limits import LimitReport, limit_reports
from billpolicy.report.results import Finding, Refusal, Total, findings, posted_before, refusals, told
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Date
from billpolicy.vocabulary.operations import VOCABULARY

Kind = Literal["invoice", "credit_memo", "debit_memo", "payment", "refund", "credit_adjustment"]


@record
class Decided:
    """The value of one attribute or setting: the rule that decided, and of an attribute the level that had it."""

    key: str
    value: str | int | bool
    """What counts: what the rule says, or what the request itself says of it."""
    instead_of: str | int | bool | None = None
    """What the rule says, where the request itself says what counts."""
    except_on: tuple[str, ...] = ()
    """The documents of which the request names the amounts or the items: there it decides, and the rule elsewhere."""
    level: str | None = None
    label: str | None = None
    """What the level is here: `invoice INV00000001`."""
    since: Date | None = None
    """The first day on which the level holds that value; without it, from the beginning, or nobody knows."""
    given_by: str | None = None
    """The id of the operation that gave it that value."""
    rule: str


@record
class Decisions:
    """What was decided together, for one document or for an operation that makes none."""

    operation: str
    date: Date
    facts: dict[str, str]
    """What conditions were asked about, in the words of the policy language; unset facts are absent. `ledger show`
    has no policy at hand, and so none of the policy's own fields."""
    exceptions: tuple[str, ...] = ()
    """The exceptions that matched."""
    decided: tuple[Decided, ...]


@record
class DocumentReport:
    """A document as it stands in the book, with its kind and its whole amount."""

    kind: Kind
    number: str
    amount: Amount
    currency: Currency
    balance: Amount | None = None
    """In a ledger: what is left of it, of a credit memo or payment what is unapplied."""
    record: Numbered
    decisions: Decisions | None = None
    """How its attributes were decided; without them it was imported, or stands here beside another one."""


@record
class Balance:
    """What is open of a document before and after; of a credit balance, `number` is the id of its account."""

    kind: Kind | Literal["credit_balance"]
    number: str
    currency: Currency
    before: Amount | None = None
    """Without it, the document is new."""
    after: Amount


@record
class Inheriting:
    """Who takes another value of an attribute after a change of master data, or takes it from somewhere else."""

    attribute: str
    who: Literal["subscription", "document"]
    """Subscriptions take it when they are billed, open documents that do not store it as long as they are read."""
    count: int
    examples: tuple[str, ...]
    since: Date
    """The first day on which they do."""
    before: str | None = None
    """The value until then; without it, there was none that could be used."""
    before_from: str | None = None
    """The level that it was taken from: `account acme`."""
    after: str | None = None
    after_from: str | None = None


@record
class Step:
    """An operation that follows another one: after what, by which rule, and all that it does."""

    after: str
    rule: Rule
    plan: PlanReport


@record
class PlanReport:
    """Everything that one operation would do or has done, in one transaction, with the steps that follow it."""

    id: str
    operation: str
    date: Date
    actor: str | None = None
    approved_by: tuple[str, ...] = ()
    comment: str | None = None
    policy: str
    policy_digest: str
    engine: str
    documents: tuple[DocumentReport, ...]
    """What it makes."""
    changes: tuple[ChangeReport, ...]
    """What it does, in the order in which it is done."""
    decisions: tuple[Decisions, ...] = ()
    """How everything was decided that is not about a document that it makes."""
    balances: tuple[Balance, ...]
    inheriting: tuple[Inheriting, ...] = ()
    """What a change of master data changes for others."""
    closure: ClosureReport | None = None
    """What a correction takes with the lines that were selected."""
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    basis: dict[str, int]
    """What it relied on: document number, `account:ID` or `subscription:ID`, and its revision then."""


@record
class PlanningReport:
    """What `plan` answers."""

    plans: tuple[PlanReport, ...]
    posted_before: tuple[str, ...]
    """The ids of operations that the ledger has already."""
    refused: tuple[Refusal, ...]
    batch_limits: tuple[Finding, ...]
    """The limits of the policy that these operations together go beyond."""
    limits: tuple[LimitReport, ...] = ()
    """What the operations use of the limits over time."""
    totals: tuple[Total, ...] = ()
    """Of a bill run over more than 50 accounts the parts are not told one by one, unless they are refused."""


def planning_report(
    outcomes: Sequence[Outcome], versions: Versions, beyond: Iterable[Diagnostic], totals: tuple[Total, ...]
) -> PlanningReport:
    """What a dry run has planned, and the limits that it goes beyond."""
    return PlanningReport(
        plans=tuple(plan_report(one.plan, versions) for one in outcomes if one.plan and not one.posted),
        posted_before=posted_before(outcomes),
        refused=refusals(outcomes),
        batch_limits=findings(beyond),
        limits=limit_reports(outcomes),
        totals=totals,
    )


def plan_report(plan: Plan, versions: Versions | None) -> PlanReport:
    """A plan with all that follows it. `versions`: the policy that it was made by, where that is at hand."""
    policy = None if versions is None else versions.on(plan.date).policy
    return told(
        PlanReport,
        plan,
        documents=tuple(document_report(one.document, plan, one.resolved, policy) for one in plan.documents),
        changes=tuple(change_report(one, plan) for one in plan.changes),
        decisions=tuple(decisions_report(plan, one, policy) for one in plan.decisions),
        balances=tuple(told(Balance, one) for one in plan.balances),
        inheriting=inheriting(plan),
        closure=None if plan.closure is None else closure_report(plan.closure),
        warnings=findings(plan.warnings),
        steps=tuple(_step(one, versions) for one in plan.follow_ups),
        basis=dict(plan.basis),
    )


def in_steps(plan: PlanReport) -> Iterator[PlanReport]:
    """A plan, and each step that follows it, in their turn."""
    yield plan
    for one in plan.steps:
        yield from in_steps(one.plan)


def inheriting(plan: Plan) -> tuple[Inheriting, ...]:
    """Who takes another value after a plan."""
    return tuple(
        told(
            Inheriting,
            one,
            before=one.before.value,
            before_from=one.before.label,
            after=one.after.value,
            after_from=one.after.label,
        )
        for one in plan.inheriting
    )


def _step(step: FollowedBy, versions: Versions | None) -> Step:
    rule = rule_at(step.rule, step.position, step.because)
    return Step(after=step.after, rule=rule, plan=plan_report(step.plan, versions))


def document_report(
    document: Numbered,
    plan: Plan | None = None,
    resolved: Resolved | None = None,
    policy: Policy | None = None,
    balance: Amount | None = None,
) -> DocumentReport:
    """A document, how it was decided in the plan that makes it, and what is left of it where its kind has something
    left."""
    return told(
        DocumentReport,
        document,
        balance=balance if KINDS[document.kind].open_word else None,
        record=document,
        decisions=None if plan is None or resolved is None else decisions_report(plan, resolved, policy, document.kind),
    )


def decisions_report(plan: Plan, resolved: Resolved, policy: Policy | None, kind: str | None = None) -> Decisions:
    """What was decided together. `policy`: that it was decided by, where it is at hand."""
    asked_for = requested(plan, resolved)
    declared = [*VOCABULARY[resolved.operation].fields, *(policy.fields.values() if policy else ())]
    return Decisions(
        operation=resolved.operation,
        date=resolved.date,
        facts=facts_in_words(resolved.facts, {field.name: field for field in declared}),
        exceptions=resolved.matched,
        decided=tuple(
            _decided(resolved, one, asked_for.get(one.key))
            for one in resolved.resolutions.values()
            if policy is None or concerns(policy, one, kind)
        ),
    )


def _decided(resolved: Resolved, resolution: Resolution, asked_for: Requested | None) -> Decided:
    source = None if resolution.level is None else resolved.levels[resolution.level]
    since = None if source is None else source.since.get(resolution.key)
    day, operation = (None, None) if since is None else since
    everywhere = asked_for is not None and not asked_for.on
    return told(
        Decided,
        resolution,
        value=asked_for.value if asked_for is not None and everywhere else resolution.value,
        instead_of=resolution.value if everywhere else None,
        except_on=() if asked_for is None else asked_for.on,
        label=None if source is None else source.label_of(resolution.key),
        since=day,
        given_by=operation,
    )
