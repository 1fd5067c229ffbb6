"""Lists of values that name one twice: another one was meant, or one is too many."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for written in subject.written:
        id = written.text.id
        for field, constraint in written.text.when.items():
            for operator, values in constraint.operators:
                for index, value in enumerate(values):
                    if value in values[:index]:
                        message = f"`{id}` names `{value}` twice"
                        at = written.at("when", field, operator, index)
                        yield Finding(message, at, "remove one of the two, or write the one that is meant")


LINT = Lint("value-named-twice", "warning", "conditions", _check)
