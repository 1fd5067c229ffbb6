"""What came of policy tests: as data, as text for a terminal, and as findings at their places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import visible
from billpolicy.report.explain import explain_decision
from billpolicy.report.explanation import Explanation
from billpolicy.report.explanation_text import decisions_text
from billpolicy.report.results import Finding, Place, findings, place_of
from billpolicy.report.texts import wrapped
from billpolicy.source.record import record
from billpolicy.testing.match import Mismatch
from billpolicy.testing.run import FileResult, Result, TestRun
from billpolicy.vocabulary.operations import VOCABULARY


@record
class Differing:
    """One thing that is not as expected."""

    operation: str
    """The id of the operation that it is expected of."""
    what: str
    """`bill_to_contact`, `documents[1].amount`; empty where the operation as a whole was to be planned."""
    position: Place
    expected: str
    actual: str
    explanation: Explanation | None = None
    """How the decision came about, where it is one."""
    refused: tuple[Finding, ...] = ()
    """Why the operation was refused, where it was."""


@record
class Tested:
    """One test."""

    name: str
    position: Place
    outcome: Literal["passed", "failed", "skipped"]
    reason: str | None = None
    """Why it was skipped."""
    differences: tuple[Differing, ...] = ()


@record
class TestedFile:
    """The tests of one file."""

    file: str
    policies: tuple[str, ...]
    """The names of the versions of the policy."""
    tests: tuple[Tested, ...]


@record
class TestReport:
    """What `test` answers."""

    tests: int
    passed: int
    failed: int
    skipped: int
    files: tuple[TestedFile, ...]

    __test__ = False


def report_of(run: TestRun) -> TestReport:
    """What came of tests, as data."""
    results = run.results
    return TestReport(
        tests=len(results),
        passed=sum(not (one.failed or one.skipped) for one in results),
        failed=sum(one.failed for one in results),
        skipped=sum(one.skipped for one in results),
        files=tuple(_file(one) for one in run.files),
    )


def _file(found: FileResult) -> TestedFile:
    return TestedFile(
        file=str(found.file.path),
        policies=tuple(policy.name for policy in found.policy.policies),
        tests=tuple(_tested(found, one) for one in found.results),
    )


def _tested(found: FileResult, result: Result) -> Tested:
    return Tested(
        name=result.case.name,
        position=place_of(result.case.position),
        outcome="skipped" if result.skipped else "failed" if result.failed else "passed",
        reason=result.case.skip,
        differences=tuple(
            Differing(
                operation=one.operation,
                what=one.what,
                position=place_of(one.position),
                expected=one.expected,
                actual=one.actual,
                explanation=_explanation(found, one),
                refused=findings(one.refused),
            )
            for one in result.mismatches
        ),
    )


def _explanation(found: FileResult, one: Mismatch) -> Explanation | None:
    decided = one.decided
    if decided is None:
        return None
    return explain_decision(found.policy, VOCABULARY, decided.plan, decided.resolved, decided.key)


# -- as text -------------------------------------------------------------------------------------------------------


def run_text(run: TestRun, *, every: bool = False) -> str:
    """What failed, with the explanation of exactly what differs; what was skipped, and why; and the counts.

    `every`: also what passed.
    """
    lines: list[str] = []
    for file in run.files:
        told = [line for result in file.results for line in _result_text(file, result, every)]
        lines += [_headed(file), *told, *([""] if told else [])]
    return "\n".join([*lines, *([""] if lines[-1:] != [""] else []), total_text(run)]) + "\n"


def total_text(run: TestRun) -> str:
    """`14 tests: 12 passed, 1 failed, 1 skipped`."""
    report = report_of(run)
    counts = [f"{report.passed} passed", *([f"{report.failed} failed"] if report.failed else [])]
    counts += [f"{report.skipped} skipped"] if report.skipped else []
    return f"{report.tests} test{'' if report.tests == 1 else 's'}: {', '.join(counts)}"


def _headed(file: FileResult) -> str:
    names = ", ".join(policy.name for policy in file.policy.policies)
    count = len(file.results)
    return f"{visible(str(file.file.path))}: policy {visible(names)}, {count} test{'' if count == 1 else 's'}"


def _result_text(file: FileResult, result: Result, every: bool) -> Iterator[str]:
    name = result.case.name
    if result.skipped:
        yield from wrapped("  skipped  ", f"{name}: {result.case.skip}")
    elif not result.failed:
        if every:
            yield from wrapped("  passed   ", name)
    else:
        yield ""
        yield from wrapped("  FAILED   ", name)
        for one in result.mismatches:
            yield from _mismatch_text(file, result, one)


def _mismatch_text(file: FileResult, result: Result, one: Mismatch) -> Iterator[str]:
    several = f" of {one.operation}" if len(result.case.operations) > 1 else ""
    yield from wrapped("    ", f"{one.position}")
    yield from wrapped(f"      {'expected':<9}", f"{_what(one)}{one.expected}{several}")
    yield from wrapped(f"      {'actual':<9}", one.actual)
    for problem in one.refused:
        yield from wrapped("      ", f"{problem.message} [{problem.code}]")
    explanation = _explanation(file, one)
    if explanation is not None:
        yield from (f"    {line}".rstrip() for line in decisions_text(explanation).splitlines())


def _what(one: Mismatch) -> str:
    return f"{one.what}: " if one.what else ""


# -- as findings ---------------------------------------------------------------------------------------------------


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
                message = f"the test `{name}` expects {_what(one)}{one.expected}; but it is {actual}"
                found.append(Diagnostic("test-failed", message, one.position, _reason(file, one)))
    return found


def _reason(file: FileResult, one: Mismatch) -> str:
    explanation = _explanation(file, one)
    if explanation is not None:
        (decision,) = explanation.decisions
        because = f": {decision.rule.because}" if decision.rule.because else ""
        return f"`{decision.rule.id}` decides, {decision.rule.file}:{decision.rule.line}{because}"
    if one.refused:
        return one.refused[0].message
    return "mend the policy, or the test if this is meant"
