"""What a policy can say that the rules engine would misread, refused in the user's words before the engine sees it.

Most traps of docs/rules-engine.md 5 cannot be reached at all, by the way `terms` and `durable` are built. What is
left depends on the words of a policy: names, long texts, huge numbers, lists that multiply.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from billpolicy.deciding.matching.durable import MOST_FIELDS, OPERATION, PROBE, SUBJECT
from billpolicy.deciding.matching.terms import LARGEST_NUMBER, LONGEST_TEXT, length, width
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.policy.condition import Values, Words
from billpolicy.policy.model import ExceptionRule, Policy
from billpolicy.vocabulary.spec import FieldSpec, Vocabulary

WIDEST = 1_000
"""The most combinations that one condition may expand to: 20 rulesets, which still answer within a millisecond."""

LONGEST = 1_000
"""The most comparisons that must hold together: a long list of exclusions. Each takes some kilobytes in the engine."""

RESERVED = (OPERATION, PROBE, *SUBJECT)


def guard(policy: Policy, vocabulary: Vocabulary) -> list[Diagnostic]:
    """Everything in the conditions of a policy that the rules engine cannot be trusted with. It is not called here."""
    problems = list(_doubled(policy, vocabulary))
    for rule in policy.conditional:
        problems += _literals(rule)
        problems += _width(rule)
        problems += _reserved(rule)
    alike = {name: _alike(_facts(spec.fields, policy)) for name, spec in vocabulary.items()}
    for exception in policy.exceptions:
        for operation in exception.operations:
            problems += _confused(exception, alike.get(operation, {}))
    followed = {(one.operation, one.after) for one in policy.follow_ups}
    after = {(name, event): _alike(_facts(vocabulary[name].fields_after(event), policy)) for name, event in followed}
    for follow_up in policy.follow_ups:
        problems += _confused(follow_up.rule, after[follow_up.operation, follow_up.after])
    return in_order(problems)


def _doubled(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """A declared field cannot have the name under which the currency of an amount is known."""
    fields = [*policy.fields.values(), *(field for spec in vocabulary.values() for field in spec.fields)]
    amounts = {f"{field.name}.currency": field.name for field in fields if field.type == "money"}
    for name in policy.fields:
        if name in amounts:
            message = f"`{name}` is already the currency of the amount `{amounts[name]}`"
            yield Diagnostic("field-names-alike", message, policy.position, "give the field another name")


def _literals(exception: ExceptionRule) -> Iterator[Diagnostic]:
    for clause in exception.clauses:
        for values in clause.facts.values():
            if any(len(text) > LONGEST_TEXT for text in _texts(values)):
                message = (
                    f"`{exception.id}` compares `{clause.field}` with a text longer than {LONGEST_TEXT} characters"
                )
                yield Diagnostic("text-too-long", message, exception.position, "shorten the text")
            for number in _numbers(values):
                if abs(number) > LARGEST_NUMBER:
                    message = f"`{exception.id}` compares `{clause.field}` with {number}, which is too large a number"
                    hint = f"numbers go up to {LARGEST_NUMBER}, either way"
                    yield Diagnostic("number-too-large", message, exception.position, hint)


def _texts(values: Values) -> Iterator[str]:
    if isinstance(values.members, Words):
        yield from (name for name in values.members.names if isinstance(name, str))


def _numbers(values: Values) -> Iterator[int]:
    if not isinstance(values.members, Words):
        yield from (bound for bounds in values.members.ranges for bound in bounds if bound is not None)


def _width(exception: ExceptionRule) -> Iterator[Diagnostic]:
    asked = f"the condition of `{exception.id}`"
    hint = "shorten a list, or write several rules"
    combinations = width(exception.box)
    if combinations > WIDEST:
        message = f"{asked} has lists that multiply to {combinations:,} combinations; {WIDEST:,} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, hint)
    comparisons = length(exception.box)
    if comparisons > LONGEST:
        message = f"{asked} excludes {comparisons:,} values; {LONGEST:,} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, hint)
    if len(exception.box) > MOST_FIELDS:
        message = f"{asked} asks for {len(exception.box)} fields; {MOST_FIELDS} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, "write several rules")


def _reserved(exception: ExceptionRule) -> Iterator[Diagnostic]:
    for clause in exception.clauses:
        for fact in clause.facts:
            if fact.startswith("$") or fact in RESERVED:
                message = f"`{exception.id}` asks for `{fact}`, a name that the rules engine keeps for itself"
                yield Diagnostic("field-name-reserved", message, exception.position, "give the field another name")


def _confused(exception: ExceptionRule, alike: dict[str, list[str]]) -> Iterator[Diagnostic]:
    for clause in exception.clauses:
        for fact in clause.facts:
            for other in alike.get(fact, ()):
                message = f"`{exception.id}` asks for `{fact}`, which the rules engine cannot tell from `{other}`"
                hint = "give the field that you declared another name"
                yield Diagnostic("field-names-alike", message, exception.position, hint)


def _facts(fields: Iterable[FieldSpec], policy: Policy) -> Iterator[str]:
    """The names of all facts that rules of these fields can meet: a money field is two."""
    for field in (*fields, *policy.fields.values()):
        yield field.name
        if field.type == "money":
            yield f"{field.name}.currency"


def _alike(facts: Iterable[str]) -> dict[str, list[str]]:
    """For each fact the others with the same hash: the engine tells names apart by nothing else."""
    by_hash: dict[int, set[str]] = defaultdict(set)
    for name in (*facts, *RESERVED):
        by_hash[fnv1a32(name)].add(name)
    return {name: sorted(names - {name}) for names in by_hash.values() for name in names}


def fnv1a32(name: str) -> int:
    """The engine's hash of a name, over the bytes of its JSON."""
    found = 2166136261
    for byte in json.dumps(name)[1:-1].encode():
        found = ((found ^ byte) * 16777619) & 0xFFFFFFFF
    return found
