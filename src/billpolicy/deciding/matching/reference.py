"""What a condition means, clause by clause: slow, plain, and what everything faster is held against."""

from __future__ import annotations

from billpolicy.policy.boxes import hold
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import Clause, ExceptionRule


def unmet(exception: ExceptionRule, facts: Facts) -> tuple[Clause, ...]:
    """The clauses that do not hold: why an exception does not match."""
    return tuple(clause for clause in exception.clauses if not hold(clause.boxes, facts))
