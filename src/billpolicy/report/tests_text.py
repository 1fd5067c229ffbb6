"""What came of policy tests, as text for a terminal; and a first test, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billpolicy.diagnostics.sentences import any_of, counted
from billpolicy.diagnostics.visible import visible
from billpolicy.report.explanation_text import decisions_text
from billpolicy.report.results import Place
from billpolicy.report.tests import (
    Mistake,
    Uncovered,
    coverage_report,
    explanation_of,
    mutation_report,
    report_of,
)
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.yaml_text import yaml_lines, yaml_scalar
from billpolicy.testing.coverage import Coverage
from billpolicy.testing.match import Mismatch
from billpolicy.testing.mutation import Mutation
from billpolicy.testing.run import FileResult, Result, TestRun
from billpolicy.testing.scaffold import FirstTest


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
    return in_lines([*lines, *([""] if lines[-1:] != [""] else []), total_text(run)])


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
    yield from wrapped(f"      {'expected':<9}", f"{what_differs(one)}{one.expected}")
    yield from wrapped(f"      {'actual':<9}", one.actual)
    for problem in one.refused:
        yield from wrapped("      ", f"{problem.message} [{problem.code}]")
    explanation = explanation_of(file, one)
    if explanation is not None:
        yield from (f"    {line}".rstrip() for line in decisions_text(explanation).splitlines())


def what_differs(one: Mismatch) -> str:
    """The name of what is not as expected, with a colon; nothing of a whole operation."""
    return f"{one.what}: " if one.what else ""


def coverage_text(found: Coverage) -> str:
    """How much is covered, and what is not, line by line."""
    report = coverage_report(found)
    lines = wrapped(
        "", f"coverage of {report.policy}: {report.covered} of {report.ways} ways to decide, {report.percent} %"
    )
    for one in report.uncovered:
        lines += [f"  {_place_text(one.position)}", *wrapped("    ", one.rule), *wrapped("      ", never_seen(one))]
    return in_lines(lines)


def never_seen(one: Uncovered) -> str:
    """What no test has seen of a line."""
    if not one.levels and not one.exhausted:
        return "no test sees it decide"
    parts = [f"takes the value from {any_of(one.levels)}"] if one.levels else []
    parts += ["comes to the end of the chain without a value"] if one.exhausted else []
    return f"no test {' or '.join(parts)}"


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
        lines += wrapped("      ", for_example(one))
    for one in report.unproven:
        lines += [f"  {_place_text(one.position)}", *wrapped("    ", f"{one.rule}: {one.mistake}")]
        lines += wrapped("      ", "no test notices it, and it cannot be proven whether one could")
    return in_lines(lines)


def for_example(one: Mistake) -> str:
    """That no test notices a mistake, and facts for which something comes out otherwise."""
    facts = ", ".join(f"{fact} is {value}" for fact, value in one.facts.items())
    told = f"no test of {one.operation} notices it"
    if one.follow_up:
        told = f"no test notices whether {one.operation} follows"
    return told + (f", like one where {facts}" if facts else "")


def _place_text(place: Place) -> str:
    return visible(place.file) + (f":{place.line}" if place.line else "")


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
    of = [] if policy is None else [f"policy: {yaml_scalar(policy)}"]
    lines = ["# What the policy does now. Is it what is meant?", *of]
    return in_lines([*lines, "tests:", *yaml_lines([test], 2)])
