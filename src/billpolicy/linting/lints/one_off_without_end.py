"""Rules for one account, subscription or document that never end: what was agreed once stays for ever."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject

_SINGLE = ("account.id", "subscription.id")


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for rule in subject.conditional:
        if rule.effective.until is not None:
            continue
        for clause in rule.clauses:
            single = clause.field in _SINGLE or clause.field.endswith(".number")
            members = clause.words
            if single and members is not None and members.names and not members.complement:
                message = f"`{rule.id}` is for single values of `{clause.field}`, and never ends"
                hint = "add `effective: {from: ..., until: ...}`, or ask for a field that says why they differ"
                yield Finding(message, subject.clause_at(rule, clause), hint)


LINT = Lint("one-off-without-end", "hint", "dates", _check)
