"""What `lint` answers beside its findings: how many there are, and what of them can be mended."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.linting.fixes import Fixed
from billpolicy.linting.registry import LINTS
from billpolicy.report.results import Finding, findings
from billpolicy.source.files import Place
from billpolicy.source.record import record


@record
class LintReport:
    """What `lint` says of one policy or several."""

    policies: tuple[str, ...]
    """As they were given."""
    refused: tuple[str, ...] = ()
    """Those that are not right, or whose settings are not: nothing more was looked for in them."""
    mendable: int
    """How many findings `--fix` would mend."""
    mended: int
    """How many were mended in this run; they are no longer among the findings."""
    not_looked_for: tuple[str, ...] = ()
    """Codes of lints that need `--data`."""
    diagnostics: tuple[Finding, ...]


def lint_report(
    policies: Sequence[Place],
    refused: Sequence[Place],
    found: Iterable[Diagnostic],
    fixes: Iterable[Fixed],
    *,
    fixed: bool,
    with_data: bool,
) -> LintReport:
    """What is answered. `fixed`: whether the fixes were done."""
    count = sum(one.edits for one in fixes)
    return LintReport(
        policies=tuple(str(policy) for policy in policies),
        refused=tuple(str(policy) for policy in refused),
        mendable=0 if fixed else count,
        mended=count if fixed else 0,
        not_looked_for=() if with_data else tuple(one.code for one in LINTS if one.needs_data),
        diagnostics=findings(in_order(found)),
    )


def lint_text(report: LintReport) -> str:
    """One line for all, and one for what could not be told."""
    policies = "1 policy" if len(report.policies) == 1 else f"{len(report.policies)} policies"
    counts = Counter(one.severity for one in report.diagnostics)
    told = [
        f"{counts[one]} {one}{'s' if counts[one] > 1 else ''}" for one in ("error", "warning", "hint") if counts[one]
    ]
    if report.refused:
        policies = f"{len(report.policies) - len(report.refused)} of {policies}"
    text = f"{policies} linted: {', '.join(told) or 'nothing found'}"
    if report.mended:
        text += f"; {report.mended} mended"
    if report.mendable:
        text += f"; {report.mendable} can be mended by --fix"
    if report.not_looked_for and len(report.refused) < len(report.policies):
        text += f"\nnot looked for without --data: {', '.join(report.not_looked_for)}"
    return f"{text}\n"


def diff(fixes: Iterable[Fixed]) -> str:
    """What mending changes, as `diff -u` shows it."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for one in fixes
        for line in difflib.unified_diff(
            one.before.splitlines(keepends=True), one.after.splitlines(keepends=True), str(one.path), str(one.path)
        )
    )
