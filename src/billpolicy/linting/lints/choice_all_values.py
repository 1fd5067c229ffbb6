"""Conditions that name every value of a closed list, and so ask only whether the field is set."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for rule in subject.conditional:
        constraints = subject.texts[rule.id].text.when
        for clause in rule.clauses:
            members = clause.words
            if members is None or members.universe is None or constraints[clause.field].presence:
                continue
            if members.names == members.universe:
                message = f"every value that `{clause.field}` can have is named"
                hint = "remove this line, or write `{is: set}` if it must not be missing"
                yield Finding(message, subject.clause_at(rule, clause), hint)


LINT = Lint("choice-all-values", "warning", "conditions", _check)
