"""Which attributes does each level hold, so that a reader can tell by a value where it is from?

Contacts and texts are named after their level, `invoice-bill-to-contact`; payment terms and sequence sets are those
that the policies declare, another one for each level as long as there are so many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billpolicy.book.kinds import KINDS
from billpolicy.policy.model import Attribute, Chain, Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level
from billpolicy.witness.wanted import OWN, Wanted

_NEVER: tuple[Level, ...] = ("default", "order_line_item")
"""What a book cannot say: the policy's own, and what no book has."""


def held(wanted: Wanted, operation: str, level: Level) -> dict[str, str]:
    """The values that a level of an operation holds, by attribute."""
    found = {}
    for attribute in wanted.attributes.values():
        value = _value(wanted, operation, level, attribute) if _can_hold(level, attribute) else None
        if value is not None:
            found[attribute.name] = value
    return found


def holds(wanted: Wanted, operation: str, level: Level) -> bool:
    """Whether a level is to hold a value: it is said so, or a chain of an operation comes to none without it."""
    if level in wanted.levels:
        return wanted.levels[level] is not None
    for attribute in wanted.attributes.values():
        chains = list(_chains(wanted.policies, operation, attribute.name))
        if attribute.name == wanted.attribute and any(level in chain.levels for chain in chains):
            return True
        if level in _needed(wanted, attribute, chains):
            return True
    return False


def _can_hold(level: Level, attribute: Attribute) -> bool:
    """A document holds the attributes of its kind; a request, an account and a subscription hold any."""
    return level not in _NEVER and (level not in KINDS or level in attribute.documents)


def _value(wanted: Wanted, operation: str, level: Level, attribute: Attribute) -> str | None:
    tested = wanted.attribute in (None, attribute.name)
    if tested and level in wanted.levels:
        value = wanted.levels[level]
        return own_value(wanted.policies, operation, attribute, level) if value == OWN else value
    chains = list(_chains(wanted.policies, operation, attribute.name))
    if level == "request" or not (chains or (wanted.event and level == "account")):
        return None
    if wanted.attribute == attribute.name:
        return own_value(wanted.policies, operation, attribute, level)
    # Any other attribute is only to be found: with the account, or where a chain begins that never asks it.
    if level == "account" and not _has_default(wanted.policies, attribute):
        return own_value(wanted.policies, operation, attribute, level)
    needed = level in _needed(wanted, attribute, chains)
    return own_value(wanted.policies, operation, attribute, level) if needed else None


def _needed(wanted: Wanted, attribute: Attribute, chains: Sequence[Chain]) -> Iterator[Level]:
    """The levels that have to hold a value of an attribute that is not under test, for each chain to find one."""
    has_default = _has_default(wanted.policies, attribute)
    for chain in chains:
        if "account" not in chain.levels and not ("default" in chain.levels and has_default):
            yield from [one for one in chain.levels if one != "request" and _can_hold(one, attribute)][:1]


def _chains(policies: Sequence[Policy], operation: str, key: str) -> Iterator[Chain]:
    for policy in policies:
        base = policy.base.get((operation, key))
        outcomes = [] if base is None else [base.outcome]
        outcomes += [rule.then[key] for rule in policy.exceptions_for(operation) if key in rule.then]
        yield from (one for one in outcomes if isinstance(one, Chain))


def _has_default(policies: Sequence[Policy], attribute: Attribute) -> bool:
    return all(attribute.name in policy.defaults for policy in policies)


def own_value(policies: Sequence[Policy], operation: str, attribute: Attribute, level: Level) -> str | None:
    """The value of a level that tells it from the others; None where the policies declare none."""
    if attribute.type not in ("payment_term", "sequence_set"):
        return f"{level}-{attribute.name}".replace("_", "-")
    declared = [set(p.payment_terms if attribute.type == "payment_term" else p.sequence_sets) for p in policies]
    default = policies[0].defaults.get(attribute.name)
    # What the default gives comes last, so that it is told from the levels.
    names = sorted(set.intersection(*declared), key=lambda name: (name == default, name))
    if not names:
        return None
    own = [one for one in _HOLDING if one in VOCABULARY[operation].levels and _can_hold(one, attribute)]
    return names[min(own.index(level), len(names) - 1)]


_HOLDING: tuple[Level, ...] = ("account", "subscription", "invoice", "credit_memo", "debit_memo", "payment", "request")
"""The levels that can hold values: those that most operations have come first."""
