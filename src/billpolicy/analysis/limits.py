"""Limits that are open to one side: amounts in currencies that they do not name, and people whom no role names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from itertools import product
from typing import NamedTuple

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.cells import Diagram, NotProven
from billpolicy.analysis.decisions import Decision
from billpolicy.analysis.domain import Case, Domain
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.sentences import all_of
from billpolicy.policy.condition import Box, Values, Words
from billpolicy.policy.inclusion import bits
from billpolicy.policy.model import ExceptionRule, Policy, Setting
from billpolicy.vocabulary.settings import WHO

_PERMISSION, _ALLOWED, _REFUSED = "permission", "allowed", "refused"


def unchecked_currencies(analysed: Analysed, *, passed_only: bool = False) -> Iterator[Finding]:
    """Where exceptions ask about an amount in some currencies and do not say what comes of others, and less is stopped
    there than by the rule, or no rule asks about it there, so that the base rule decides. Of each decision the first
    of those exceptions by its id, wherever it stands. `passed_only`: only where less is stopped."""
    told: set[tuple[str, str, str, bool]] = set()
    for rule in _by_id(analysed):
        for field in _silent(rule):
            found = list(_other_currencies(analysed, rule, field, told, passed_only))
            told.update(one.what for one in found)
            if found:
                yield _unchecked(rule, field, max(found, key=lambda one: one.passed))


class _Unchecked(NamedTuple):
    operation: str
    key: str
    field: str
    passed: bool
    """Whether it is a limit of authority, and less is stopped in another currency."""
    facts: Case

    @property
    def what(self) -> tuple[str, str, str, bool]:
        return self[:4]


def _unchecked(rule: ExceptionRule, field: str, one: _Unchecked) -> Finding:
    currencies = sorted({str(name) for box in rule.boxes for name in _named(box[f"{field}.currency"])})
    asks = f"`{rule.id}` asks for `{field}` in {all_of(currencies)}"
    hint = (
        "name the other currencies, say what holds in them (`other_currencies: holds` or `fails`), "
        "or in `assumptions` that there are none"
    )
    shown = Shown(one.operation, one.facts)
    if one.passed:
        message = f"{asks}; in another currency it does not hold, and less is stopped"
        return Finding(Diagnostic("limit-of-one-currency", message, rule.position, hint, "warning"), shown)
    message = f"{asks}; in another currency nothing asks about `{one.key}`"
    return Finding(Diagnostic("currency-unchecked", message, rule.position, hint, "hint"), shown)


def _silent(rule: ExceptionRule) -> list[str]:
    """The amounts that a rule asks about in some currencies, without a word of others."""
    return [one.field for one in rule.clauses if f"{one.field}.currency" in one.facts and one.others is None]


def _less_is_stopped(rule: ExceptionRule, key: str) -> Callable[[Decision, int], bool] | None:
    """Of a limit of authority when something else lets through what it stops; None of any other rule."""
    outcome = rule.then[key]
    if key != _PERMISSION or outcome == Setting(_ALLOWED):
        return None
    return _not_refused if outcome == Setting(_REFUSED) else _allowed


def _by_id(analysed: Analysed) -> list[ExceptionRule]:
    """Whatever the order of files and lines: a baseline knows a finding by the rule that it names."""
    return sorted(analysed.policy.exceptions, key=lambda rule: rule.id)


def _other_currencies(
    analysed: Analysed,
    rule: ExceptionRule,
    field: str,
    told: Set[tuple[str, str, str, bool]],
    passed_only: bool,
) -> Iterator[_Unchecked]:
    for operation, key in product(rule.operations, rule.then):
        domain, decision = analysed.domain(operation), analysed.decision(operation, key)
        currency = domain.same(f"{field}.currency")
        named = frozenset(name for box in decision.boxes if currency in box for name in _named(box[currency]))
        others = {currency: Values(Words(named, complement=True))}
        amounts = {name for name, spec in domain.fields.items() if spec.type == "money"}
        boxes = [decision.boxes[place] for place in bits(decision.places_of(rule.id))]
        elsewhere = [
            {**{fact: values for fact, values in box.items() if fact not in amounts}, **others} for box in boxes
        ]
        for passed, so in ((True, _less_is_stopped(rule, key)), (False, None if passed_only else _undecided)):
            ways = {passed, True}  # that less is stopped is told in the place of the other
            if so is not None and told.isdisjoint((operation, key, field, way) for way in ways):
                cases = (_where(domain, decision, box, so) for box in elsewhere)
                facts = next((case for case in cases if case is not None), None)
                if facts is not None:
                    yield _Unchecked(operation, key, field, passed, facts)
                    break


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
    base = policy.base.get((operation, WHO.name))
    return bool(policy.roles) and base is not None and {str(base.outcome), *said} == {"required"}


def _of_a_stranger(analysed: Analysed, rule: ExceptionRule, operation: str, people: frozenset[str]) -> Case | None:
    """Case for which a rule stops others, and somebody whom nothing names may do it."""
    decision, domain = analysed.decision(operation, _PERMISSION), analysed.domain(operation)
    named = people | {name for box in decision.boxes for name in _mentioned(box.get("actor.id"))}
    strangers = Values(Words(frozenset(named), complement=True))
    boxes = [decision.boxes[place] for place in bits(decision.places_of(rule.id))]
    found = (_where(domain, decision, {**box, "actor.id": strangers}, _allowed) for box in boxes if "actor.id" in box)
    return next((case for case in found if case is not None), None)


def _allowed(decision: Decision, holding: int) -> bool:
    return (_ALLOWED,) in decision.outcomes(decision.survivors(holding))


def _not_refused(decision: Decision, holding: int) -> bool:
    return decision.outcomes(decision.survivors(holding)) != {(_REFUSED,)}


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
