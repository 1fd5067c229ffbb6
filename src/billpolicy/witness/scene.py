"""A book and operations in the making: accounts, subscriptions and values of the levels, as they are wanted."""

from __future__ import annotations

import datetime
from typing import Any

from billpolicy.book.model import BookFile
from billpolicy.policy.example import in_words
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldType, Level
from billpolicy.witness.held import held, holds
from billpolicy.witness.wanted import Impossible, Wanted, amount, minor_digits_or_impossible

ACCOUNT = "acme"
"""What is usual: a plain account in Germany."""
_COUNTRY = "DE"
_SECTIONS = tuple(BookFile.__dataclass_fields__)


class Scene:
    """A book and operations; the last operation is the one that is wanted, or what brings the event about."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.operation = wanted.operation
        self.today = wanted.date
        self.operations: list[dict[str, Any]] = []
        self._book: dict[str, list[dict[str, Any]]] = {"accounts": []}

    @property
    def book(self) -> dict[str, Any]:
        """The book as a file has it; its sections in their order."""
        return {section: self._book[section] for section in _SECTIONS if section in self._book}

    def add(self, section: str, **fields: Any) -> dict[str, Any]:
        """A record of the book; what is None or empty is left out. A name with `_` at its end is written without."""
        record = _written(fields)
        self._book.setdefault(section, []).append(record)
        return record

    def has(self, number: str) -> bool:
        """Whether a document of this number is in the book already."""
        return any(one.get("number") == number for records in self._book.values() for one in records)

    def ask(self, **fields: Any) -> None:
        """The operation that is wanted, with the values that the request holds."""
        name = self.operation
        common = {"id": name.replace("_", "-"), "operation": name, "date": self.wanted.date, "actor": self.actor()}
        attributes = {**self._requested(), **fields.pop("attributes", {})}
        self.operations.append(_written({**common, **fields, "attributes": attributes}))

    # -- people ----------------------------------------------------------------------------------------------------

    def actor(self) -> str | None:
        """Who asks: who is named, or somebody of the role, or nobody."""
        wanted = self.wanted
        if "actor.id" in wanted.facts:
            return wanted.text("actor.id")
        role, roles = wanted.text("actor.role"), wanted.policy.roles
        if role is not None:
            of_all = (person for person in roles if all(one.roles.get(person) == role for one in wanted.policies))
            return next(of_all, None)
        if "actor.role" in wanted.facts:
            return None
        must = any(_requires_actor(policy, self.operation) for policy in wanted.policies)
        return next(iter(roles), "ann") if must else None

    # -- who is billed -----------------------------------------------------------------------------------------------

    def account(self, *, currency: str | None = None) -> str:
        """The account that conditions ask about, with a contact for each value of one; its id."""
        wanted = self.wanted
        id = wanted.text("account.id", wanted.free(ACCOUNT))
        if id is None:
            raise Impossible
        fields = self.account_fields(currency)
        self.add("accounts", id=id, **fields, attributes=self.level("account", id))
        return id

    def account_fields(self, currency: str | None = None) -> dict[str, Any]:
        """What the account is called and where it is. `currency`: of its documents."""
        wanted = self.wanted
        return {
            "name": wanted.text("account.name"),
            "country": wanted.text("account.country", _COUNTRY),
            "region": wanted.text("account.region"),
            "currency": wanted.text("account.currency", currency or wanted.currency()),
            "custom": self.custom("account"),
        }

    def another_account(self, currency: str) -> str:
        """An account beside the one that conditions ask about."""
        id = self.wanted.free("other")
        self.add("accounts", id=id, country=_COUNTRY, currency=currency)
        return id

    def subscriptions(self, account: str, *, at_least: int = 0, most: int = 2, **more: Any) -> list[str]:
        """As many subscriptions as the facts need; their ids. Where several disagree, there is no fact.

        `more`: fields of each.
        """
        wanted = self.wanted
        # Each has an id and a status, so where these are to be unset there is none, or there are two.
        differ = [name for name in ("id", "status") if wanted.facts.get(f"subscription.{name}", 0) is None]
        needed = wanted.sets("subscription") or self.level_holds("subscription")
        count = 0 if not (needed or at_least) else 2 if differ else 1
        if count > most or (count == 2 and wanted.facts.get("subscription.id") is not None):
            raise Impossible
        names = ("crm", "erp")[:count]
        found = []
        for usual, other in zip(names, ("active", "canceled"), strict=False):
            id = wanted.text("subscription.id") or wanted.free(usual)
            status = other if "status" in differ else wanted.text("subscription.status", "active")
            self._subscription(id, account, status=status, **more)
            found.append(id)
        return found

    def _subscription(self, id: str, account: str, *, status: str | None, **more: Any) -> None:
        """One subscription, with what conditions ask about."""
        ended = self.wanted.before(1) if status == "canceled" else None
        fields = {
            "plan": self.wanted.text("subscription.plan"),
            "canceled_on": ended,
            "attributes": self.level("subscription", account),
            "custom": self.custom("subscription"),
            **more,
        }
        self.add("subscriptions", id=id, account=account, **fields)

    def custom(self, scope: str) -> dict[str, str]:
        """The values of fields that the policy declares, as a book has them: all are texts."""
        found = {}
        for name, field in sorted(self.wanted.fields.items()):
            if name.startswith(f"{scope}.") and self.wanted.facts.get(name) is not None:
                found[name.partition(".")[2]] = written(self.wanted, name, field.type)
        return found

    # -- what the levels hold ----------------------------------------------------------------------------------------

    def level(self, level: Level, account: str, *, new: bool = False) -> dict[str, str]:
        """The values of attributes that a level holds. `new`: the contacts come with the request."""
        found = held(self.wanted, self.operation, level)
        for name, value in found.items():
            if self.wanted.attributes[name].type == "contact" and not new:
                self.contact(value, account)
        return found

    def contact(self, id: str, account: str) -> None:
        """A contact of an account, once."""
        if all(one["id"] != id for one in self._book.get("contacts", ())):
            self.add("contacts", id=id, account=account)

    def level_holds(self, level: Level) -> bool:
        """Whether a level of the operation is to hold a value."""
        return level in VOCABULARY[self.operation].levels and holds(self.wanted, self.operation, level)

    def _requested(self) -> dict[str, str]:
        if "request" not in VOCABULARY[self.operation].levels:
            return {}
        account = self._book["accounts"][0]["id"] if self._book["accounts"] else ACCOUNT
        return self.level("request", account)


def _requires_actor(policy: Policy, operation: str) -> bool:
    base = policy.base.get((operation, "actor"))
    return base is not None and str(base.outcome) == "required"


def written(wanted: Wanted, fact: str, type_: FieldType) -> str:
    """The value of a fact as files write it. Raises `Impossible` for a day outside the calendar."""
    value = wanted.facts[fact]
    if type_ == "date":
        return str(wanted.day(fact))
    if type_ == "money":
        return _money(wanted, fact)
    return str(value).lower() if isinstance(value, bool) else in_words(type_)(value)


def _money(wanted: Wanted, fact: str) -> str:
    currency = str(wanted.facts.get(f"{fact}.currency") or wanted.currency())
    minor_digits_or_impossible(currency)
    return f"{amount(wanted.minor(fact) or 0, currency)} {currency}"


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as files write them: dates and amounts as texts, what is not there left out."""
    found = {}
    for name, value in fields.items():
        if value is None or value == {} or value == []:
            continue
        found[name.rstrip("_")] = _value(value)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return _written(value)
    if isinstance(value, list):
        return [_value(one) for one in value]
    return value
