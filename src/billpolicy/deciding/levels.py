"""The levels of an operation on a document: where attribute values can come from (docs/policy-language.md rule 4)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from billpolicy.book.history import held_on
from billpolicy.book.model import Account, BillingDocument, Subscription
from billpolicy.deciding.resolver import LevelValues, Several, Since
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Level


def levels_of(
    accounts: Iterable[Account],
    documents: Iterable[BillingDocument] = (),
    subscriptions: Iterable[Subscription] = (),
    *,
    day: datetime.date,
) -> dict[Level, LevelValues]:
    """The levels of an operation on documents: themselves, the subscriptions their items name, their account.

    `accounts` (one or none) and `subscriptions` as they are on that day.
    """
    levels: dict[Level, LevelValues] = {}
    for document in documents:
        label = f"{document.kind.replace('_', ' ')} {document.number}"
        levels[document.kind] = LevelValues(label, dict(sorted(document.attributes.items())))  # type: ignore[index]
    subscriptions = list(subscriptions)
    if subscriptions:
        label = "subscription " + ", ".join(subscription.id for subscription in subscriptions)
        since = _since(subscriptions[0], day) if len(subscriptions) == 1 else {}
        levels["subscription"] = LevelValues(label, _agreed(subscriptions), since)
    for account in accounts:
        held = dict(sorted(account.attributes.items()))
        levels["account"] = LevelValues(f"account {account.id}", held, _since(account, day))
    return levels


def _since(record: Account | Subscription, day: datetime.date) -> Mapping[str, Since]:
    """Since when it holds its attributes on a day, as far as operations or a history say."""
    since = {}
    for name, value in sorted(record.attributes.items()):
        held = held_on(record, f"attributes.{name}", day)
        if held is not None:
            since[name] = Since(held.since, held.operation)
        elif value is not None and record.created_by is not None:
            since[name] = Since(None, record.created_by)
    return since


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
