"""A policy made ready to be looked at or compared: its facts, its order among exceptions and its decisions."""

from __future__ import annotations

from billpolicy.analysis.decisions import Decision
from billpolicy.analysis.domain import Domain
from billpolicy.policy.model import Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.vocabulary.spec import Vocabulary


class Analysed:
    """A policy made ready to be looked at, decision by decision; what is asked for twice is made once."""

    def __init__(self, policy: Policy, vocabulary: Vocabulary) -> None:
        self.policy, self.vocabulary = policy, vocabulary
        self._precedence: dict[str, Precedence] = {}
        self.rules = {rule.id: rule for rule in policy.exceptions}
        self._domains: dict[str, Domain] = {}
        self._decisions: dict[tuple[str, str], Decision] = {}

    def domain(self, operation: str) -> Domain:
        """The facts of an operation."""
        if operation not in self._domains:
            self._domains[operation] = Domain.of_operation(self.policy, self.vocabulary[operation])
        return self._domains[operation]

    def precedence(self, operation: str) -> Precedence:
        """The order among its exceptions."""
        if operation not in self._precedence:
            self._precedence[operation] = Precedence.of(self.policy, operation)
        return self._precedence[operation]

    def decision(self, operation: str, key: str) -> Decision:
        """What decides a key of it."""
        if (operation, key) not in self._decisions:
            spec = self.vocabulary[operation]
            domain = self.domain(operation)
            self._decisions[operation, key] = Decision(self.policy, spec, key, self.precedence(operation), domain)
        return self._decisions[operation, key]
