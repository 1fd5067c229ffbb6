"""What `analyze` answers beside its findings: what holds of a policy, and books that show what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billpolicy.analysis.analyse import Analysis
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.report.results import Finding, Period, findings, period_of
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record
from billpolicy.witness.witness import Witness


@record
class WitnessReport:
    """A book and operations that show a finding: as a file, every command takes them in the place of OPERATIONS."""

    code: str
    message: str
    witness: dict[str, Any]


@record
class AnalysisReport:
    """What is proven of one policy."""

    policy: str
    in_force: Period
    digest: str
    proven: tuple[str, ...]
    """What holds over all facts and days."""
    diagnostics: tuple[Finding, ...]
    witnesses: tuple[WitnessReport, ...] = ()


@record
class AnalysesReport:
    """What `analyze` says of one policy or several."""

    policies: tuple[AnalysisReport, ...]
    diagnostics: tuple[Finding, ...] = ()
    """Of policies that could not be analysed, and of all of them together."""


def analysis_report(
    analysis: Analysis, told: Sequence[Diagnostic], witnesses: Sequence[tuple[Diagnostic, Witness]]
) -> AnalysisReport:
    """`told`: the findings that are told of it."""
    policy = analysis.policy
    return AnalysisReport(
        policy=policy.name,
        in_force=period_of(policy.effective),
        digest=policy.digest,
        proven=analysis.proven,
        diagnostics=findings(told),
        witnesses=tuple(
            WitnessReport(code=found.code, message=found.message, witness=shown.data()) for found, shown in witnesses
        ),
    )


def analysis_text(analysis: Analysis) -> str:
    """What holds, a line each."""
    lines = [f"policy {analysis.policy.name}: proven of it"]
    for sentence in analysis.proven:
        lines += wrapped("  - ", sentence)
    return in_lines(lines)
