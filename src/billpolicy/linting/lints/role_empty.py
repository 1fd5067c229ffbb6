"""Roles that nobody has: no condition on them ever holds."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for file, tree in subject.files:
        for role, people in file.roles.items():
            if not people:
                message = f"nobody has the role `{role}`"
                yield Finding(message, tree.at("roles", role, key=True), "list who has it, or remove it")


LINT = Lint("role-empty", "hint", "authority", _check)
