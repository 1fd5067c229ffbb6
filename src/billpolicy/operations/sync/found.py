"""What comparing a book with a ledger finds: steps that follow the book, and what cannot be followed."""

from __future__ import annotations

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from billpolicy.book.changes import SCOPES, account_name, master_id, master_name
from billpolicy.book.history import given as given_value
from billpolicy.book.history import on_day, value_of, written
from billpolicy.book.model import Account, Contact, Held, MasterRecord, Subscription
from billpolicy.diagnostics.codes import Known
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.policy.model import Policy
from billpolicy.source.codec import canonical
from billpolicy.source.composed import composed
from billpolicy.source.write import plain_data

Asked = dict[str, Any]
"""Keys of an operation with what is asked for."""


class Field(NamedTuple):
    """One value that differs, as text; None is none."""

    name: str
    before: str | None
    after: str | None


class SyncStep(NamedTuple):
    """One operation that follows the book, and what it changes of which record."""

    operation: Mapping[str, Any]
    """As an entry of an operations file."""
    scope: str
    """`account`, `contact`, `subscription`, `charge` or `accounting_period`."""
    id: str
    new: bool
    """Whether the record comes into being."""
    fields: tuple[Field, ...]


class NotFollowed(NamedTuple):
    """What the book says otherwise of a record or document, and why no operation follows it."""

    section: str
    """Section of the book, such as `invoices`."""
    id: str
    """Of the record, or the number of the document; of an accounting period its first day."""
    diagnostic: Diagnostic
    """Without a position: a book does not know where it was written."""


Found = SyncStep | NotFollowed


@dataclass(frozen=True)
class Comparing:
    """What every comparison of two records needs to know."""

    policy: Policy
    day: datetime.date
    """From this day on the values of the book hold, where it does not say since when."""
    revisions: Mapping[str, int]
    """As in `Book.revisions`."""

    def step(
        self, record: MasterRecord, operation: str, asked: Mapping[str, Any], *fields: Field, new: bool = False
    ) -> SyncStep:
        """An operation of the day. The same difference, found again while nothing was posted on the record in between,
        is the same operation and has the same id."""
        data, id = plain_data(dict(asked)), master_id(record)
        known = account_name(record.account) if isinstance(record, Contact) else master_name(record)
        state = [operation, data, self.revisions.get(known, 0), len(record.history)]
        digest = hashlib.sha256(canonical(state).encode()).hexdigest()[:8]
        head = {"id": f"sync/{self.day}/{operation}/{id}/{digest}", "operation": operation}
        return SyncStep({**head, "date": self.day.isoformat(), **data}, SCOPES[type(record)], id, new, fields)

    def created(self, record: MasterRecord, operation: str, **values: Any) -> SyncStep:
        """The operation by which a record comes into being; what is empty is not asked for."""
        asked = said(**values)
        fields = (Field(name, None, _in_words(value)) for name, value in asked.items() if name != SCOPES[type(record)])
        return self.step(record, operation, asked, *fields, new=True)

    def changes(
        self, known: MasterRecord, given: MasterRecord, operation: str, asked: Asked, names: Sequence[str]
    ) -> Iterator[SyncStep]:
        """One operation for each day from which on values differ: the day of the sync, and days that the history of the
        book's record says itself. `names`: fields, beside the attributes and custom values that the policy declares."""
        stated: dict[datetime.date, dict[str, str | None]] = defaultdict(dict)
        for field in (*names, *self._holding(known, given)):
            own = {held.since for held in given.history if held.field == field and held.since is not None}
            for day in {self.day, *own}:
                stated[day][field] = value_of(on_day(given, day), field)
        for day, values in sorted(stated.items()):
            now = on_day(known, day)
            fields = [Field(name, value_of(now, name), value) for name, value in values.items()]
            differing = [one for one in fields if not alike(one.before, one.after)]
            if differing:
                yield self.step(known, operation, {**asked, **_asked(on_day(given, day), differing, day)}, *differing)
            for one in differing:
                known = given_value(known, Held(field=one.name, value=one.after, since=day))

    def _holding(self, known: MasterRecord, given: MasterRecord) -> list[str]:
        """The attributes and custom values that either holds or has held, as far as the policy declares them."""
        if not isinstance(known, Account | Subscription) or not isinstance(given, Account | Subscription):
            return []
        names = {f"attributes.{name}" for one in (known, given) for name in one.attributes}
        names |= {f"custom.{name}" for one in (known, given) for name in one.custom}
        names |= {held.field for one in (known, given) for held in one.history}
        return sorted(name for name in names if self._is_declared(known, *name.partition(".")[::2]))

    def _is_declared(self, record: MasterRecord, holder: str, name: str) -> bool:
        if holder == "attributes":
            return name in self.policy.attributes
        return holder == "custom" and f"{SCOPES[type(record)]}.{name}" in self.policy.fields

    def declared(self, record: Account | Subscription) -> dict[str, dict[str, str]]:
        """What the record holds of the attributes and custom fields that the policy declares."""
        return {
            holder: {
                name: value
                for name, value in getattr(record, holder).items()
                if value is not None and self._is_declared(record, holder, name)
            }
            for holder in ("attributes", "custom")
        }


def stays(record: MasterRecord, what: str, name: str, known: Any, given: Any, hint: str = "") -> NotFollowed:
    """What no operation changes. `what`: the record, or a charge of it, in words."""
    message = f"`{name}` of {what} is {written(given) or 'none'} in the book, but {written(known) or 'none'} in "
    message += "the ledger, and cannot change"
    return not_followed(record, "sync-differs", message, hint or "mend the book, or end it and create another one")


def not_followed(record: MasterRecord, code: Known, message: str, hint: str) -> NotFollowed:
    """Why a record of the book is not followed."""
    return NotFollowed(section_of(record), master_id(record), Diagnostic(code, message, hint=hint))


def section_of(record: MasterRecord) -> str:
    """The section of a book that such records stand in."""
    return f"{SCOPES[type(record)]}s"


def named(record: MasterRecord) -> str:
    """A record in words."""
    return f"{SCOPES[type(record)].replace('_', ' ')} `{master_id(record)}`"


def said(**values: Any) -> Asked:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def alike(one: str | None, other: str | None) -> bool:
    """Whether two texts are the same to a reader: an accent may be a character of its own, or part of its letter."""
    return one == other or (one is not None and other is not None and composed(one) == composed(other))


def _asked(given: Any, differing: Sequence[Field], day: datetime.date) -> Asked:
    """The keys of a change: a value for each field, `clear` for those that hold none any more."""
    asked: Asked = {"from": day}
    for name, _, after in differing:
        holder, _, key = name.partition(".")
        if key:
            asked.setdefault(holder, {})[key] = after
        elif after is None:
            asked.setdefault("clear", []).append(name)
        else:
            asked[name] = getattr(given, name)
    return asked


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {held}" for key, held in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(f"{one['id']} {price(one)}" if "quantity" in one else one["id"] for one in value)
    return written(value) or "none"


def price(charge: Mapping[str, Any]) -> str:
    """What a charge costs, in words; as it is asked for."""
    return f"{charge['quantity']} x {charge['rate']}" if "rate" in charge else "without a rate"
