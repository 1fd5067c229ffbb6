"""The levels of an operation on a document: where attribute values can come from (docs/policy-language.md rule 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billpolicy.book.model import Account, BillingDocument, Subscription
from billpolicy.deciding.resolver import LevelValues, Several
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Level


def levels_of(
    account: Account, documents: Iterable[BillingDocument] = (), subscriptions: Iterable[Subscription] = ()
) -> dict[Level, LevelValues]:
    """The levels of an operation on documents: themselves, the subscriptions their items name, their account."""
    levels: dict[Level, LevelValues] = {}
    for document in documents:
        label = f"{document.kind.replace('_', ' ')} {document.number}"
        levels[document.kind] = LevelValues(label, dict(sorted(document.attributes.items())))  # type: ignore[index]
    subscriptions = list(subscriptions)
    if subscriptions:
        label = "subscription " + ", ".join(subscription.id for subscription in subscriptions)
        levels["subscription"] = LevelValues(label, _agreed(subscriptions))
    levels["account"] = LevelValues(f"account {account.id}", dict(sorted(account.attributes.items())))
    return levels


def every_level(
    policy: Policy, levels: Mapping[Level, LevelValues], asked_for: Mapping[str, str | None]
) -> dict[Level, LevelValues]:
    """Those levels, with what the request asks for and with the policy's own defaults."""
    return {
        "request": LevelValues("the request", asked_for),
        **levels,
        "default": LevelValues("the policy's defaults", policy.defaults),
    }


def _agreed(subscriptions: list[Subscription]) -> Mapping[str, str | Several | None]:
    keys = sorted({key for subscription in subscriptions for key in subscription.attributes})
    held: dict[str, str | Several | None] = {}
    for key in keys:
        values = tuple((subscription.id, subscription.attributes.get(key)) for subscription in subscriptions)
        same = len({value for _, value in values}) == 1
        held[key] = values[0][1] if same else Several(values)
    return held
