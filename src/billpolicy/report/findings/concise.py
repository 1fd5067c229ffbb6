"""One line for each finding, and one for its hint: for editors that open `file:line:column`, and for `grep`."""

from __future__ import annotations

from billpolicy.report.findings.formats import Found


def report(found: Found) -> str:
    """`file:line:column: severity: message [code]`."""
    return "".join(f"{diagnostic}\n" for diagnostic in found.diagnostics)
