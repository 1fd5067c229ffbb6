"""All that a change of a policy changes: what it declares, which rules, and where decisions are other ones."""

from __future__ import annotations

from typing import NamedTuple

from billpolicy.comparing.decisions import Decisions, compare_decisions
from billpolicy.comparing.declared import Declared, declared_changes
from billpolicy.comparing.rules import RuleChange, rule_changes
from billpolicy.diagnostics.arguments import expect
from billpolicy.policy.model import Policy

A_DIFFERENCE = "`difference` must be what `diff` gives"
"""What functions say of what is none."""


class PolicyDifference(NamedTuple):
    """An old policy, a new one, and all that is different."""

    old: Policy
    new: Policy
    rules: tuple[RuleChange, ...]
    declared: tuple[Declared, ...]
    decisions: Decisions

    @property
    def changes_outcomes(self) -> bool:
        """Whether some operation comes out otherwise, be it only that it was or will be refused."""
        return bool(self.decisions.changed) or any(one.effect in ("outcomes", "names") for one in self.declared)

    @property
    def equivalent(self) -> bool:
        """Whether it is proven that every operation comes out the same under both."""
        return not self.changes_outcomes and not self.decisions.unproven


def names_in(difference: PolicyDifference) -> frozenset[str]:
    """All that a difference can be about: operations, decisions, events, what is declared, and where."""
    expect(difference, PolicyDifference, A_DIFFERENCE)
    policies = difference.old, difference.new
    decided = {name for policy in policies for both in policy.base for name in both}
    events = {name for policy in policies for one in policy.follow_ups for name in (one.after, one.operation)}
    declared = {name for one in difference.declared for name in (one.section, one.name)}
    return frozenset(decided | events | declared)


def diff(old: Policy, new: Policy) -> PolicyDifference:
    """What is different in the new policy."""
    expect(old, Policy, "`old` must be a Policy, as `validate` gives it")
    expect(new, Policy, "`new` must be a Policy, as `validate` gives it")
    return PolicyDifference(old, new, rule_changes(old, new), declared_changes(old, new), compare_decisions(old, new))
