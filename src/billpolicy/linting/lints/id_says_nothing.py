"""Ids of rules that only count: explanations, plans and tests name a rule by its id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject

_NOTHING = re.compile(
    r"(my|new|old|a|the)?[-_ ]?(rule|exception|follow[-_ ]?up|policy|case|test|temp|tmp|todo|untitled|change|id|x|e|r)?"
    r"[-_ #.]?\d*",
    re.IGNORECASE,
)


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for written in subject.written:
        id = written.text.id
        if _NOTHING.fullmatch(id):
            message = f"the id `{id}` does not say what the rule is for"
            hint = "name what it does and for whom, like `german-disputes-bill-the-subscription-contact`"
            yield Finding(message, written.at("id"), hint)


LINT = Lint("id-says-nothing", "hint", "names", _check)
