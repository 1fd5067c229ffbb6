"""The levels of an operation on a document: where attribute values can come from (docs/policy-language.md rule 4)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from billpolicy.book.history import held_on
from billpolicy.book.model import Account, Attributes, BillingDocument, Payment, Subscription
from billpolicy.deciding.resolver import LevelValues, Several, Since
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Level


def levels_of(
    accounts: Iterable[Account],
    documents: Iterable[BillingDocument | Payment] = (),
    subscriptions: Iterable[Subscription] = (),
    *,
    day: datetime.date,
) -> dict[Level, LevelValues]:
    """The levels of an operation on documents: themselves, the subscriptions their items name, their account.

    `accounts` (one or none) and `subscriptions` as they are on that day. Of several documents of a kind, or several
    subscriptions, a level has what all of them hold; where they differ, it has `Several`.
    """
    levels: dict[Level, LevelValues] = {}
    of_kind: dict[str, list[BillingDocument | Payment]] = {}
    for document in documents:
        of_kind.setdefault(document.kind, []).append(document)
    for kind, those in of_kind.items():
        label = f"{kind.replace('_', ' ')} {', '.join(one.number for one in those)}"
        levels[kind] = LevelValues(label, _agreed({one.number: one.attributes for one in those}))  # type: ignore[index]
    subscriptions = list(subscriptions)
    if subscriptions:
        label = "subscription " + ", ".join(subscription.id for subscription in subscriptions)
        since = _since(subscriptions[0], day) if len(subscriptions) == 1 else {}
        held_by = {subscription.id: subscription.attributes for subscription in subscriptions}
        levels["subscription"] = LevelValues(label, _agreed(held_by), since)
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


def _agreed(held_by: Mapping[str, Attributes]) -> Mapping[str, str | Several | None]:
    """What all of these hold, each by its name."""
    keys = sorted({key for attributes in held_by.values() for key in attributes})
    held: dict[str, str | Several | None] = {}
    for key in keys:
        values = tuple((name, attributes.get(key)) for name, attributes in held_by.items())
        same = len({value for _, value in values}) == 1
        held[key] = values[0][1] if same else Several(values)
    return held
