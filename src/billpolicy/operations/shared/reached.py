"""Which documents money comes to: what a payment pays, asked before it is decided from whom it takes its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billpolicy.allocation.orders import within_reach
from billpolicy.book.model import Account, OwedDocument
from billpolicy.money import Money
from billpolicy.operations.shared.settling import rules_of
from billpolicy.operations.shared.targets import Named, OpenTargets
from billpolicy.planning.deciding import alone
from billpolicy.planning.planning import Planning
from billpolicy.policy.condition import Fact


def reached(
    planning: Planning, account: Account, targets: Sequence[Named], money: Money, facts: Mapping[str, Fact]
) -> list[OwedDocument]:
    """The documents that money comes to, by the document order that is decided for it: what it pays. Which settings are
    decided does not hang on these documents, so they are asked for first."""
    if targets.are_more_than(1) if isinstance(targets, OpenTargets) else len(targets) > 1:
        rules = rules_of(planning, money.currency, alone(planning, account, amount=money, more=facts))
        targets = within_reach(money.amount, targets, rules)
    return [target.document for target in targets]
