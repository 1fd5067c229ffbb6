"""What came of policy tests: as data, as text for a terminal, and as findings at their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any, Literal

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import visible
from billpolicy.report.explain import explain_decision, facts_in_words
from billpolicy.report.explanation import Explanation
from billpolicy.report.explanation_text import decisions_text
from billpolicy.report.results import Finding, Place, findings, place_of
from billpolicy.report.texts import counted, wrapped
from billpolicy.source.record import record
from billpolicy.source.yaml_text import yaml_lines
from billpolicy.testing.coverage import Coverage, Line
from billpolicy.testing.hits import DECIDES, EXHAUSTED
from billpolicy.testing.match import Mismatch
from billpolicy.testing.mutants import Mutant
from billpolicy.testing.mutation import Mutation, Survivor
from billpolicy.testing.run import FileResult, Result, TestRun
from billpolicy.testing.scaffold import FirstTest
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
class Uncovered:
    """A line of a policy that decides in a way that no test has seen."""

    rule: str
    """`credit_memo_from_invoice.bill_to_contact`, `every_operation.allocation`, or an exception or follow-up."""
    position: Place
    levels: tuple[str, ...] = ()
    """Of a chain, those that no test takes a value from."""
    exhausted: bool = False
    """Of a chain, whether no test sees it come to its end without a value."""


@record
class CoverageReport:
    """How much of a policy its tests have seen decide."""

    policy: str
    ways: int
    """Settings and follow-ups, each level of each chain, and each chain that can come to its end without a value."""
    covered: int
    percent: int
    """Rounded down: 100 only if nothing is uncovered."""
    uncovered: tuple[Uncovered, ...]


@record
class Mistake:
    """A mutant: a line of a policy with a small mistake in it."""

    rule: str
    position: Place
    mistake: str
    """In words: ``bill_to_contact`: `invoice` and `account` swapped`."""
    operation: str | None = None
    """One of which something comes out otherwise."""
    facts: dict[str, str] = field(default_factory=dict)
    """For which, for example."""
    follow_up: bool = False
    """Whether it is about what follows, and not about what is decided."""


@record
class MutationReport:
    """What became of the mutants of a policy."""

    policy: str
    mutants: int
    noticed: int
    """By a test."""
    refused: int
    """By `validate`, and not by any test."""
    equivalent: int
    """The same comes out, which is proven."""
    survived: tuple[Mistake, ...]
    unproven: tuple[Mistake, ...]
    """That no test notices, and of which it cannot be told whether anything comes out otherwise."""


@record
class TestReport:
    """What `test` answers."""

    tests: int
    passed: int
    failed: int
    skipped: int
    files: tuple[TestedFile, ...]
    coverage: tuple[CoverageReport, ...] = ()
    mutation: tuple[MutationReport, ...] = ()

    __test__ = False


def report_of(run: TestRun, covered: Sequence[Coverage] = (), mutated: Sequence[Mutation] = ()) -> TestReport:
    """What came of tests, as data."""
    results = run.results
    return TestReport(
        tests=len(results),
        passed=sum(not (one.failed or one.skipped) for one in results),
        failed=sum(one.failed for one in results),
        skipped=sum(one.skipped for one in results),
        files=tuple(_file(one) for one in run.files),
        coverage=tuple(map(coverage_report, covered)),
        mutation=tuple(map(mutation_report, mutated)),
    )


def coverage_report(found: Coverage) -> CoverageReport:
    """What is covered of one policy, as data."""
    by_line: dict[Line, list[str]] = {}
    for way in found.uncovered:
        by_line.setdefault(way.line, []).append(way.how)
    return CoverageReport(
        policy=found.policy.name,
        ways=found.count,
        covered=found.covered,
        percent=found.percent,
        uncovered=tuple(
            Uncovered(
                rule=line.name,
                position=place_of(line.position),
                levels=tuple(how for how in hows if how not in (DECIDES, EXHAUSTED)),
                exhausted=EXHAUSTED in hows,
            )
            for line, hows in by_line.items()
        ),
    )


def mutation_report(found: Mutation) -> MutationReport:
    """What became of the mutants of one policy, as data."""
    survived = tuple(_mistake(found, one.mutant, one) for one in found.survived)
    unproven = tuple(_mistake(found, one) for one in found.unproven)
    return MutationReport(
        policy=found.policy.name,
        mutants=found.noticed + found.refused + found.equivalent + len(survived) + len(unproven),
        noticed=found.noticed,
        refused=found.refused,
        equivalent=found.equivalent,
        survived=survived,
        unproven=unproven,
    )


def _mistake(found: Mutation, mutant: Mutant, survivor: Survivor | None = None) -> Mistake:
    facts: dict[str, str] = {}
    if survivor is not None and survivor.difference is not None:
        spec = VOCABULARY[survivor.operation]
        events = [
            one.fields for one in spec.follows if mutant.follow_up is not None and one.name == mutant.follow_up[0]
        ]
        fields = (*spec.fields, *(each for one in events for each in one), *found.policy.fields.values())
        facts = facts_in_words(survivor.difference.facts, {each.name: each for each in fields})
    return Mistake(
        rule=mutant.line.name,
        position=place_of(mutant.line.position),
        mistake=mutant.what,
        operation=None if survivor is None else survivor.operation,
        facts=facts,
        follow_up=mutant.follow_up is not None,
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
        told: list[str] = []
        for result in file.results:
            told += _result_text(file, result, every)
        failed = any(result.failed for result in file.results)
        lines += [*_headed(file), *([""] if failed else []), *told, *([""] if told and told[-1] else [])]
    return "\n".join([*lines, *([""] if lines[-1:] != [""] else []), total_text(run)]) + "\n"


def total_text(run: TestRun) -> str:
    """`14 tests: 12 passed, 1 failed, 1 skipped`."""
    report = report_of(run)
    counts = [f"{report.passed} passed", *([f"{report.failed} failed"] if report.failed else [])]
    counts += [f"{report.skipped} skipped"] if report.skipped else []
    return f"{counted(report.tests, 'test')}: {', '.join(counts)}"


def _headed(file: FileResult) -> list[str]:
    names = ", ".join(policy.name for policy in file.policy.policies)
    told = f"{visible(str(file.file.path))}: policy {visible(names)}, {counted(len(file.results), 'test')}"
    first, *others = wrapped("", told)
    return [first, *(f"  {line}" for line in others)]


def _result_text(file: FileResult, result: Result, every: bool) -> Iterator[str]:
    name = result.case.name
    if result.skipped:
        yield from wrapped("  skipped  ", f"{name}: {result.case.skip}")
    elif not result.failed:
        if every:
            yield from wrapped("  passed   ", name)
    else:
        yield from wrapped("  FAILED   ", name)
        for one in result.mismatches:
            yield from difference_text(file, result, one)
        yield ""


def difference_text(file: FileResult, result: Result, one: Mismatch) -> Iterator[str]:
    """One thing that is not as expected: where, what, and how exactly that came about."""
    several = f", {one.operation}" if len(result.case.operations) > 1 else ""
    yield from wrapped("    ", f"{one.position}{several}")
    yield from wrapped(f"      {'expected':<9}", f"{_what(one)}{one.expected}")
    yield from wrapped(f"      {'actual':<9}", one.actual)
    for problem in one.refused:
        yield from wrapped("      ", f"{problem.message} [{problem.code}]")
    explanation = _explanation(file, one)
    if explanation is not None:
        yield from (f"    {line}".rstrip() for line in decisions_text(explanation).splitlines())


def _what(one: Mismatch) -> str:
    return f"{one.what}: " if one.what else ""


def coverage_text(found: Coverage) -> str:
    """How much is covered, and what is not, line by line."""
    report = coverage_report(found)
    lines = wrapped(
        "", f"coverage of {report.policy}: {report.covered} of {report.ways} ways to decide, {report.percent} %"
    )
    for one in report.uncovered:
        lines += [f"  {_place_text(one.position)}", *wrapped("    ", one.rule), *wrapped("      ", _never(one))]
    return "\n".join(lines) + "\n"


def _never(one: Uncovered) -> str:
    """What no test has seen of a line."""
    if not one.levels and not one.exhausted:
        return "no test sees it decide"
    parts = [f"takes the value from {_or(one.levels)}"] if one.levels else []
    parts += ["comes to the end of the chain without a value"] if one.exhausted else []
    return f"no test {' or '.join(parts)}"


def _or(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names)


def mutation_text(found: Mutation) -> str:
    """How many mutants were noticed, and those that no test notices, each with the mistake in words."""
    report = mutation_report(found)
    counts = [f"{report.noticed} noticed", f"{len(report.survived)} survive"]
    counts += [f"{report.refused} refused by `validate`"] if report.refused else []
    counts += [f"{report.equivalent} change nothing, which is proven"] if report.equivalent else []
    counts += [f"{len(report.unproven)} unproven"] if report.unproven else []
    lines = wrapped("", f"mutants of {report.policy}: {report.mutants} tried, {', '.join(counts)}")
    for one in report.survived:
        lines += [f"  {_place_text(one.position)}", *wrapped("    ", f"{one.rule}: {one.mistake}")]
        lines += wrapped("      ", _example(one))
    for one in report.unproven:
        lines += [f"  {_place_text(one.position)}", *wrapped("    ", f"{one.rule}: {one.mistake}")]
        lines += wrapped("      ", "no test notices it, and it cannot be proven whether one could")
    return "\n".join(lines) + "\n"


def _example(one: Mistake) -> str:
    facts = ", ".join(f"{fact} is {value}" for fact, value in one.facts.items())
    told = f"no test of {one.operation} notices it"
    if one.follow_up:
        told = f"no test notices whether {one.operation} follows"
    return told + (f", like one where {facts}" if facts else "")


def _place_text(place: Place) -> str:
    return visible(place.file) + (f":{place.line}" if place.line else "")


# -- a first test --------------------------------------------------------------------------------------------------


def first_test_text(found: FirstTest, policy: str | None) -> str:
    """A file with one test. `policy`: how it is named from there; None where it is the folder of the file itself."""
    *before, last = found.operations
    today = found.today.isoformat()
    test: dict[str, Any] = {"name": found.name}
    if any(one.get("date") != today for one in found.operations):
        test["today"] = today
    test["book"] = found.book
    if before:
        test |= {"operations": found.operations, "expect": {last["id"]: found.expect}}
    else:
        test |= {"operation": last, "expect": found.expect}
    lines = ["# What the policy does now. Is it what is meant?", *([] if policy is None else [f"policy: {policy}"])]
    return "\n".join([*lines, "tests:", *yaml_lines([test], 2)]) + "\n"


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


def uncovered(found: Coverage, threshold: int | None = None) -> list[Diagnostic]:
    """What no test sees decide, each at its place; and whether it is too much."""
    lines = dict.fromkeys(way.line for way in found.uncovered)
    told = [
        Diagnostic("rule-uncovered", f"`{line.name}`: {_never(one)}", line.position, _COVER, severity="warning")
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
        told.append(Diagnostic("mutant-survived", message, survivor.mutant.line.position, _example(one)))
    for mutant in found.unproven:
        message = f"no test notices this mistake in `{mutant.line.name}`, if it is one: {mutant.what}"
        hint = "the conditions overlap in too many ways to prove whether anything comes out otherwise"
        told.append(Diagnostic("mutant-unproven", message, mutant.line.position, hint, severity="warning"))
    return told
