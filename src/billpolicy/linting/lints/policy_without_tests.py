"""Folders of policy without a test: a change is seen by nobody before it is posted."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.source.files import Place
from billpolicy.source.folders import TESTS, below


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    # A single file may be one of many in a folder, or the policy of an example: nothing is asked of it.
    if subject.layers[-1].is_folder and not _has_tests(subject.place):
        message = "this policy has no tests"
        hint = "add one beside it, like `disputes.test.yaml`"
        yield Finding(message, Position(subject.policy.position.file), hint)


def _has_tests(at: Place) -> bool:
    """Whether a file of tests is in the folder, or in one below it."""
    folders = (at.path, *below(at.path, at.files))
    return any(name.endswith(TESTS) for folder in folders for name in at.files.names(folder))


LINT = Lint("policy-without-tests", "hint", "layers", _check)
