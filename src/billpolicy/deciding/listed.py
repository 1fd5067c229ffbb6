"""Values that a policy does not list: where it says which countries or plans there are, there are no others.

Proofs rely on the list as they do on that of a choice, so what is not in it is refused where something would be decided
by it, and where it would come in (docs/policy-language.md rule 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from billpolicy.book.model import Account
from billpolicy.countries.codes import check_country
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.policy.model import Policy

HINT = "mend it, or add the value under `fields` in the policy"


class Unlisted(NamedTuple):
    """A value of a field of an object that the policy does not list."""

    field: str
    """As the object has it: `country`."""
    message: str
    hint: str


def unlisted(policy: Policy, scope: str, record: Any) -> Iterator[Unlisted]:
    """What one object has that the policy does not list. Fields that it does not set are not looked at."""
    for name in policy.narrowed:
        whose, _, field = name.partition(".")
        value = getattr(record, field) if whose == scope else None
        if value is not None and (found := not_listed(policy, name, value)) is not None:
            which = getattr(record, "id", None) or record.number
            yield found._replace(message=f"{found.message} ({scope.replace('_', ' ')} `{which}`)")


def not_listed(policy: Policy, name: str, value: str) -> Unlisted | None:
    """Why a field cannot have a value; None if it can."""
    values = policy.narrowed.get(name)
    if values is None or value in values:
        return None
    field = name.partition(".")[2]
    message = f"`{value}` is none of the values of `{name}` that the policy lists: {', '.join(values)}"
    close = did_you_mean(value, values)
    # The message lists them all already.
    return Unlisted(field, message, close if close is not None and close.startswith("did you mean") else HINT)


def unlisted_in(policy: Policy, objects: Mapping[str, Iterable[Any]]) -> Iterator[tuple[str, Unlisted]]:
    """Of each object, with its scope, what the policy does not list."""
    for scope, members in objects.items() if policy.narrowed else ():
        for member in members:
            yield from ((scope, one) for one in unlisted(policy, scope, member))


def without_a_code(policy: Policy, operation: str, accounts: Iterable[Account]) -> Iterator[Unlisted]:
    """Accounts with a country by its name, as ledgers may hold from before there were codes, where a rule asks which
    it is: neither `DE` nor what is none of `DE` can be said of `Germany`."""
    for account in accounts:
        try:
            check_country(account.country or "DE")
        except ValueError as error:
            asking = (rule.id for rule in policy.conditional if operation in rule.operations and _COUNTRY in rule.facts)
            asked = next(asking, None)
            if asked is not None:
                message = f"`{asked}` asks for the country of account `{account.id}`: {error}"
                yield Unlisted("country", message, "give it another one with `change_account`")


_COUNTRY = "account.country"
