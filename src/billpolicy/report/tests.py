"""What came of policy tests, as data: of each test what differs, what is covered, and what became of mutants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

from billpolicy.report.explain import explain_decision, facts_in_words
from billpolicy.report.explanation import Explanation
from billpolicy.report.results import Finding, Place, findings, place_of
from billpolicy.source.record import record
from billpolicy.testing.coverage import Coverage, Line
from billpolicy.testing.hits import DECIDES, EXHAUSTED
from billpolicy.testing.match import Mismatch
from billpolicy.testing.mutants import Mutant
from billpolicy.testing.mutation import Mutation, Survivor
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
                explanation=explanation_of(found, one),
                refused=findings(one.refused),
            )
            for one in result.mismatches
        ),
    )


def explanation_of(found: FileResult, one: Mismatch) -> Explanation | None:
    """How the decision came about that is not as expected, where it is one."""
    decided = one.decided
    if decided is None:
        return None
    return explain_decision(found.policy, VOCABULARY, decided.plan, decided.resolved, decided.key)
