"""Decisions that a layer says just as its base says them, without a reason."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import BaseRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    below = subject.below
    if below is None:
        return
    lines: dict[Position, list[BaseRule]] = {}
    for rule in subject.base:
        lines.setdefault(rule.position, []).append(rule)
    for at, rules in lines.items():
        before = [below.base.get((rule.operation, rule.key)) for rule in rules]
        same = all(old is not None and old.outcome == rule.outcome for rule, old in zip(rules, before, strict=True))
        if same and rules[0].because is None:
            message = f"`{rules[0].key}` is decided so in the base policy already"
            hint = "remove it; to hold on to it even when the base changes, say so in `because`"
            yield Finding(message, at, hint)


LINT = Lint("repeats-base-policy", "hint", "layers", _check)
