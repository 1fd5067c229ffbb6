"""From what was resolved to its explanation, which is data (docs/architecture.md rule 2), made only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from billpolicy.book.model import CreditAdjustment
from billpolicy.deciding.decisions import Resolution
from billpolicy.deciding.matching.reference import unmet
from billpolicy.deciding.resolver import Resolved, Resolver, Several, Since
from billpolicy.deciding.versions import Versions
from billpolicy.money import from_minor
from billpolicy.planning.plan import FollowedBy, Plan, PlannedDocument
from billpolicy.planning.requested import Requested, requested
from billpolicy.policy.condition import Facts
from billpolicy.policy.example import in_words
from billpolicy.policy.model import BaseRule, Chain, ExceptionRule, Policy
from billpolicy.report.explanation import Candidate, Decision, Explanation, Rule, Tried, rule_at
from billpolicy.report.results import findings
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec, Vocabulary


def explain_plan(versions: Versions, vocabulary: Vocabulary, plan: Plan) -> list[Explanation]:
    """One explanation for each document that the plan, or a step that follows it, makes or decides about."""
    return list(_explained(versions, vocabulary, plan.id, plan, None))


def explain_decision(
    versions: Versions, vocabulary: Vocabulary, plan: Plan, resolved: Resolved, key: str
) -> Explanation:
    """The explanation of one decision of an operation or a step, and of nothing else."""
    whole = _explain(versions.on(plan.date), vocabulary, plan.id, plan, None, resolved, None)
    return replace(whole, decisions=tuple(one for one in whole.decisions if one.key == key), warnings=())


def _explained(
    versions: Versions, vocabulary: Vocabulary, asked: str, plan: Plan, step: FollowedBy | None
) -> Iterator[Explanation]:
    resolver = versions.on(plan.date)
    place_of = plan.reasons
    made = [one for one in plan.documents if not isinstance(one.document, CreditAdjustment)]
    told = {place_of[one.document.number] for one in made}
    # Adjustments of a credit balance are decided once for all of them, or with the refund that they pay out.
    adjusted = {place_of[one.document.number]: one for one in reversed(plan.documents)}
    once = [one for place, one in adjusted.items() if place not in told]
    explained = [
        _explain(resolver, vocabulary, asked, plan, step, resolved, planned)
        for resolved, planned in (
            *((one.resolved, one) for one in (*made, *once)),
            *((resolved, None) for resolved in plan.decisions),
        )
    ]
    yield from explained[:-1]
    for last in explained[-1:]:
        yield replace(last, follow_ups=_passed_over(versions, vocabulary, plan))
    for followed in plan.follow_ups:
        yield from _explained(versions, vocabulary, asked, followed.plan, followed)


def _explain(
    resolver: Resolver,
    vocabulary: Vocabulary,
    asked: str,
    plan: Plan,
    step: FollowedBy | None,
    resolved: Resolved,
    planned: PlannedDocument | None,
) -> Explanation:
    spec = vocabulary[resolved.operation]
    fields = {field.name: field for field in (*spec.fields, *resolver.policy.fields.values())}
    words = facts_in_words(resolved.facts, fields)
    routine = {setting.name: setting.telling for setting in spec.settings if setting.routine}
    asked_for = requested(plan, resolved)
    return Explanation(
        operation_id=asked,
        operation=resolved.operation,
        date=resolved.date,
        document=planned.document.kind if planned else None,
        number=planned.document.number if planned else None,
        step=plan.id if step else None,
        after=step.after if step else None,
        step_rule=rule_at(step.rule, step.position, step.because) if step else None,
        policy=plan.policy,
        policy_digest=plan.policy_digest,
        engine=plan.engine,
        facts=words,
        about=_about(plan, resolved, words) if planned is None else None,
        decisions=tuple(
            _decision(resolver, resolved, resolution, words, routine, asked_for.get(resolution.key))
            for resolution in sorted(resolved.resolutions.values(), key=lambda r: _order(r, spec))
            if concerns(resolver.policy, resolution, planned.document.kind if planned else None)
        ),
        warnings=findings(plan.warnings),
    )


def _about(plan: Plan, resolved: Resolved, words: Mapping[str, str]) -> str | None:
    """Of what makes no document: its subscription; where money in several currencies is decided, how much of which."""
    if "subscription" in resolved.levels:
        return resolved.levels["subscription"].label
    return words["amount"] if plan.currency_by_currency else None


def _passed_over(versions: Versions, vocabulary: Vocabulary, plan: Plan) -> tuple[Candidate, ...]:
    """Each follow-up that could have come after a plan and did not, and why."""
    found = []
    for passed in plan.passed_over:
        resolver = versions.on(passed.asked.date)
        (follow_up,) = (one for one in resolver.policy.follow_ups if one.id == passed.rule)
        rule = follow_up.rule
        fields = vocabulary[follow_up.operation].fields_after(follow_up.after)
        words = facts_in_words(
            passed.asked.facts, {field.name: field for field in (*fields, *resolver.policy.fields.values())}
        )
        if passed.why is not None:
            outcome, why = "nothing_to_do", passed.why
        elif rule.effective.includes(passed.asked.date):
            outcome, why = "not_matched", _unmet(rule, passed.asked.facts, words)
        else:
            outcome, why = "not_in_force", f"in force {rule.effective}, and this is {passed.asked.date}"
        at = rule_at(rule.id, rule.position, rule.because)
        reason = f"on {passed.on}, after {passed.after}: {why}"
        found.append(Candidate(rule=at, outcome=outcome, reason=reason))  # type: ignore[arg-type]
    return tuple(found)


def concerns(policy: Policy, resolution: Resolution, kind: str | None) -> bool:
    """Whether a document has this: of what a bill run decides for invoices, its credit memos have not everything."""
    attribute = policy.attributes.get(resolution.key)
    return attribute is None or kind is None or kind in attribute.documents


def _order(resolution: Resolution, spec: OperationSpec) -> tuple[bool, int, str]:
    """Attributes first, then settings in the order the operation declares them."""
    settings = [setting.name for setting in spec.settings]
    is_setting = resolution.key in settings
    return is_setting, settings.index(resolution.key) if is_setting else 0, resolution.key


def facts_in_words(facts: Facts, fields: Mapping[str, FieldSpec]) -> dict[str, str]:
    """Facts as a policy would write them: amounts with their currency, dates as dates. Sorted by name."""
    words = {}
    for name, value in sorted(facts.items()):
        field = fields.get(name)
        if field is None:
            continue  # the currency half of a money fact
        if field.type == "money":
            currency = str(facts[f"{name}.currency"])
            words[name] = f"{from_minor(int(value), currency)} {currency}"
        else:
            words[name] = str(value).lower() if isinstance(value, bool) else in_words(field.type)(value)
    return words


def _decision(
    resolver: Resolver,
    resolved: Resolved,
    resolution: Resolution,
    words: Mapping[str, str],
    routine: Mapping[str, tuple[str, ...]],
    asked_for: Requested | None,
) -> Decision:
    deciding = resolver.rule(resolved.operation, resolution.key, resolution.rule)
    is_exception = isinstance(deciding, ExceptionRule)
    outcome = deciding.then[resolution.key] if isinstance(deciding, ExceptionRule) else deciding.outcome
    chain = outcome.levels if isinstance(outcome, Chain) else ()
    value = str(outcome) if not chain else str(resolution.value)
    everywhere = asked_for is not None and not asked_for.on
    return Decision(
        key=resolution.key,
        kind="attribute" if chain else "setting",
        value=asked_for.value if asked_for is not None and everywhere else value,
        instead_of=value if everywhere else None,
        except_on=() if asked_for is None else asked_for.on,
        rule=_rule(deciding, resolution.key),
        exception=is_exception,
        routine=resolution.key in routine and value not in routine[resolution.key],
        level=resolution.level,
        chain=chain,
        tried=_tried(resolver.policy, resolved, resolution, chain),
        candidates=_candidates(resolver, resolved, resolution, words),
    )


def _rule(rule: BaseRule | ExceptionRule, key: str) -> Rule:
    at = rule.then_at[key] if isinstance(rule, ExceptionRule) else rule.position
    return rule_at(rule.id, at, rule.because)


def _tried(policy: Policy, resolved: Resolved, resolution: Resolution, chain: tuple[Level, ...]) -> tuple[Tried, ...]:
    tried = []
    attribute = policy.attributes.get(resolution.key)
    for level in chain:
        source = resolved.levels.get(level)
        is_there = source is not None and (attribute is None or attribute.is_held_by(level))
        held = source.held.get(resolution.key) if source is not None and is_there else None
        label = source.label_of(resolution.key) if source is not None else "there is none here"
        since = source.since.get(resolution.key, _NOBODY_KNOWS) if source is not None else _NOBODY_KNOWS
        value = None if held is None else str(held)
        if isinstance(held, Several):
            value = f"{held}; in effect {resolution.value}"
        tried.append(Tried(level=level, label=label, value=value, since=since.day, operation=since.operation))
        if level == resolution.level:
            break
    return tuple(tried)


_NOBODY_KNOWS = Since(None, None)


def _candidates(
    resolver: Resolver, resolved: Resolved, resolution: Resolution, words: Mapping[str, str]
) -> tuple[Candidate, ...]:
    key = resolution.key
    verdict = resolver.precedence_of(resolved.operation).decide(resolved.matched, key)
    dropped = {drop.id: drop for drop in verdict.dropped}
    found = []
    for rule in resolver.policy.exceptions_for(resolved.operation):
        if key not in rule.then:
            continue
        if not rule.effective.includes(resolved.date):
            found.append((rule, "not_in_force", f"in force {rule.effective}, and this is {resolved.date}"))
        elif rule.id not in resolved.matched:
            found.append((rule, "not_matched", _unmet(rule, resolved.facts, words)))
        elif rule.id in dropped:
            drop = dropped[rule.id]
            verb = "overridden by" if drop.why == "overridden" else "less specific than"
            found.append((rule, drop.why, f"it matches, but is {verb} `{drop.by}`"))
        elif rule.id == resolution.rule:
            found.append((rule, "decides", "it matches and nothing more specific does"))
        else:
            found.append((rule, "agrees", f"it matches and says the same as `{resolution.rule}`"))
    return tuple(
        Candidate(rule=_rule(rule, key), outcome=outcome, reason=reason)  # type: ignore[arg-type]
        for rule, outcome, reason in found
    )


def _unmet(rule: ExceptionRule, facts: Facts, words: Mapping[str, str]) -> str:
    reasons = (
        f"{clause.text}, here " + (f"it is {words[clause.field]}" if clause.field in words else "it is unset")
        for clause in unmet(rule, facts)
    )
    return "; ".join(reasons)
