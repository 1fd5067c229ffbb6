"""The safety stop of a batch: how many operations it has and how much it moves, against the policy's `batch_limits`.

Everything counts that would be posted: what was asked for, and what follows it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billpolicy.book.changes import Issued
from billpolicy.book.model import CreditAdjustment
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.policy.model import Policy

EVERY = "every_operation"


@dataclass
class Totals:
    """What a batch does so far, by operation and, under `every_operation`, of all of them."""

    counts: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Decimal)))
    """Operation -> currency -> amount."""
    asked: set[str] = field(default_factory=set)
    """The ids of what was asked for, as far as it counts."""

    def add(self, plan: Plan, asked: str) -> None:
        """Count an operation and all that follows it, whatever the signs of its amounts.

        `asked`: the id of what was asked for. It counts once, in however many parts it is done.
        """
        first, *steps = in_turn(plan)
        self.add_one(first, abs, count=0 if asked in self.asked else 1)
        self.asked.add(asked)
        for step in steps:
            self.add_one(step, abs)

    def add_one(self, plan: Plan, size: Callable[[Decimal], Decimal], count: int = 1) -> None:
        """Count one operation without what follows it; `size` is what counts of the amount of a document."""
        for name in (plan.operation, EVERY):
            self.counts[name] += count
            for currency, amount in moved(plan, size).items():
                self.amounts[name][currency] += amount


def moved(plan: Plan, size: Callable[[Decimal], Decimal]) -> dict[str, Decimal]:
    """Currency -> how much one operation is about."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for _, currency, amount in money_of(plan):
        amounts[currency] += size(amount)
    return dict(amounts)


def money_of(plan: Plan) -> Iterator[tuple[str, str, Decimal]]:
    """The money that one operation is about: of each document that it makes, else of all that it applies. Number of
    the document (of what is applied, that which it comes from), currency and amount."""
    issued = [change.document for change in plan.of(Issued)]
    # A draft is no money yet; it counts when it is posted.
    documents = [document for document in issued if document.status != "draft"]
    # A refund out of a credit balance and the decrease that names it are one.
    named = {document.document for document in documents if isinstance(document, CreditAdjustment)}
    for document in documents:
        if document.number not in named:
            yield document.number, document.currency, document.amount
    for made in plan.applications if not issued else ():
        yield made.from_, plan.currency_of(made), abs(made.amount)


def beyond(policies: Iterable[Policy], totals: Totals) -> Iterator[Diagnostic]:
    """Each limit of a policy that a batch goes beyond."""
    for policy in policies:
        for name, limit in policy.batch_limits.items():
            what = "operations" if name == EVERY else f"`{name}`"
            count = totals.counts[name]
            if limit.count is not None and count > limit.count:
                message = f"this batch has {count:,} {what}, with what follows; the policy stops at {limit.count:,}"
                yield Diagnostic("batch-limit", message, limit.position, _SPLIT)
            of_it: Mapping[str, Decimal] = totals.amounts.get(name, {})
            for currency in sorted(of_it) if limit.amounts and limit.other_currencies == "refused" else ():
                if currency not in limit.amounts and of_it[currency]:
                    message = (
                        f"{what} of this batch, with what follows, add up to {of_it[currency]:,} {currency}; "
                        f"the policy has no limit in {currency}"
                    )
                    hint = f"add `{currency}` to `amounts`, or say `other_currencies: unlimited` there"
                    yield Diagnostic("batch-limit", message, limit.position, hint)
            for currency, most in limit.amounts.items():
                if of_it.get(currency, Decimal(0)) > most:
                    total = f"{of_it[currency]:,} {currency}, whatever their signs"
                    message = (
                        f"{what} of this batch, with what follows, add up to {total}; the policy stops at {most:,}"
                    )
                    yield Diagnostic("batch-limit", message, limit.position, _SPLIT)


_SPLIT = "look at what it would do with `billpolicy plan`, then split it or raise the limit"
