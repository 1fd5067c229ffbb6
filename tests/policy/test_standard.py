"""The tests that stand beside the standard policy pass, cover all of it, and notice every mistake in it."""

from __future__ import annotations

import pytest

import billpolicy
from billpolicy.testing.run import TestRun
from tests.helpers.paths import STANDARD


@pytest.fixture(name="run", scope="module")
def _run() -> TestRun:
    return billpolicy.run_tests(billpolicy.load_tests(file) for file in billpolicy.find_tests(STANDARD))


def test_they_pass(run: TestRun) -> None:
    assert [(result.case.name, result.mismatches) for result in run.results if result.failed or result.skipped] == []


def test_they_see_every_rule_decide_in_every_way(run: TestRun) -> None:
    (covered,) = billpolicy.coverage(run)
    assert (covered.uncovered, covered.percent) == ((), 100)


def test_they_notice_every_mistake(run: TestRun) -> None:
    (mutation,) = billpolicy.mutate(run)
    assert [(one.mutant.line.name, one.mutant.what) for one in mutation.survived] == []
    assert [(one.line.name, one.what) for one in mutation.unproven] == []
    # Nobody could notice whether the term of an invoice or of a debit memo comes first: one of the two was written off.
    assert (mutation.noticed > 200, mutation.equivalent, mutation.refused) == (True, 1, 0)


def test_each_file_of_the_policy_that_decides_something_has_one() -> None:
    files = {file.name.partition(".")[0] for file in STANDARD.glob("*.yaml") if ".test." not in file.name}
    tested = {file.name.partition(".")[0] for file in STANDARD.glob("*.test.yaml")}
    # `policy` is its name; what `authority` says is said of every operation; `accounts` says nothing of any.
    assert (files - tested, tested - files) == ({"accounts", "authority", "policy"}, {"every_operation"})
