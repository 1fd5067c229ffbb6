"""Ids in other forms than small words with dashes, which is how policies, tests and explanations read best."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for written in subject.written:
        id = written.text.id
        words = re.findall(r"[^\W_]+", id)
        better = "-".join(words).lower()
        if better != id and better:
            message = f"the id `{id}` is not in small words with dashes between them"
            yield Finding(message, written.at("id"), f"write `{better}`, also where `overrides` and tests name it")


LINT = Lint("id-not-kebab-case", "hint", "names", _check)
