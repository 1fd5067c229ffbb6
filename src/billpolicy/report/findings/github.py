"""Workflow commands of GitHub Actions: printed by a step, each becomes an annotation at its line of the change."""

from __future__ import annotations

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found
from billpolicy.report.findings.paths import path_in_repository

_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def report(found: Found) -> str:
    """One command a line: `::error file=…,line=…,title=…::message`."""
    return "".join(_command(one, found) for one in found.diagnostics)


def _command(one: Diagnostic, found: Found) -> str:
    fields: list[tuple[str, str | int]] = []
    at = one.position
    if at is not None:
        fields.append(("file", visible(path_in_repository(at.file, found.sources))))
        if at.line:
            fields += [("line", at.line), ("col", max(at.column, 1))]
        if at.end_line:
            fields.append(("endLine", at.end_line))
        if at.end_line and at.end_line == at.line:  # GitHub takes columns within one line only
            fields.append(("endColumn", at.end_column))
    fields.append(("title", f"billpolicy {one.code}"))
    told = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in fields)
    hint = f"\n{visible(one.hint)}" if one.hint else ""
    return f"::{_COMMANDS[one.severity]} {told}::{_escaped(visible(one.message) + hint)}\n"


def _escaped(text: str, also: str = "") -> str:
    """What would end a field or the line is written as GitHub's toolkit does it: `%` and two digits."""
    for character in f"%\r\n{also}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
