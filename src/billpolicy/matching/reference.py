"""TEMPORARY stand-in of the lead so that others can run the CLI; the owner of matching/ overwrites this file."""
from __future__ import annotations
from collections.abc import Iterable
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import Clause, ExceptionRule


def unmet(exception: ExceptionRule, facts: Facts) -> tuple[Clause, ...]:
    return tuple(c for c in exception.clauses if not all(v.allows(facts.get(f)) for f, v in c.facts.items()))


class ReferenceMatcher:
    def __init__(self, exceptions: Iterable[ExceptionRule]) -> None:
        self.exceptions = tuple(exceptions)

    def match(self, facts: Facts) -> tuple[str, ...]:
        return tuple(sorted(e.id for e in self.exceptions if not unmet(e, facts)))
