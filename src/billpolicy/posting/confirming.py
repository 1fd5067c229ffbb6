"""Is what a correction takes with the lines that were selected confirmed? docs/domain.md 7.

Whoever posts it says so by the digest that its plan shows. If the closure has changed since, so has its digest, and
nothing is posted. It is nothing that the operation asks for, so what was posted is found by its id as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.periods.charge_periods import line_name
from billpolicy.planning.closure import RULES_IN_WORDS, SHORT, Closure
from billpolicy.planning.plan import Plan, in_turn

_LISTED = 3


class Confirmed(NamedTuple):
    """What whoever posts has confirmed."""

    digests: tuple[str, ...] = ()
    """Each a digest or its beginning."""
    everything: bool = False

    def covers(self, closure: Closure) -> bool:
        """Whether a closure is confirmed, or has nothing to confirm."""
        return self.everything or not closure.added or any(map(closure.digest.startswith, self.digests))


NOTHING = Confirmed()


def to_confirm(plan: Plan, confirmed: Confirmed) -> Iterator[Closure]:
    """The closures of a plan and of what follows it that are not confirmed."""
    for step in in_turn(plan):
        if step.closure is not None and not confirmed.covers(step.closure):
            yield step.closure


def unconfirmed(closure: Closure, confirmed: Confirmed) -> Diagnostic:
    """The refusal of a closure that is not confirmed."""
    count = len(closure.added)
    named = [
        f"{line_name(*one.line)} ({RULES_IN_WORDS[one.rule]}, by {line_name(*one.by)})"
        for one in closure.added
        if one.rule and one.by
    ]
    more = f" and {count - _LISTED:,} more" if count > _LISTED else ""
    lines = f"{', '.join(named[:_LISTED])}{more}"
    what = "1 more line is credited than was" if count == 1 else f"{count:,} more lines are credited than were"
    message = f"{what} selected: {lines}"
    go_on = f"post it with `--confirm {closure.short_digest}` (or `--yes`)"
    if not confirmed.digests:
        return Diagnostic(
            "closure-unconfirmed",
            f"{message}; nobody has confirmed that",
            hint=f"look at them in the plan, then {go_on}",
        )
    given = ", ".join(f"`{one[:SHORT]}`" for one in confirmed.digests)
    return Diagnostic(
        "closure-changed",
        f"{message}; what was confirmed ({given}) is something else, so this has changed since",
        hint=f"look at the plan again, then {go_on}",
    )
