"""How what was posted was decided then: by the policy as the ledger keeps it, or without it as far as that goes."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.book.model import CreditAdjustment
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.posting.shown import ShownDecisions
from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation import Explanation
from billpolicy.report.explanation_text import explanation_text
from billpolicy.report.plan import Decided, Decisions, decisions_report
from billpolicy.report.texts import in_lines, origin, wrapped
from billpolicy.source.record import record
from billpolicy.vocabulary.operations import VOCABULARY


@record
class ToldDecisions:
    """What is known of decisions without the text of their policy: not where a rule stands, nor why, nor which others
    there were."""

    operation_id: str
    number: str | None = None
    """The document that was made."""
    policy: str
    policy_digest: str
    decisions: Decisions


@record
class PostedExplanation:
    """What `ledger explain` answers."""

    explanations: tuple[Explanation, ...] = ()
    """As `explain` gave them before it was posted."""
    without_policy: str | None = None
    """Why the policy cannot be asked; then there are decisions in place of explanations."""
    decisions: tuple[ToldDecisions, ...] = ()


def posted_explanation(shown: ShownDecisions, versions: Versions) -> PostedExplanation:
    """How it was decided, by the policies of that time."""
    explained = tuple(explain_plan(versions, VOCABULARY, shown.plan))
    of_it = tuple(one for one in explained if (one.step or one.operation_id) == shown.operation)
    about = tuple(one for one in of_it if one.number == shown.number) if shown.number else ()
    if about or shown.number:
        # Adjustments of a credit balance are explained together, by one of them.
        return PostedExplanation(explanations=about or of_it)
    everything = shown.operation == shown.plan.id
    return PostedExplanation(explanations=explained if everything else of_it)


def told_decisions(shown: ShownDecisions, why: str) -> PostedExplanation:
    """The same without the policy."""
    plans = [one for one in in_turn(shown.plan) if shown.operation in (one.id, shown.plan.id)]
    found = tuple(one for plan in plans for one in _told(plan) if shown.number in (None, one.number))
    return PostedExplanation(without_policy=why, decisions=found)


def _told(plan: Plan) -> Iterator[ToldDecisions]:
    numbers = {place: number for number, place in reversed(list(plan.reasons.items()))}
    kinds = {one.document.number: one.document for one in plan.documents}
    for place, resolved in enumerate(plan.resolved):
        number = numbers.get(place)
        made = kinds.get(number or "")
        kind = None if made is None or isinstance(made, CreditAdjustment) else made.kind
        yield ToldDecisions(
            operation_id=plan.id,
            number=number,
            policy=plan.policy,
            policy_digest=plan.policy_digest,
            decisions=decisions_report(plan, resolved, None, kind),
        )


def posted_explanation_text(found: PostedExplanation, *, every_candidate: bool) -> str:
    """The same as text."""
    told = [explanation_text(one, every_candidate=every_candidate) for one in found.explanations]
    if found.without_policy is not None:
        told.append(in_lines(wrapped("", found.without_policy)))
    told += [in_lines(_lines(one)) for one in found.decisions]
    return "\n".join(told)


def _lines(one: ToldDecisions) -> Iterator[str]:
    decisions = one.decisions
    yield f"{one.operation_id}: {decisions.operation} on {decisions.date}"
    if one.number is not None:
        yield f"  made {one.number}"
    yield f"  policy {one.policy} ({one.policy_digest[:12]})"
    yield from (line for name, value in decisions.facts.items() for line in wrapped("  fact ", f"{name}: {value}"))
    if decisions.exceptions:
        yield from wrapped("  matched ", ", ".join(decisions.exceptions))
    for decided in sorted(decisions.decided, key=lambda each: each.level is None):
        yield from wrapped("    ", _decided(decided))


def _decided(one: Decided) -> str:
    value = str(one.value).lower() if isinstance(one.value, bool) else str(one.value)
    label = f", from {origin(one.label, one.since, one.given_by)}" if one.label else ""
    return f"{one.key}: {value}{label}, by {one.rule}"
