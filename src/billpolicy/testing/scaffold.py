"""A first test of a rule: facts for which it decides, a book and operations that have them, and what comes of these."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from billpolicy.analysis.compare import Comparer, Difference
from billpolicy.book.load import book_from
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.watching import Question
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.rule_unknown import rule_unknown
from billpolicy.planning.plan import Plan
from billpolicy.policy.condition import Fact, Facts
from billpolicy.policy.model import BaseRule, Chain, Effective, ExceptionRule, FollowUp, Outcome, Policy, Setting
from billpolicy.testing.expected import BASE, DECISIONS, KEYS
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level
from billpolicy.witness.running import Ran, run
from billpolicy.witness.witness import OWN, Witness, witness

_NOTHING = Setting("\0")
"""What no rule says: where a rule that said this would make a difference, there it decides."""
_OWED = ("invoice", "credit_memo", "debit_memo", "payment")
_AMOUNTS = tuple(f"{document}.{amount}" for document in _OWED for amount in ("amount", "balance"))
_TRIED = 20
"""Facts for which a rule decides, each of which may be had in a book or not."""


class FirstTest(NamedTuple):
    """A test as a file has it."""

    name: str
    today: datetime.date
    book: dict[str, Any]
    operations: list[dict[str, Any]]
    """The last one is that of which something is expected."""
    expect: dict[str, Any]


def first_test(policy: Policy, rule: str) -> FirstTest:
    """A test of a rule that passes. Raises `Refused` for an unknown rule, and where no book is found that shows it."""
    expect(policy, Policy, "`policy` must be a Policy, as `validate` gives it")
    expect(rule, str, "`rule` must be a text")
    refused: FirstTest | None = None
    for found in _tests(policy, rule):
        if "refused" not in found.expect:
            return found
        refused = refused or found
    if refused is not None:
        return refused
    message = f"no book was found in which `{rule}` decides"
    hint = "`billpolicy analyze` tells whether it ever can; if so, write a test by hand"
    raise Refused([Diagnostic("rule-not-shown", message, policy.rules[rule].position, hint)])


def _tests(policy: Policy, rule: str) -> Iterator[FirstTest]:
    for exception in policy.exceptions:
        if exception.id == rule:
            yield from _of_exception(policy, exception)
            return
    for follow_up in policy.follow_ups:
        if follow_up.id == rule:
            yield from _of_follow_up(policy, follow_up)
            return
    base = policy.rules.get(rule)
    if not isinstance(base, BaseRule):
        raise Refused([rule_unknown(rule, policy.rules, policy.position)])
    without = {**policy.base, (base.operation, base.key): base._replace(outcome=_NOTHING)}
    other = replace(policy, base=without)
    yield from _of_decision(policy, other, rule, base.operation, base.key, base.outcome, None)


# -- rules that decide ---------------------------------------------------------------------------------------------


def _of_exception(policy: Policy, rule: ExceptionRule) -> Iterator[FirstTest]:
    for operation in rule.operations:
        for key, outcome in rule.then.items():
            changed = replace(rule, then={**rule.then, key: _NOTHING})
            others = tuple(changed if one is rule else one for one in policy.exceptions)
            other = replace(policy, exceptions=others)
            yield from _of_decision(policy, other, rule.id, operation, key, outcome, rule.effective)


def _of_decision(
    policy: Policy,
    other: Policy,
    rule: str,
    operation: str,
    key: str,
    outcome: Outcome,
    effective: Effective | None,
) -> Iterator[FirstTest]:
    if (operation, key) not in policy.base:
        return
    attribute = key if isinstance(outcome, Chain) else None
    levels: dict[Level, str | None] = (
        {outcome.levels[0]: OWN} if isinstance(outcome, Chain) and outcome.levels[0] != "default" else {}
    )
    for facts, day in _facts(policy, Comparer(policy, other).compare(operation, key).differences, effective):
        enough = {**_enough(operation, facts), **facts}
        for more, wanted in dict.fromkeys(((True, bool(levels)), (False, bool(levels)), (False, False))):
            asked = enough if more else facts
            held = levels if wanted else {}
            found = witness([policy], operation, asked, date=day, levels=held, attribute=attribute)
            if found is None:
                continue
            ran = _run(policy, found)
            expect = _decided(policy, ran, operation, rule, key)
            if expect:
                name = (
                    f"the base rule decides {key} of {operation}"
                    if rule == f"{operation}.{key}"
                    else f"{rule} decides {key}"
                )
                yield _test(name, found, expect)


def _enough(operation: str, facts: Facts) -> dict[str, Fact]:
    """The amount that is asked for, as that of the document it is about: less could be refused."""
    if "amount" not in facts:
        return {}
    fields = {field.name for field in VOCABULARY[operation].fields}
    same: dict[str, Fact] = {}
    for name in (name for name in _AMOUNTS if name in fields):
        same[name] = facts["amount"]
        if "amount.currency" in facts:
            same[f"{name}.currency"] = facts["amount.currency"]
    return same


def _facts(
    policy: Policy, differences: Iterable[Difference], effective: Effective | None
) -> Iterator[tuple[Facts, datetime.date]]:
    """For each of some differences its facts without the day, and the day."""
    first = policy.effective.from_ if effective is None else max(policy.effective.from_, effective.from_)
    for difference in list(differences)[:_TRIED]:
        facts = {fact: value for fact, value in difference.facts.items() if fact != "date"}
        day = difference.facts.get("date")
        yield facts, first if day is None else datetime.date.fromordinal(int(day))


def _decided(policy: Policy, ran: Ran, operation: str, rule: str, key: str) -> dict[str, Any]:
    """What is expected of an operation in which a rule decides a key; nothing where it does not."""
    if ran.plan is None:
        decides = any(
            one.event is None and one.operation == operation and _rule_of(policy, one, key) == rule for one in ran.asked
        )
        return {"refused": sorted({problem.code for problem in ran.problems})} if decides else {}
    taken = [one for one in ran.plan.resolved if one.operation == operation and key in one.resolutions]
    if not taken or any(one.resolutions[key].rule != rule for one in taken):
        return {}
    resolution = taken[0].resolutions[key]
    if any(one.resolutions[key] != resolution for one in taken):
        return {}
    value = str(resolution.value).lower() if isinstance(resolution.value, bool) else resolution.value
    said = {"value": value} | ({"level": resolution.level} if resolution.level else {})
    named = BASE if rule == f"{operation}.{key}" else rule
    decision = {key: {**said, "rule": named}}
    return _amount(ran.plan) | ({DECISIONS: decision} if key in KEYS else decision)


def _rule_of(policy: Policy, asked: Question, key: str) -> str | None:
    found = Resolver(policy, "python").resolve(asked.operation, asked.date, asked.facts, asked.levels, with_gaps=True)
    resolution = found.resolutions.get(key)
    return None if resolution is None else resolution.rule


def _amount(plan: Plan) -> dict[str, Any]:
    """Of the one document that is made."""
    return {"amount": str(plan.documents[0].document.amount)} if len(plan.documents) == 1 else {}


# -- follow-ups ----------------------------------------------------------------------------------------------------


def _of_follow_up(policy: Policy, follow_up: FollowUp) -> Iterator[FirstTest]:
    others = tuple(one for one in policy.follow_ups if one is not follow_up)
    comparer = Comparer(policy, replace(policy, follow_ups=others))
    compared = comparer.compare_follow_ups(follow_up.after, follow_up.operation)
    for facts, day in _facts(policy, compared.differences, follow_up.rule.effective):
        found = witness([policy], follow_up.operation, facts, date=day, event=follow_up.after)
        if found is None:
            continue
        ran = _run(policy, found)
        if ran.plan is not None and any(one.rule == follow_up.id for one in ran.plan.follow_ups):
            name = f"{follow_up.id} runs {follow_up.operation}"
            yield _test(name, found, {"follow_ups": {follow_up.id: True}})


# -- the test ------------------------------------------------------------------------------------------------------


def _run(policy: Policy, found: Witness) -> Ran:
    return run(policy, book_from(found.book), found.operations, found.today)


def _test(name: str, found: Witness, expect: dict[str, Any]) -> FirstTest:
    return FirstTest(name, found.today, found.book, found.operations, expect)
