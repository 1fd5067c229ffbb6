"""SARIF 2.1.0, the format of OASIS for what analysers find: GitHub and Azure DevOps show it, editors open it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from billpolicy import __version__
from billpolicy.catalogue.entry import entry
from billpolicy.catalogue.page import page
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found
from billpolicy.report.findings.paths import path_in_repository

_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def report(found: Found) -> str:
    """A log with one run; its rules are the codes that were found, each with its page of the catalogue."""
    codes = sorted({one.code for one in found.diagnostics})
    run = {
        "tool": {"driver": {"name": "billpolicy", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes, found) for one in found.diagnostics],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    found = entry(code)
    if found is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": found.text.sentence},
        "fullDescription": {"text": " ".join(found.text.why.split())},
        "help": {"text": page(found), "markdown": page(found)},
        "defaultConfiguration": {"level": _LEVELS[found.text.severity]},
    }


def _result(one: Diagnostic, codes: Sequence[str], found: Found) -> dict[str, Any]:
    hint = f"\nHint: {visible(one.hint)}" if one.hint else ""
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": codes.index(one.code),
        "level": _LEVELS[one.severity],
        "message": {"text": visible(one.message) + hint},
    }
    at = one.position or (None if found.subject is None else Position(found.subject))
    if at is not None:
        result["locations"] = [{"physicalLocation": _location(at, found)}]
    return result


def _location(at: Position, found: Found) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(path_in_repository(at.file, found.sources))}}
    if at.line:
        region = {"startLine": at.line, "startColumn": max(at.column, 1)}
        if at.end_line:
            region |= {"endLine": at.end_line, "endColumn": at.end_column}
        location["region"] = region
    return location


def _uri(file: str) -> str:
    """A path in the repository stays one: whoever shows it knows where the checkout is."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
