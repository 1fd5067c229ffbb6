"""What a record of master data holds on which day: its values have a history, and each says since when it holds.

A record has the values that came last for their day, and its `history` all values of the fields that ever changed. Of
several that hold from the same day on, the one that came last counts. A field that never changed holds from the
beginning. What stands in a ledger is the record as it came, and what was given to it since.
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

R = TypeVar("R", bound=MasterRecord)
FIELDS: dict[type[Any], tuple[str, ...]] = {
    Account: ("name", "country", "currency", "attributes.", "custom."),
    Contact: ("name", "country", "email", "retired_on"),
    Subscription: ("plan", "term_end", "bill_day", "invoice_separately", "attributes.", "custom.", "charges."),
    Charge: ("name", "type"),
    AccountingPeriod: ("status",),
}
"""What can change of a record; with a dot at its end, everything in it."""
_READ: dict[str, Callable[[str], Any]] = {
    "retired_on": datetime.date.fromisoformat,
    "term_end": datetime.date.fromisoformat,
    "until": datetime.date.fromisoformat,
    "bill_day": int,
    "invoice_separately": lambda text: text == "true",
}
"""How the text of a value is read, of fields that are no texts."""
_NOTHING: dict[str, Any] = {"invoice_separately": False}


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
    return None if value is None else str(value)


def on_day(record: R, day: datetime.date) -> R:
    """The record with the values that hold on a day."""
    if not record.history:
        return record
    then: Any = record
    for field in dict.fromkeys(held.field for held in record.history):
        if not field.startswith("charges."):  # what becomes of a charge says its days itself
            found = held_on(record, field, day)
            then = _with_value(then, field, None if found is None else found.value)
    return cast("R", then)


def held_on(record: MasterRecord, field: str, day: datetime.date) -> Held | None:
    """The value that holds on a day, of a field that has changed; None where it holds none yet, or never changed."""
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
    """The record before it was given any value."""
    for field in dict.fromkeys(held.field for held in record.history):
        first = _last(held for held in record.history if held.field == field and held.since is None)
        record = _with_value(record, field, None if first is None else first.value)
    return replace(record, history=())


def given_since(record: MasterRecord) -> tuple[Held, ...]:
    """All that was given to the record since it came: with these, `given` makes it of `as_it_came`."""
    came = {
        field: Held(field=field, value=next(one.value for one in record.history if one.field == field))
        for field in dict.fromkeys(held.field for held in record.history)
    }
    firsts = {field: replace(held, operation=record.created_by) for field, held in came.items()}
    kept = []
    for held in record.history:
        if firsts.get(held.field) == held:
            del firsts[held.field]
        else:
            kept.append(held)
    return tuple(kept)


def with_history(record: R, history: Iterable[Held]) -> R:
    """The record after it was given all of these."""
    for held in history:
        record = given(record, held)
    return record


def _last(entries: Iterable[Held]) -> Held | None:
    """Of these the one that counts: the latest day, and of one day the last that came."""
    last = None
    for held in entries:
        if last is None or (held.since or datetime.date.min) >= (last.since or datetime.date.min):
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
    value = _NOTHING.get(field) if text is None else _READ.get(field, str)(text)
    return replace(record, **{field: value})
