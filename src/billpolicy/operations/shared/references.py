"""References of payments and refunds: by what others know them, and whether it is the same money once more.

The same again is what an account has of the same kind, type, currency, amount and reference; what was canceled does
not count. The policy says what becomes of it (`repeated_reference`). docs/domain.md 2.10.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Account, Payment, Refund
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import Money
from billpolicy.planning.planning import Planning
from billpolicy.policy.condition import Fact


class Repeated(NamedTuple):
    """What is known by the reference of a payment or refund that is to be made."""

    reference: str | None
    known: tuple[Payment | Refund, ...] = ()
    """By number."""

    @property
    def facts(self) -> dict[str, Fact]:
        """What conditions can ask about it; nothing where no reference was given."""
        if self.reference is None:
            return {}
        stand = any(not _is_reversed(one) for one in self.known)
        return {"reference_is": "known" if stand else "reversed" if self.known else "new"}

    def check(self, planning: Planning, resolved: Resolved) -> None:
        """Refuse it, or warn of it, as the policy says."""
        setting = resolved.text("repeated_reference")
        if not self.known or setting == "allow":
            return
        one = next((each for each in self.known if not _is_reversed(each)), self.known[-1])
        since = ", which was reversed" if _is_reversed(one) else ""
        message = (
            f"`{self.reference}` is the reference of {one.number} already, {kind_of(one).article} of "
            f"{one.amount} {one.currency} on {one.date}{since}"
        )
        if setting == "warn":
            planning.warn("reference-known", message)
            return
        hint = "it is the same money: leave it out; if it is not, give it a reference of its own"
        planning.problem("reference-repeated", message, "reference", hint=hint)
        planning.stop_if_refused()


def repeated(
    planning: Planning, account: Account, kind: type[Payment | Refund], type: str, money: Money, reference: str | None
) -> Repeated:
    """What an account has of this kind, type, amount and reference already."""
    book = planning.book
    numbers = () if reference is None else book.referenced.get((account.id, reference), ())
    found: Iterable[Payment | Refund] = (
        one for number in sorted(numbers) if isinstance(one := book.numbered[number], Payment | Refund)
    )
    same = (kind, type, money.amount, money.currency)
    return Repeated(
        reference,
        tuple(
            one
            for one in found
            if (one.__class__, one.type, one.amount, one.currency) == same and one.status != "canceled"
        ),
    )


def references_of(name: str, reference: str | None) -> frozenset[tuple[str, str]]:
    """The reference as `Needs` have it: with an account, or with a document of it."""
    return frozenset(() if reference is None else {(name, reference)})


def _is_reversed(one: Payment | Refund) -> bool:
    return isinstance(one, Payment) and one.reversed_
