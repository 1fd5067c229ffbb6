"""Findings as a table of Markdown, for a comment on a change: what stands in a policy formats and links nothing."""

from __future__ import annotations

from collections import Counter

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.report.findings.formats import Found
from billpolicy.report.findings.paths import path_in_repository
from billpolicy.report.texts import code, escaped

MOST = 50
"""Findings in the table: a comment has no room for hundreds (GitHub takes 65,536 characters), and nobody reads them."""
_LONGEST = 600
"""Characters of a message or hint."""


def report(found: Found) -> str:
    """A heading with what was counted, and a row a finding."""
    counted = Counter(one.severity for one in found.diagnostics)
    counts = [f"{n} {word}{'s' if n > 1 else ''}" for word in ("error", "warning", "hint") if (n := counted[word])]
    heading = f"### {code(f'billpolicy {found.command}'.strip())}: {', '.join(counts) or 'nothing found'}\n"
    if not found.diagnostics:
        return heading
    rows = [_row(one, found) for one in found.diagnostics[:MOST]]
    more = len(found.diagnostics) - MOST
    end = [f"\n… and {more} more, which other formats have.\n"] if more > 0 else []
    return "\n".join([heading, "| | Where | What |", "|---|---|---|", *rows, *end]).rstrip("\n") + "\n"


def _row(one: Diagnostic, found: Found) -> str:
    at, where = one.position, ""
    if at is not None:
        path = path_in_repository(at.file, found.sources)
        where = code(f"{path}:{at.line}" if at.line else path, in_table=True)
    hint = f"<br>{_told(one.hint)}" if one.hint else ""
    return f"| {one.severity} | {where} | {_told(one.message)} {code(f'[{one.code}]')}{hint} |"


def _told(text: str) -> str:
    """What stands between two backticks is code, as the message means it; all else is only words."""
    parts = (text if len(text) <= _LONGEST else text[:_LONGEST] + "…").split("`")
    if len(parts) % 2 == 0:  # one is left over
        return escaped("`".join(parts))
    return "".join(code(part, in_table=True) if at % 2 and part else escaped(part) for at, part in enumerate(parts))
