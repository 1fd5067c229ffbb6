"""Folders of policy without a test: a change is seen by nobody before it is posted."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    folder = subject.path
    # A single file may be one of many in a folder, or the policy of an example: nothing is asked of it.
    if folder.is_dir() and not any(folder.rglob("*.test.y*ml")):
        message = "this policy has no tests"
        hint = "add one beside it, like `disputes.test.yaml`"
        yield Finding(message, Position(subject.policy.position.file), hint)


LINT = Lint("policy-without-tests", "hint", "layers", _check)
