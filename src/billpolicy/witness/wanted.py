"""What a witness is asked to show: facts, days and levels of one operation under some policies."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from billpolicy.money import from_minor, minor_digits
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Attribute, Policy
from billpolicy.vocabulary.fields import fields_of
from billpolicy.vocabulary.spec import DAYS_SINCE, FieldSpec, Level, object_of

OWN: Final = "its own"
"""Of a level: it holds a value that no other level holds, as far as the policy declares so many."""
USUAL_CURRENCY: Final = "EUR"
_DAY = datetime.timedelta(days=1)


class Impossible(Exception):
    """No book is known that shows what is wanted."""


@dataclass(frozen=True)
class Wanted:
    """One operation, and what is to hold when its decisions are asked for.

    `facts`: each fact that is named is exactly this, None is unset; all others are free. `levels`: what a level holds
    of the `attribute` under test, of all attributes where that is None; those that are not named are free.
    """

    policies: Sequence[Policy]
    operation: str
    facts: Mapping[str, Fact | None]
    date: datetime.date
    levels: Mapping[Level, str | None]
    attribute: str | None = None
    event: str | None = None
    """For a follow-up: what it comes after."""
    avoid: frozenset[str] = frozenset()
    """Names that nothing else may have."""
    follows: str = ""
    """While what brings an event about is looked for: the operation that would follow."""

    @property
    def policy(self) -> Policy:
        """The first one: its people are asked, and its series draw numbers."""
        return self.policies[0]

    @property
    def attributes(self) -> dict[str, Attribute]:
        """What any of the policies declares, by name."""
        return {name: one for policy in reversed(self.policies) for name, one in policy.attributes.items()}

    @property
    def fields(self) -> dict[str, FieldSpec]:
        """Custom fields that any of the policies declares, by name."""
        return {name: one for policy in reversed(self.policies) for name, one in policy.fields.items()}

    # -- facts ---------------------------------------------------------------------------------------------------

    def text(self, fact: str, usual: str | None = None) -> str | None:
        """A text or a choice, or what is usual where it is free; None is unset."""
        found = self.facts.get(fact, usual)
        if fact not in self.facts and usual is not None:
            lists = [one.narrowed[fact] for one in self.policies if fact in one.narrowed]
            common = [value for value in (usual, *(lists[0] if lists else ())) if all(value in one for one in lists)]
            found = next(iter(common), usual)
        return None if found is None else str(found)

    def is_true(self, fact: str, *, usual: bool = False) -> bool:
        """A yes or no."""
        return bool(self.facts.get(fact, usual))

    def minor(self, fact: str) -> int | None:
        """An amount in minor units; None where it is free or unset."""
        found = self.facts.get(fact)
        return None if found is None else int(found)

    def day(self, fact: str, usual: datetime.date | None = None) -> datetime.date | None:
        """A date, or what is usual where it is free; None is unset. Raises `Impossible` outside the calendar."""
        if fact not in self.facts:
            return usual
        found = self.facts[fact]
        if found is None:
            return None
        try:
            return datetime.date.fromordinal(int(found))
        except (OverflowError, ValueError):
            raise Impossible from None

    def sets(self, scope: str) -> bool:
        """Whether some fact of an object is to have a value."""
        return any(value is not None for fact, value in self.facts.items() if object_of(fact) == scope)

    def lacks(self, scope: str) -> bool:
        """Whether some fact that every such object has is to be unset, so that there is none."""
        always = (field.name for field in fields_of(scope) if field.always)
        return any(self.facts.get(name, 0) is None for name in always)

    def currency(self, *objects: str) -> str:
        """The currency of money of these, as one of their amounts says it; else the account's."""
        names = [f"{one}.currency" for one in (*objects, "amount", *_amounts(objects))]
        said = (self.facts.get(name) for name in (*names, "account.currency"))
        found = str(next((one for one in said if one is not None), USUAL_CURRENCY))
        minor_digits_or_impossible(found)
        return found

    # -- names ---------------------------------------------------------------------------------------------------

    def free(self, name: str) -> str:
        """This name, or one like it that no fact gives to something else."""
        taken = {str(value) for value in self.facts.values() if value is not None} | self.avoid
        tried = (name, *(f"{name}-{count}" for count in range(2, len(taken) + 3)))
        return next(each for each in tried if each not in taken)

    def age(self, scope: str, usual: int) -> int:
        """How many days before the operation a document is dated. Raises `Impossible` where there is to be none."""
        found = self.facts.get(f"{DAYS_SINCE}.{scope}", usual)
        if found is None:
            raise Impossible
        return int(found)

    def before(self, days: int) -> datetime.date:
        """So many days before the document date, as far as there is a calendar."""
        return moved(self.date, -days)


def _amounts(objects: Sequence[str]) -> Iterator[str]:
    for one in objects:
        yield f"{one}.amount"
        yield f"{one}.balance"


def minor_digits_or_impossible(currency: str) -> int:
    """The decimals of a currency. Raises `Impossible` for what is none."""
    try:
        return minor_digits(currency)
    except ValueError:
        raise Impossible from None


def amount(minor: int, currency: str) -> str:
    """An amount as files write it."""
    return format(from_minor(minor, currency), "f")


def moved(day: datetime.date, days: int) -> datetime.date:
    """A day so many days later, or the first or last one of the calendar."""
    ordinal = day.toordinal() + days
    return datetime.date.fromordinal(min(max(ordinal, 1), datetime.date.max.toordinal()))
