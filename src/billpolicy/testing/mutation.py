"""Whether the tests of a policy would notice a mistake in it: each mutant is tried, and those that survive are told.

Planning is pure, and asks a policy only through its resolver. So a test comes out as before unless a mutant answers
something otherwise that was asked while the test ran: only such tests are run again. Of a mutant that no test notices
it is proven whether anything can come out otherwise at all (`analysis/compare.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from billpolicy.analysis.compare import Comparer, Comparison, Difference
from billpolicy.analysis.proofs import PROOFS
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.deciding.watching import Question
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.boxes import hold
from billpolicy.policy.checks import check
from billpolicy.policy.model import Policy
from billpolicy.testing.mutants import Mutant, mutants
from billpolicy.testing.run import FileResult, Result, TestRun, run_case
from billpolicy.vocabulary.operations import VOCABULARY

_TOLD_BEFORE = "values_of"
"""A setting that is asked for before anything is resolved."""


class Survivor(NamedTuple):
    """A mutant under which something comes out otherwise, and no test notices."""

    mutant: Mutant
    operation: str
    """Of which something does; of a follow-up, the operation that is run."""
    difference: Difference | None
    """For which facts, as far as that is told."""


@dataclass(frozen=True, eq=False)
class Mutation:
    """What became of the mutants of one policy."""

    policy: Policy
    noticed: int
    """How many a test notices."""
    refused: int
    """How many no test notices, but `validate` refuses."""
    equivalent: int
    """How many no test can notice: it is proven that the same comes out."""
    survived: tuple[Survivor, ...]
    unproven: tuple[Mutant, ...]
    """Those that no test notices and of which it cannot be told whether one could."""


def mutate(
    run: TestRun,
    *,
    with_base: bool = False,
    operation: str | None = None,
    rule: str | None = None,
    watch: Callable[[Sequence[Mutant]], Iterable[Mutant]] = iter,
) -> list[Mutation]:
    """Try every mutant of each policy that the tests of a run are about; `watch` may show how far it is.

    `operation`, `rule`: only mutants that this operation, or this rule, has a part in.

    Raises `Refused` where a test fails without any.
    """
    expect(run, TestRun, "`run` must be what `run_tests` gives")
    failed = [result for result in run.results if result.failed]
    if failed:
        hint = "mend the tests first: what fails already notices nothing"
        raise Refused(
            Diagnostic("test-failed", f"the test `{one.case.name}` fails without any mutant", one.case.position, hint)
            for one in failed
        )
    by_policy: dict[str, list[tuple[FileResult, int]]] = defaultdict(list)
    policies: dict[str, Policy] = {}
    for file in run.files:
        for number, policy in enumerate(file.policy.policies):
            by_policy[policy.digest].append((file, number))
            policies[policy.digest] = policy
    found = []
    for digest, files in by_policy.items():
        made = mutants(policies[digest], with_base=with_base, operation=operation, rule=rule)
        found.append(_Mutating(policies[digest], files).every(list(made), watch))
    return found


class _Answered(NamedTuple):
    """What was asked while a test ran, and what came of it."""

    result: Result
    file: FileResult
    number: int
    """Of the version of the policy that was asked."""
    question: Question
    answer: Any


class _Mutating:
    """One policy, with all that its tests asked it."""

    def __init__(self, policy: Policy, files: Sequence[tuple[FileResult, int]]) -> None:
        self._policy = policy
        resolver = Resolver(policy, "python")
        self._of_operation: dict[str, list[_Answered]] = defaultdict(list)
        self._of_event: dict[tuple[str, str], list[_Answered]] = defaultdict(list)
        for file, number in files:
            for result in file.results:
                for asked in result.taken[number].asked if result.taken else ():
                    answered = _Answered(result, file, number, asked, asked.answer(resolver))
                    if asked.event is None:
                        self._of_operation[asked.operation].append(answered)
                    else:
                        self._of_event[asked.event, asked.operation].append(answered)

    def every(self, made: Sequence[Mutant], watch: Callable[[Sequence[Mutant]], Iterable[Mutant]]) -> Mutation:
        noticed = refused = equivalent = 0
        survived: list[Survivor] = []
        unproven: list[Mutant] = []
        for mutant in watch(list(made)):
            if self._is_noticed(mutant):
                noticed += 1
            elif _is_refused(_near(mutant.policy, mutant)):
                refused += 1
            else:
                compared = list(self._compared(mutant))
                differing = next((one for one in compared if one.differences), None)
                if differing is not None:
                    survived.append(Survivor(mutant, differing.operation, differing.differences[0]))
                elif all(one.equal for one in compared):
                    equivalent += 1
                else:
                    unproven.append(mutant)
        return Mutation(self._policy, noticed, refused, equivalent, tuple(survived), tuple(unproven))

    def _is_noticed(self, mutant: Mutant) -> bool:
        near = Resolver(_near(mutant.policy, mutant), "python")
        tried: set[Result] = set()
        for one in self._touched(mutant):
            if one.result in tried or not _can_differ(mutant, one.question):
                continue
            if _TOLD_BEFORE in mutant.keys or one.question.answer(near) != one.answer:
                tried.add(one.result)
                if run_case(_in_place(one, Resolver(mutant.policy, "python")), one.result.case).failed:
                    return True
        return False

    def _touched(self, mutant: Mutant) -> Iterator[_Answered]:
        for operation in sorted(mutant.operations):
            yield from self._of_operation[operation]
        if mutant.follow_up is not None:
            yield from self._of_event[mutant.follow_up]

    def _compared(self, mutant: Mutant) -> Iterator[Comparison]:
        """What can come out otherwise, decision by decision."""
        comparer = Comparer(_near(self._policy, mutant), _near(mutant.policy, mutant))
        for operation in sorted(mutant.operations):
            for key in sorted(mutant.keys):
                if (operation, key) in self._policy.base:
                    yield comparer.compare(operation, key)
        if mutant.follow_up is not None:
            yield comparer.compare_follow_ups(*mutant.follow_up)


def _is_refused(policy: Policy) -> bool:
    """Whether `validate` refuses a policy."""
    return any(problem.severity == "error" for problem in check(policy, VOCABULARY, PROOFS))


def _near(policy: Policy, mutant: Mutant) -> Policy:
    """Of a policy only the exceptions that take part where the mutant can decide otherwise: the rest decides the same.

    There are few of them where a policy has thousands, and all that is proven is proven among them.
    """
    if not mutant.about:
        return policy
    return replace(policy, exceptions=tuple(one for one in policy.exceptions if one.id in mutant.near))


def _can_differ(mutant: Mutant, question: Question) -> bool:
    """Whether one of the exceptions that a mutant is about holds, as it is or as it would be."""
    return not mutant.about or any(
        rule.effective.includes(question.date) and hold(rule.boxes, question.facts) for rule in mutant.about
    )


def _in_place(answered: _Answered, resolver: Resolver) -> Versions:
    """The policy of a test with one version of it replaced."""
    policy = answered.file.policy
    others = policy.resolvers
    others[answered.number] = resolver
    made = Versions(Resolver(one.policy, "python") if one is not resolver else one for one in others)
    made.tax_engine = policy.tax_engine
    return made
