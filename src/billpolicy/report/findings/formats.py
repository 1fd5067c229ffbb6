"""The formats of findings. Adding one is one file with a `report`, and its line here."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, in_order

FORMATS = {
    "text": "billpolicy.report.findings.text",
    "json": "billpolicy.report.findings.json",
    "concise": "billpolicy.report.findings.concise",
    "sarif": "billpolicy.report.findings.sarif",
    "junit": "billpolicy.report.findings.junit",
    "github": "billpolicy.report.findings.github",
    "gitlab": "billpolicy.report.findings.gitlab",
}
"""Name -> the module whose `report` takes a `Found` and gives the text, imported when it is used."""
FINDINGS_ONLY = tuple(name for name in FORMATS if name not in ("text", "json"))
"""Formats that can say nothing but what was found: a command's result has none of them."""


class Found(NamedTuple):
    """What one run of a command has found; nothing, where all is well."""

    command: str
    """As it was typed: `ledger check`."""
    diagnostics: tuple[Diagnostic, ...]
    """Each once, in the order of their places."""


def report(format: str, command: str, diagnostics: Iterable[Diagnostic]) -> str:
    """The findings of a command in one of the `FORMATS`."""
    text: str = importlib.import_module(FORMATS[format]).report(Found(command, tuple(in_order(diagnostics))))
    return text
