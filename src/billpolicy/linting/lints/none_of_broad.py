"""Exceptions for all but a few: what holds for nearly everything is a base rule, and the few are the exception."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject

_OPEN = ("text", "country", "currency")
"""Types of which there are many values, and no few that are left."""


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    kinds = {field.name: field.type for spec in subject.vocabulary.values() for field in spec.fields}
    kinds |= {name: field.type for name, field in subject.policy.fields.items()}
    for rule in subject.exceptions:
        if len(rule.clauses) != 1:
            continue
        [clause] = rule.clauses
        members = clause.words
        few = members is not None and members.complement and 0 < len(members.names) <= options["most"]
        # Of a closed list, all but a few are some that can be counted.
        if few and kinds.get(clause.field) in _OPEN:
            message = f"`{rule.id}` holds for nearly everything: {clause.text}, also what nobody has thought of yet"
            hint = "make it the base rule, and what is named here the exception"
            yield Finding(message, subject.clause_at(rule, clause), hint)


LINT = Lint("none-of-broad", "hint", "conditions", _check, {"most": 2})
