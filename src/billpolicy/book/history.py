"""What a record of master data holds on which day: effective dating. Each value says since when it holds.

A record has the values that came last for their day, and its `history` all values of the fields that ever changed: of
each first the one from the beginning, without a day, and only that one. Of several that hold from the same day on, the
one that came last counts. What stands in a ledger is the record as it came, and what was given to it since.

An end says its day itself, and a period is open or closed for all its days: of these the value that came last counts,
whatever day it was given on.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Charge,
    Contact,
    Held,
    MasterRecord,
    SubscribedCharge,
    Subscription,
)
from billpolicy.source.scalars import read_country, read_currency

R = TypeVar("R", bound=MasterRecord)
FIELDS: dict[type[Any], tuple[str, ...]] = {
    Account: ("name", "country", "region", "currency", "attributes.", "custom."),
    Contact: ("name", "country", "email", "retired_on"),
    Subscription: ("plan", "term_end", "bill_day", "invoice_separately", "attributes.", "custom.", "charges."),
    Charge: ("name", "type", "tax_code"),
    AccountingPeriod: ("status",),
}
"""What can change of a record; with a dot at its end, everything in it."""
_SAYS_ITS_DAYS = ("term_end", "status")
"""Fields whose values hold whatever the day; and so do those of charges."""
OF_CHARGES = ("until",)
"""What can change of a charge of a subscription, as `charges.ID.until`."""
_READ: dict[str, Callable[[str], Any]] = {
    "retired_on": datetime.date.fromisoformat,
    "term_end": datetime.date.fromisoformat,
    "until": datetime.date.fromisoformat,
    "bill_day": int,
    "invoice_separately": lambda text: {"true": True, "false": False}[text],
    "currency": read_currency,
    "type": lambda text: _one_of(text, "one_time", "recurring", "usage"),
    "status": lambda text: _one_of(text, "open", "closed"),
}
"""How the text of a value is read, of fields that are no texts."""
_CHECKED: dict[str, Callable[[str], str]] = {"country": read_country}
"""What is asked of the text of a value that comes; a ledger may hold others since before that was asked."""
_ALWAYS: dict[type[Any], tuple[str, ...]] = {
    Account: ("currency",),
    Charge: ("name", "type"),
    AccountingPeriod: ("status",),
}
"""What a record cannot be without."""
_NOTHING: dict[str, Any] = {"invoice_separately": False}


def _one_of(text: str, *choices: str) -> str:
    if text not in choices:
        raise ValueError(f"{text} is none of {', '.join(choices)}")
    return text


def can_change(record: MasterRecord, field: str) -> bool:
    """Whether a record has a field that can hold other values."""
    holder, _, name = field.partition(".")
    if holder == "charges" and isinstance(record, Subscription):
        charge, _, name = name.rpartition(".")
        return name in OF_CHARGES and any(one.id == charge for one in record.charges)
    return (f"{holder}." if name else field) in FIELDS[type(record)]


def can_hold(record: MasterRecord, field: str, text: str | None) -> bool:
    """Whether a value can be read as one of this field."""
    if text is None:
        return field not in _ALWAYS.get(type(record), ())
    name = field.rpartition(".")[2] if field.startswith("charges.") else field
    try:
        return _as_value(name, _CHECKED.get(name, str)(text)) is not None
    except (KeyError, ValueError):
        return False


def wrong_end(record: MasterRecord, field: str) -> str | None:
    """What the history of a field ends in, if the record does not hold that."""
    last = _last(held for held in record.history if held.field == field)
    return None if last is None or last.value == value_of(record, field) else (last.value or "none")


def value_of(record: MasterRecord | SubscribedCharge, field: str) -> str | None:
    """What a record holds now, as text."""
    holder, _, name = field.partition(".")
    if not name:
        return written(getattr(record, holder))
    if holder == "charges":
        charge, _, name = name.rpartition(".")
        found = next((one for one in record.charges if one.id == charge), None)  # type: ignore[union-attr]
        return None if found is None else value_of(found, name)
    held: str | None = getattr(record, holder).get(name)
    return held


def written(value: Any) -> str | None:
    """A value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value) or None
    return None if value is None else str(value)


def on_day(record: R, day: datetime.date) -> R:
    """The record with the values that hold on a day."""
    if not record.history:
        return record
    then: Any = record
    for field in dict.fromkeys(held.field for held in record.history):
        if _is_dated(field):
            then = _with_value(then, field, value_on(record, field, day))
    return cast("R", then)


def value_on(record: MasterRecord, field: str, day: datetime.date) -> str | None:
    """What a record holds on a day, as text."""
    found = held_on(record, field, day) if _is_dated(field) else None
    return value_of(record, field) if found is None else found.value


def value_after(record: MasterRecord, field: str, day: datetime.date) -> Held | None:
    """The next value of a field after that of a day: none, if that one holds for good."""
    days = [held.since for held in record.history if held.field == field and held.since is not None]
    later = [since for since in days if since > day]
    return held_on(record, field, min(later)) if later and _is_dated(field) else None


def values_in_turn(record: MasterRecord, field: str) -> list[tuple[Any, datetime.date | None]]:
    """What a record holds one after the other, each with its first day; the first value is from the beginning."""
    entries = [held for held in record.history if held.field == field]
    if not entries:
        return [(getattr(record, field), None)]
    last = {held.since: held for held in entries}
    days = sorted(last, key=lambda day: day or datetime.date.min)
    return [(_as_value(field, last[day].value), day) for day in days]


def held_on(record: MasterRecord, field: str, day: datetime.date) -> Held | None:
    """The value that holds on a day, of a field that has changed; None of one that never did."""
    return _last(held for held in record.history if held.field == field and (held.since is None or held.since <= day))


def given(record: R, held: Held) -> R:
    """The record that was given a value from a day on."""
    history = record.history
    if held.since is not None and not any(one.field == held.field for one in history):
        first = Held(field=held.field, value=value_of(record, held.field), operation=record.created_by)
        history = (*history, first)
    record = replace(record, history=(*history, held))
    last = _last(one for one in record.history if one.field == held.field)
    return cast("R", _with_value(record, held.field, None if last is None else last.value))


def as_it_came(record: R) -> R:
    """The record before it was given any value: with what each field held from the beginning."""
    came = record
    for held in record.history:
        if held.since is None:
            came = cast("R", _with_value(came, held.field, held.value))
    return replace(came, history=())


def given_since(record: MasterRecord) -> tuple[Held, ...]:
    """All that was given to the record since it came: with these, `given` makes it of `as_it_came`.

    Without what `given` put before it: the value from the beginning, of the operation that created the record.
    """
    return tuple(held for held in record.history if held.since is not None or held.operation != record.created_by)


def in_order(record: R) -> R:
    """The same record with its history as operations would have made it: what a field held first stands before what it
    was given, and not before that of another field."""
    return with_history(as_it_came(record), given_since(record)) if record.history else record


def with_history(record: R, history: Iterable[Held]) -> R:
    """The record after it was given all of these."""
    for held in history:
        record = given(record, held)
    return record


def _is_dated(field: str) -> bool:
    return field not in _SAYS_ITS_DAYS and not field.startswith("charges.")


def _last(entries: Iterable[Held]) -> Held | None:
    """Of these values of one field the one that counts: the latest day, and of one day the last that came."""
    last = None
    for held in entries:
        if (
            last is None
            or not _is_dated(held.field)
            or (held.since or datetime.date.min) >= (last.since or datetime.date.min)
        ):
            last = held
    return last


def _with_value(record: Any, field: str, text: str | None) -> Any:
    """The record, or subscribed charge, that holds this as the text of a value."""
    holder, _, name = field.partition(".")
    if holder == "charges":
        charge, _, name = name.rpartition(".")
        charges = tuple(_with_value(one, name, text) if one.id == charge else one for one in record.charges)
        return replace(record, charges=charges)
    if name:
        mapping: Mapping[str, str | None] = getattr(record, holder)
        changed = {**mapping, name: text} if text is not None else {k: v for k, v in mapping.items() if k != name}
        return replace(record, **{holder: changed})
    return replace(record, **{field: _as_value(field, text)})


def _as_value(field: str, text: str | None) -> Any:
    return _NOTHING.get(field) if text is None else _READ.get(field, str)(text)
