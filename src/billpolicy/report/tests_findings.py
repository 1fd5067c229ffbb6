"""What came of policy tests, as findings: what differs at its place in the test, the rest at the rule."""

from __future__ import annotations

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.report.tests import coverage_report, explanation_of, mutation_report
from billpolicy.report.tests_text import for_example, never_seen, what_differs
from billpolicy.testing.coverage import Coverage
from billpolicy.testing.match import Mismatch
from billpolicy.testing.mutation import Mutation
from billpolicy.testing.run import FileResult, TestRun


def failures(run: TestRun) -> list[Diagnostic]:
    """What is not as expected, and what was skipped, each at its place in the file of tests."""
    found = []
    for file in run.files:
        for result in file.results:
            name = result.case.name
            if result.skipped:
                message = f"the test `{name}` is skipped: {result.case.skip}"
                found.append(Diagnostic("test-skipped", message, result.case.position, severity="warning"))
            for one in result.mismatches:
                actual = one.actual.removeprefix("it is ")
                message = f"the test `{name}` expects {what_differs(one)}{one.expected}; but it is {actual}"
                found.append(Diagnostic("test-failed", message, one.position, _reason(file, one)))
    return found


def _reason(file: FileResult, one: Mismatch) -> str:
    explanation = explanation_of(file, one)
    if explanation is not None:
        (decision,) = explanation.decisions
        because = f": {decision.rule.because}" if decision.rule.because else ""
        return f"`{decision.rule.id}` decides, {decision.rule.file}:{decision.rule.line}{because}"
    if one.refused:
        return one.refused[0].message
    return "mend the policy, or the test if this is meant"


def uncovered(found: Coverage, threshold: int | None = None) -> list[Diagnostic]:
    """What no test sees decide, each at its place; and whether it is too much."""
    lines = dict.fromkeys(way.line for way in found.uncovered)
    told = [
        Diagnostic("rule-uncovered", f"`{line.name}`: {never_seen(one)}", line.position, _COVER, severity="warning")
        for line, one in zip(lines, coverage_report(found).uncovered, strict=True)
    ]
    if threshold is not None and found.percent < threshold:
        message = (
            f"the tests of `{found.policy.name}` cover {found.percent} % of it, and at least {threshold} % is asked for"
        )
        told.append(Diagnostic("coverage-below", message, found.policy.position, _COVER))
    return told


_COVER = "write a test in which it decides; `billpolicy test --coverage` lists what is not covered"


def mistakes(found: Mutation) -> list[Diagnostic]:
    """The mutants that no test notices, each at its place."""
    report = mutation_report(found)
    told = []
    for survivor, one in zip(found.survived, report.survived, strict=True):
        message = f"no test notices this mistake in `{one.rule}`: {one.mistake}"
        told.append(Diagnostic("mutant-survived", message, survivor.mutant.line.position, for_example(one)))
    for mutant in found.unproven:
        message = f"no test notices this mistake in `{mutant.line.name}`, if it is one: {mutant.what}"
        hint = "the conditions overlap in too many ways to prove whether anything comes out otherwise"
        told.append(Diagnostic("mutant-unproven", message, mutant.line.position, hint, severity="warning"))
    return told
