"""People who are named in a condition and have no role: limits that are said of roles do not hold for them."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    if not subject.policy.roles:
        return
    for rule in subject.conditional:
        for clause in rule.clauses:
            members = clause.words
            if clause.field != "actor.id" or members is None:
                continue
            for person in sorted(str(name) for name in members.names if name not in subject.policy.roles):
                message = f"`{person}` has no role, so no limit that is said of roles holds for them"
                hint = "add them to one of `roles`; a program that asks for operations can have a role of its own"
                yield Finding(message, subject.clause_at(rule, clause), hint)


LINT = Lint("person-without-role", "hint", "authority", _check)
