"""Findings as JSON, by the schema `diagnostics`."""

from __future__ import annotations

from billpolicy.report.findings.formats import Found
from billpolicy.report.results import Findings, findings
from billpolicy.source.write import to_json


def report(found: Found) -> str:
    """An object with `diagnostics`."""
    return to_json(Findings(diagnostics=findings(found.diagnostics)))
