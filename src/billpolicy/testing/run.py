"""Running policy tests: each operation is planned on the book that those before it leave, as `plan` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.proven import load_proven
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.chain import plan_operation
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.testing.expected import unexpectable
from billpolicy.testing.hits import Taken, Watched
from billpolicy.testing.match import Mismatch, mismatches
from billpolicy.testing.model import Case, TestFile


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one test."""

    case: Case
    plans: Mapping[str, Plan] = field(default_factory=dict)
    """Id of an operation that was planned -> its plan."""
    mismatches: tuple[Mismatch, ...] = ()
    taken: tuple[Taken, ...] = ()
    """Of each version of the policy what it was asked, and what decided."""

    @property
    def skipped(self) -> bool:
        """Whether it was not run, as it says itself."""
        return self.case.skip is not None

    @property
    def failed(self) -> bool:
        """Whether something is not as expected."""
        return bool(self.mismatches)


@dataclass(frozen=True, eq=False)
class FileResult:
    """What came of the tests of one file, under the policy that they are about."""

    file: TestFile
    policy: Versions
    results: tuple[Result, ...]


@dataclass(frozen=True, eq=False)
class TestRun:
    """What came of tests."""

    files: tuple[FileResult, ...]

    __test__ = False

    @property
    def results(self) -> tuple[Result, ...]:
        """All of them."""
        return tuple(result for file in self.files for result in file.results)


def run_case(policy: Versions, case: Case) -> Result:
    """Run one test, whether it is to be skipped or not."""
    book = case.book
    plans: dict[str, Plan] = {}
    wrong: list[Mismatch] = []
    for asked in case.operations:
        id = asked.request.id
        plan: Plan | None = None
        refused: Sequence[Diagnostic] = ()
        try:
            plan, book = plan_operation(policy, book, asked, case.today or asked.request.date)  # type: ignore[arg-type]
            plans[id] = plan
        except Refused as problems:
            refused = problems.diagnostics
        expectation = case.expected.get(id)
        if expectation is not None:
            wrong += mismatches(id, expectation, plan, refused)
        elif refused:
            wrong.append(_must_not_be_refused(asked, refused))
    return Result(case, plans, tuple(wrong))


def _must_not_be_refused(asked: Instruction, refused: Sequence[Diagnostic]) -> Mismatch:
    codes = ", ".join(sorted({problem.code for problem in refused}))
    return Mismatch(
        asked.request.id, "", asked.at(), "that it is done", f"it is refused: {codes}", refused=tuple(refused)
    )


def policy_of(file: TestFile, engine: EngineName = "python") -> Versions:
    """The policy that a file of tests is about. Raises `Refused` with every mistake in it."""
    return Versions(Resolver(load_proven(path), engine) for path in file.policies)


def run_tests(
    files: Iterable[TestFile],
    policy: Versions | None = None,
    *,
    engine: EngineName = "python",
    chosen: Callable[[Case], bool] = lambda case: True,
    watch: Callable[[Sequence[Case]], Iterable[Case]] = iter,
) -> TestRun:
    """Run the chosen tests of these files, each under the policy that its file names, or all under `policy`.

    `watch` may show how far it is. Raises `Refused`, before any test is run, for a policy that is not sound and for
    whatever cannot be expected at all.
    """
    known: dict[tuple[Path, ...], Versions] = {}
    about: list[tuple[TestFile, Versions, list[Case]]] = []
    problems: list[Diagnostic] = []
    for file in expect_each(files, TestFile, "`files` must be what `load_tests` gives, in a list"):
        try:
            versions = policy or known.get(file.policies) or policy_of(file, engine)
        except Refused as refused:
            problems += refused.diagnostics
            continue
        known[file.policies] = versions
        cases = [case for case in file.cases if chosen(case)]
        problems += (problem for case in cases for problem in _unexpectable(versions, case))
        about.append((file, versions, cases))
    if problems:
        raise Refused(problems)
    every = [case for _, _, cases in about for case in cases]
    watched = {versions: Watched(versions) for _, versions, _ in about}
    under = {case: watched[versions] for _, versions, cases in about for case in cases}
    results = {case: _watched(under[case], case) for case in watch(every)}
    return TestRun(
        tuple(FileResult(file, versions, tuple(results[case] for case in cases)) for file, versions, cases in about)
    )


def about_rule(run: TestRun, rule: str) -> TestRun:
    """Only the tests that name a rule, or in which it decided."""
    expect(run, TestRun, "`run` must be what `run_tests` gives")
    return TestRun(
        tuple(
            replace(file, results=tuple(result for result in file.results if _is_about(result, rule)))
            for file in run.files
        )
    )


def _is_about(result: Result, rule: str) -> bool:
    if any(hit.rule == rule for taken in result.taken for hit in taken.hits):
        return True
    return any(_names(expectation.data, rule) for expectation in result.case.expected.values())


def _names(data: Any, rule: str) -> bool:
    """Whether an expectation, or a part of it, names a rule."""
    if isinstance(data, Mapping):
        said = data.get("rule") == rule or rule in (data.get("follow_ups") or ())
        return said or any(_names(value, rule) for value in data.values())
    return isinstance(data, list) and any(_names(value, rule) for value in data)


def _watched(watched: Watched, case: Case) -> Result:
    if case.skip is not None:
        return Result(case)
    return replace(run_case(watched.policy, case), taken=watched.taken())


def _unexpectable(policy: Versions, case: Case) -> Iterator[Diagnostic]:
    for asked in case.operations:
        expectation = case.expected.get(asked.request.id)
        if expectation is not None:
            yield from unexpectable(expectation.tree, asked.request.operation, policy.policies)
