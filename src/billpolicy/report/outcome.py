"""What was found about an operation: why it was refused, or what its plan warns of."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import in_turn
from billpolicy.posting.posting import Outcome
from billpolicy.report.log import LogOutcome


def found_about(outcome: Outcome) -> Iterator[Diagnostic]:
    """Of the operation and of all that follows it; nothing of one that was posted before."""
    yield from outcome.problems
    if outcome.plan is not None and (outcome.posted is None or not outcome.posted.repeated):
        for step in in_turn(outcome.plan):
            yield from step.warnings


def became(outcome: Outcome, *, waits: bool = False) -> LogOutcome:
    """What became of it, in a word; `waits`: for the approvals that it lacks."""
    if waits:
        return "waiting"
    if outcome.posted is not None:
        return "posted_before" if outcome.posted.repeated else "posted"
    return "refused" if outcome.problems else "planned" if outcome.plan is not None else "not_posted"
