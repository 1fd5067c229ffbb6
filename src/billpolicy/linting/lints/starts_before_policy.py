"""Rules that begin before their policy does: until then they are not in force, whatever they say."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import ALWAYS


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    begins = subject.policy.effective.from_
    for rule in subject.conditional:
        if rule.effective != ALWAYS and rule.effective.from_ < begins:
            since = f"begins on {rule.effective.from_}, before this policy does"
            message = f"`{rule.id}` {since}: it is in force only from {begins} on"
            hint = f"write `from: {begins}`, or let the policy begin earlier"
            yield Finding(message, subject.texts[rule.id].at("effective", "from"), hint)


LINT = Lint("starts-before-policy", "hint", "dates", _check)
