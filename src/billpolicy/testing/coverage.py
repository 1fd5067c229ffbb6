"""What of a policy tests have seen decide: each rule, each level of each chain, and each chain without a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from billpolicy.analysis.decisions import always_comes, what_comes
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.model import BaseRule, Chain, Outcome, Policy
from billpolicy.testing.hits import DECIDES, EXHAUSTED, Hit
from billpolicy.testing.run import TestRun
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Vocabulary


class Line(NamedTuple):
    """A place of a policy that decides something: what it is called there, and of which decision it is."""

    position: Position
    name: str
    """`credit_memo_from_invoice.bill_to_contact`, `every_operation.allocation`, or the id of an exception or follow-up,
    with its decision."""


class Coverable(NamedTuple):
    """One way in which a line can decide."""

    line: Line
    how: str
    """A level, `EXHAUSTED`, or `DECIDES`."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """How much of one policy its tests have seen decide."""

    policy: Policy
    count: int
    """How many ways there are in which something decides."""
    uncovered: tuple[Coverable, ...]
    """By place."""

    @property
    def covered(self) -> int:
        """How many of them were seen."""
        return self.count - len(self.uncovered)

    @property
    def percent(self) -> int:
        """Rounded down: 100 only if nothing is uncovered."""
        return self.covered * 100 // self.count if self.count else 100


def coverage(
    run: TestRun, *, with_base: bool = False, operation: str | None = None, rule: str | None = None
) -> list[Coverage]:
    """Of each policy that tests were about. Without `with_base`, what it extends is left to tests of its own.

    `operation`, `rule`: only what is decided of this operation, and by this rule.
    """
    expect(run, TestRun, "`run` must be what `run_tests` gives")
    hits: dict[str, set[Hit]] = {}
    policies: dict[str, Policy] = {}
    for file in run.files:
        for number, policy in enumerate(file.policy.policies):
            policies[policy.digest] = policy
            seen = hits.setdefault(policy.digest, set())
            for result in file.results:
                if result.taken:
                    seen |= result.taken[number].hits
    wanted = _Wanted(with_base, operation, rule)
    return [_coverage(policy, hits[digest], wanted) for digest, policy in policies.items()]


class _Wanted(NamedTuple):
    """What of a policy is looked at."""

    with_base: bool
    operation: str | None
    rule: str | None

    def has(self, policy: Policy, hit: Hit, line: Line) -> bool:
        if not self.with_base and not is_own(policy, line.position):
            return False
        return self.operation in (None, hit.operation) and self.rule in (None, hit.rule)


def _coverage(policy: Policy, seen: set[Hit], wanted: _Wanted) -> Coverage:
    every: dict[Coverable, bool] = {}
    for hit, line in _ways(policy, VOCABULARY):
        if wanted.has(policy, hit, line):
            way = Coverable(line, hit.how)
            every[way] = every.get(way, False) or hit in seen
    uncovered = (way for way, covered in every.items() if not covered)
    return Coverage(policy, len(every), tuple(sorted(uncovered, key=lambda way: way.line.position)))


def is_own(policy: Policy, position: Position) -> bool:
    """Whether something stands in the policy itself, and not in what it extends."""
    return position.file in policy.own_files


def lines_of(policy: Policy) -> dict[Position, list[BaseRule]]:
    """The base rules by the place that says them: a line under `every_operation` is one of many operations."""
    found: dict[Position, list[BaseRule]] = {}
    for base in policy.base.values():
        found.setdefault(base.position, []).append(base)
    return found


def line_of(rules: Iterable[BaseRule]) -> Line:
    """The line that base rules stand in."""
    first, *others = rules
    return Line(first.position, f"every_operation.{first.key}" if others else first.id)


def _ways(policy: Policy, vocabulary: Vocabulary) -> Iterator[tuple[Hit, Line]]:
    for rules in lines_of(policy).values():
        line = line_of(rules)
        for base in rules:
            for how in _hows(policy, vocabulary, base.operation, base.key, base.outcome):
                yield Hit(base.id, base.operation, base.key, how), line
    for rule in policy.exceptions:
        for key, outcome in rule.then.items():
            line = Line(rule.then_at[key], f"{rule.id}: {key}")
            for operation in rule.operations:
                if (operation, key) in policy.base:
                    for how in _hows(policy, vocabulary, operation, key, outcome):
                        yield Hit(rule.id, operation, key, how), line
    for follow_up in policy.follow_ups:
        line = Line(follow_up.rule.position, follow_up.id)
        yield Hit(follow_up.id, follow_up.operation, "", DECIDES), line


def _hows(policy: Policy, vocabulary: Vocabulary, operation: str, key: str, outcome: Outcome) -> Iterator[str]:
    """A setting decides; a chain by each level that can have a value, and without one if it can come to its end."""
    if not isinstance(outcome, Chain):
        yield DECIDES
        return
    comes = what_comes(policy, vocabulary[operation], key, outcome)
    yield from (level.partition("=")[0] for level in comes)
    if not always_comes(comes):
        yield EXHAUSTED
