"""What a policy can say that the rules engine would misread, refused in the user's words before the engine sees it.

Most traps of docs/rules-engine.md 5 cannot be reached at all, by the way `terms` and `durable` are built, and by
what a policy can write: its texts and numbers are within `LONGEST_TEXT` and `LARGEST_NUMBER`, and the fields that it
declares begin with `account.` or `subscription.`. What is left: names with the same hash, and lists that multiply.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from billpolicy.deciding.matching.durable import MOST_FIELDS, OPERATION, PROBE, SUBJECT
from billpolicy.deciding.matching.terms import length, width
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.policy.model import ExceptionRule, Policy
from billpolicy.vocabulary.spec import FieldSpec, Vocabulary

WIDEST = 1_000
"""The most combinations that one condition may expand to: 20 rulesets, which still answer within a millisecond."""

LONGEST = 1_000
"""The most comparisons that must hold together: a long list of exclusions. Each takes some kilobytes in the engine."""

RESERVED = (OPERATION, PROBE, *SUBJECT)
"""Names that the engine, or what is told it, keeps for itself."""


def guard(policy: Policy, vocabulary: Vocabulary) -> list[Diagnostic]:
    """Everything in the conditions of a policy that the rules engine cannot be trusted with. It is not called here."""
    problems = [problem for rule in policy.conditional for problem in _width(rule)]
    alike = {name: _alike(_facts(spec.fields, policy)) for name, spec in vocabulary.items()}
    for exception in policy.exceptions:
        for operation in exception.operations:
            problems += _confused(exception, alike.get(operation, {}))
    followed = {(one.operation, one.after) for one in policy.follow_ups}
    after = {(name, event): _alike(_facts(vocabulary[name].fields_after(event), policy)) for name, event in followed}
    for follow_up in policy.follow_ups:
        problems += _confused(follow_up.rule, after[follow_up.operation, follow_up.after])
    return in_order(problems)


def _width(exception: ExceptionRule) -> Iterator[Diagnostic]:
    asked = f"the condition of `{exception.id}`"
    hint = "shorten a list, or write several rules"
    combinations = sum(map(width, exception.boxes))
    if combinations > WIDEST:
        message = f"{asked} has lists that multiply to {combinations:,} combinations; {WIDEST:,} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, hint)
    comparisons = max(map(length, exception.boxes))
    if comparisons > LONGEST:
        message = f"{asked} excludes {comparisons:,} values; {LONGEST:,} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, hint)
    if len(exception.facts) > MOST_FIELDS:
        message = f"{asked} asks for {len(exception.facts)} fields; {MOST_FIELDS} can be matched"
        yield Diagnostic("condition-too-wide", message, exception.position, "write several rules")


def _confused(exception: ExceptionRule, alike: dict[str, list[str]]) -> Iterator[Diagnostic]:
    for clause in exception.clauses:
        for fact in sorted(clause.facts):
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
