"""A Code Quality report, which GitLab shows in merge requests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found
from billpolicy.report.findings.paths import path_in_repository

_SEVERITY = {"error": "major", "warning": "minor", "hint": "info"}


def report(found: Found) -> str:
    """A list of issues. GitLab wants a path: what has no place is shown at the file that the command was given."""
    seen: Counter[str] = Counter()
    nowhere = Position(found.subject or ".")
    issues = [_issue(one, one.position or nowhere, found, seen) for one in found.diagnostics]
    return json.dumps(issues, indent=2) + "\n"


def _issue(one: Diagnostic, at: Position, found: Found, seen: Counter[str]) -> dict[str, Any]:
    path = visible(path_in_repository(at.file, found.sources))
    begin = {"line": max(at.line, 1), "column": max(at.column, 1)}
    # The specification of Code Climate counts the last character in.
    end = {"line": at.end_line, "column": max(at.end_column - 1, 1)} if at.end_line else begin
    hint = f" ({visible(one.hint)})" if one.hint else ""
    return {
        "check_name": one.code,
        "description": f"{visible(one.message)}{hint}",
        "severity": _SEVERITY[one.severity],
        "fingerprint": _fingerprint(f"{path}\n{one.code}\n{one.message}", seen),
        "location": {"path": path, "positions": {"begin": begin, "end": end}},
    }


def _fingerprint(told: str, seen: Counter[str]) -> str:
    """The same finding keeps its fingerprint when lines above it change; the second of a kind has another one."""
    seen[told] += 1
    return hashlib.sha256(f"{told}\n{seen[told]}".encode("utf-8", "backslashreplace")).hexdigest()
