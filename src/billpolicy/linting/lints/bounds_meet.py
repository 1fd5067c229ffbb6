"""Two bounds that leave one value."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for written in subject.written:
        for field, constraint in written.text.when.items():
            bounds = dict(constraint.operators)
            if "at_least" in bounds and bounds.get("at_most") == bounds["at_least"]:
                [value] = bounds["at_least"]
                message = f"these bounds leave only one value of `{field}`"
                yield Finding(message, written.at("when", field), f"write `{value}` alone, if that is what is meant")


LINT = Lint("bounds-meet", "hint", "conditions", _check)
