"""A Code Quality report, which GitLab shows in merge requests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found

_SEVERITY = {"error": "major", "warning": "minor"}


def report(found: Found) -> str:
    """A list of issues. What stands in no file is shown at the root of the checkout, as GitLab wants a path."""
    seen: Counter[str] = Counter()
    return json.dumps([_issue(one, seen) for one in found.diagnostics], indent=2) + "\n"


def _issue(one: Diagnostic, seen: Counter[str]) -> dict[str, Any]:
    at = one.position
    path = visible(at.file) if at is not None else "."
    begin = {"line": max(at.line, 1), "column": max(at.column, 1)} if at is not None else {"line": 1, "column": 1}
    end = {"line": at.end_line, "column": at.end_column} if at is not None and at.end_line else begin
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
