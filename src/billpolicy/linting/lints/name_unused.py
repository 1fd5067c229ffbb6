"""Names that a policy declares and that neither it nor the data use."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import DEFAULT_SET, Setting

_NEEDED = ("sequence_set", "payment_term")
"""Attributes that no policy can do without."""


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    used = _said(subject).union(subject.words or ())
    for what, name, at in _declared(subject):
        if name not in used:
            message = f"neither this policy nor the data that were given use the {what} `{name}`"
            yield Finding(message, at, "remove it, unless it is for what is still to come")


def _said(subject: Subject) -> set[str]:
    """Every name that the policy decides, compares or falls back to."""
    policy = subject.policy
    said = {DEFAULT_SET, *_NEEDED, *policy.defaults, *policy.defaults.values()}
    for by in policy.defaults_by.values():
        said.update((by.by.rpartition(".")[2], *by.values.values()))
    outcomes = [rule.outcome for rule in policy.base.values()]
    outcomes += [outcome for rule in policy.exceptions for outcome in rule.then.values()]
    said.update(str(outcome.value) for outcome in outcomes if isinstance(outcome, Setting))
    for rule in policy.conditional:
        for clause in rule.clauses:
            said.add(clause.field.rpartition(".")[2])
            for values in (values for box in clause.boxes for values in box.values()):
                said.update(str(name) for name in getattr(values.members, "names", ()))
    return said


def _declared(subject: Subject) -> Iterator[tuple[str, str, Position]]:
    for file, tree in subject.files:
        for section, what in (
            ("payment_terms", "payment term"),
            ("sequence_sets", "sequence set"),
            ("tax_rates", "tax code"),
            ("attributes", "attribute"),
        ):
            for name in getattr(file, section):
                yield what, name, tree.at(section, name, key=True)
        for field in file.fields:
            yield "field", field.partition(".")[2], tree.at("fields", field, key=True)
        for category, codes in file.reason_codes.items():
            for index, code in enumerate(codes):
                yield "reason code", code, tree.at("reason_codes", category, index)


LINT = Lint("name-unused", "hint", "names", _check, needs_data=True)
