"""What must be proven of a policy before anything is decided by it: what is not is an error, also of `validate`; and
what `validate` warns of, since it lets through what it may be meant to stop."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Vocabulary


def no_circles(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """What can run in a circle."""
    if policy.follow_ups:
        from billpolicy.analysis.circles import circles

        yield from circles(policy, vocabulary)


def no_conflicts(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """What two exceptions decide differently."""
    if len(policy.exceptions) > 1:
        from billpolicy.analysis.conflicts import conflicts

        yield from conflicts(policy, vocabulary)


def _no_open_limits(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    if any("permission" in rule.then and rule.clauses for rule in policy.exceptions):
        from billpolicy.analysis.analysed import Analysed
        from billpolicy.analysis.limits import unchecked_currencies

        for one in unchecked_currencies(Analysed(policy, vocabulary), passed_only=True):
            yield one.diagnostic


PROOFS = (no_circles, no_conflicts)
WARNINGS = (_no_open_limits,)
