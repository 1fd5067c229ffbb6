"""Rules without a reason: whoever changes one later cannot know what it was for."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    hint = "add `because: ...`: a ticket, a contract, who decided it; explanations show it"
    for written in subject.written:
        id = written.text.id
        if written.text.because is None:
            yield Finding(f"`{id}` does not say why", written.at("id"), hint)
    if subject.below is None:
        return  # a policy that stands on nothing differs from nothing
    told = set()
    for rule in subject.base:
        before = subject.below.base.get((rule.operation, rule.key))
        if rule.because is None and rule.position not in told and (before is None or before.outcome != rule.outcome):
            told.add(rule.position)
            message = f"`{rule.key}` is decided otherwise than in the base policy, and does not say why"
            yield Finding(message, rule.position, hint)


LINT = Lint("because-missing", "warning", "reasons", _check)
