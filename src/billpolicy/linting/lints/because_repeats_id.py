"""Reasons that say what the id says already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for written in subject.written:
        id = written.text.id
        because = written.text.because
        if because is not None and _words(because) == _words(id):
            message = f"the reason of `{id}` only repeats its id"
            yield Finding(message, written.at("because"), "say why: a ticket, a contract, who decided it")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("_", " "))


LINT = Lint("because-repeats-id", "hint", "reasons", _check)
