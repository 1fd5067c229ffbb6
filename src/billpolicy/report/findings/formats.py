"""The formats of findings. Adding one is one file with a `report`, and its line here."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.source.files import Files

FORMATS = {
    "text": ("billpolicy.report.findings.text", "people: the line of the file, with what is meant underlined"),
    "json": (
        "billpolicy.report.findings.json",
        "programs: in the answer of the command, which has a schema (`billpolicy schema plan`, `diagnostics`, ...)",
    ),
    "concise": (
        "billpolicy.report.findings.concise",
        "editors and `grep`: `file:line:column: severity: message [code]`",
    ),
    "sarif": (
        "billpolicy.report.findings.sarif",
        "code scanning of GitHub and Azure DevOps, SARIF viewers of editors (SARIF 2.1.0)",
    ),
    "junit": ("billpolicy.report.findings.junit", "whatever shows the results of tests"),
    "github": ("billpolicy.report.findings.github", "annotations of GitHub Actions: a step prints them"),
    "gitlab": ("billpolicy.report.findings.gitlab", "the Code Quality report of GitLab"),
    "markdown": ("billpolicy.report.findings.markdown", "a comment on a change"),
}
"""Name -> the module whose `report` takes a `Found` and gives the text, imported when used; and whom it is for."""
FINDINGS_ONLY = tuple(name for name in FORMATS if name not in ("text", "json"))
"""Formats that can say nothing but what was found, unless the result of a command has one of its own by this name."""


class Found(NamedTuple):
    """What one run of a command has found; nothing, where all is well."""

    command: str
    """As it was typed: `ledger check`."""
    diagnostics: tuple[Diagnostic, ...]
    """Each once, in the order of their places."""
    subject: str | None = None
    """The file that the command was given: where a finding is shown that has no place, in formats that want one."""
    sources: Sequence[Files] = ()
    """Where files were read from, beside the disk."""


def report(
    format: str,
    command: str,
    diagnostics: Iterable[Diagnostic],
    subject: str | None = None,
    sources: Sequence[Files] = (),
) -> str:
    """The findings of a command in one of the `FORMATS`."""
    module, _ = FORMATS[format]
    text: str = importlib.import_module(module).report(Found(command, tuple(in_order(diagnostics)), subject, sources))
    return text
