"""Limits that are open to one side: amounts in currencies that they do not name, and people whom no role names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.cells import Diagram, NotProven
from billpolicy.analysis.decisions import Decision
from billpolicy.analysis.domain import Case, Domain
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.condition import Box, Values, Words
from billpolicy.policy.model import ExceptionRule, Policy, Setting
from billpolicy.vocabulary.settings import WHO

_PERMISSION, _ALLOWED = "permission", "allowed"


def unchecked_currencies(analysed: Analysed) -> Iterator[Finding]:
    """Where exceptions ask about an amount in some currencies, and no rule asks about it in any other, so that the base
    rule decides there: of each decision the first of those exceptions by its id, wherever it stands."""
    told: set[tuple[str, str, str]] = set()
    for rule in _by_id(analysed):
        for field in (clause.field for clause in rule.clauses if f"{clause.field}.currency" in clause.facts):
            found = list(_other_currencies(analysed, rule, field, told))
            told.update(one[:3] for one in found)
            if found:
                operation, key, _, facts = found[0]
                named = " and ".join(sorted(map(str, _named(rule.box[f"{field}.currency"]))))
                message = f"`{rule.id}` asks for `{field}` in {named}; in another currency nothing asks about `{key}`"
                hint = "add the same for the other currencies, or say in `assumptions` that there are none"
                diagnostic = Diagnostic("currency-unchecked", message, rule.position, hint, "hint")
                if key == _PERMISSION:
                    diagnostic = diagnostic._replace(code="limit-of-one-currency", severity="warning")
                yield Finding(diagnostic, Shown(operation, facts))


def _by_id(analysed: Analysed) -> list[ExceptionRule]:
    """Whatever the order of files and lines: a baseline knows a finding by the rule that it names."""
    return sorted(analysed.policy.exceptions, key=lambda rule: rule.id)


def _other_currencies(
    analysed: Analysed, rule: ExceptionRule, field: str, told: Collection[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str, Case]]:
    for operation in rule.operations:
        domain = analysed.domain(operation)
        currency = domain.same(f"{field}.currency")
        for key in rule.then:
            decision = analysed.decision(operation, key)
            number = decision.number(rule.id)
            if number is None or (operation, key, field) in told:
                continue
            named = frozenset(name for box in decision.boxes if currency in box for name in _named(box[currency]))
            amounts = [name for name, spec in domain.fields.items() if spec.type == "money"]
            rest = {fact: values for fact, values in decision.boxes[number].items() if fact not in amounts}
            rest[currency] = Values(Words(named, complement=True))
            facts = _where(domain, decision, rest, _undecided)
            if facts is not None:
                yield operation, key, field, facts


def strangers(analysed: Analysed) -> Iterator[Finding]:
    """Limits of authority that somebody whom neither a role nor a rule names passes: of each operation the first."""
    people = frozenset(analysed.policy.roles)
    told: set[str] = set()
    for rule in _by_id(analysed):
        outcome = rule.then.get(_PERMISSION)
        if not isinstance(outcome, Setting) or outcome.value == _ALLOWED:
            continue
        open_to_all = (one for one in rule.operations if one not in told and not _names_are_known(analysed.policy, one))
        passed = [(one, _of_a_stranger(analysed, rule, one, people)) for one in open_to_all]
        found = [(operation, facts) for operation, facts in passed if facts is not None]
        told.update(operation for operation, _ in found)
        if found:
            message = f"`{rule.id}` stops those in its roles; somebody in no role, whom no rule names, may do it"
            hint = "add an exception with `actor.role: {is: unset}`, or refuse it in the base rule"
            yield Finding(Diagnostic("limit-passed", message, rule.position, hint, "warning"), Shown(*found[0]))


def _names_are_known(policy: Policy, operation: str) -> bool:
    """Whether an operation is only done for people in the policy's roles, whatever else is asked."""
    said = {str(rule.then[WHO.name]) for rule in policy.exceptions_for(operation) if WHO.name in rule.then}
    return bool(policy.roles) and {str(policy.base[operation, WHO.name].outcome), *said} == {"required"}


def _of_a_stranger(analysed: Analysed, rule: ExceptionRule, operation: str, people: frozenset[str]) -> Case | None:
    """Case for which a rule stops others, and somebody whom nothing names may do it."""
    decision, domain = analysed.decision(operation, _PERMISSION), analysed.domain(operation)
    number = decision.number(rule.id)
    if number is None or "actor.id" not in decision.boxes[number]:
        return None
    named = people | {name for box in decision.boxes for name in _mentioned(box.get("actor.id"))}
    others = {**decision.boxes[number], "actor.id": Values(Words(frozenset(named), complement=True))}
    return _where(domain, decision, others, _allowed)


def _allowed(decision: Decision, holding: int) -> bool:
    return (_ALLOWED,) in decision.outcomes(decision.survivors(holding))


def _undecided(decision: Decision, holding: int) -> bool:
    return not decision.survivors(holding)


def _where(domain: Domain, decision: Decision, within: Box, so: Callable[[Decision, int], bool]) -> Case | None:
    """Case within a box for which something is so; None if there are none, or it cannot be proven."""
    if domain.canonical(within) is None:
        return None

    def label(holding: int) -> bool:
        return so(decision, holding)

    try:
        found = Diagram(domain, decision.boxes, label, within=within, among=decision.near(within)).examples()
    except NotProven:
        return None
    return domain.case(found[True]) if True in found else None


def _named(values: Values) -> frozenset[str | bool]:
    return values.members.names if isinstance(values.members, Words) and not values.members.complement else frozenset()


def _mentioned(values: Values | None) -> frozenset[str | bool]:
    """Those that are named, be it as an exception: whoever is left out by name is no stranger."""
    return values.members.names if values is not None and isinstance(values.members, Words) else frozenset()
