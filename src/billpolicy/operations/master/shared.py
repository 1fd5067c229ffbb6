"""What operations on master data share: who may do it, that what is written can be used, and values from a day on."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from billpolicy.book.changes import SCOPES, Created, Given, known_record, master_id
from billpolicy.book.check import Context, problems
from billpolicy.book.history import value_after, value_on, written
from billpolicy.book.model import Account, Attributes, BookFile, Contact, Custom, Held, MasterRecord, Subscription
from billpolicy.deciding.listed import not_listed, unlisted
from billpolicy.deciding.objections import unknown_value
from billpolicy.diagnostics.diagnostic import Position, did_you_mean
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Instruction, Request
from billpolicy.policy.condition import Fact
from billpolicy.policy.typed import typed
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Plain, Text
from billpolicy.vocabulary.fields import changes_of
from billpolicy.vocabulary.operations import VOCABULARY


class HoldsAttributes:
    """Of these requests the `attributes` are values that the record shall hold; no document comes of it."""

    __slots__ = ()

    def asked_for(self) -> Attributes:
        """Nothing: no document is made."""
        return {}


@record
class ChangeRequest(Request):
    """Give a record other values, from a day on. What is not named stays; an attribute or custom value of null, and
    whatever `clear` names, is held no more."""

    from_: Date | None = None
    """The first day on which the values hold; without it, the document date."""
    clear: tuple[Text, ...] = ()


def since(planning: Planning, request: ChangeRequest) -> datetime.date:
    """The day from which on the values hold."""
    return request.from_ or planning.date


def permit(
    planning: Planning,
    account: Account | None,
    subscriptions: Iterable[Subscription] = (),
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Ask the policy whether this may be done. Raises `Refused` with everything that was found wrong so far."""
    planning.decide(resolve(planning, account, subscriptions=list(subscriptions), more=facts))


def facts_of_change(planning: Planning, day: datetime.date, fields: Iterable[str] = ()) -> dict[str, Fact]:
    """What conditions can ask about a change: from which day on it holds, and for each name that they know whether
    one of these fields is called so."""
    spec, policy = VOCABULARY[planning.request.operation], planning.policy
    known = (*spec.fields, *changes_of(spec.changes, policy.attributes, policy.fields))
    names = {f"changes.{field.rpartition('.')[2]}" for field in fields}
    asked = {field.name: field.name in names for field in known if field.name.startswith("changes.")}
    back_dated = day < max(planning.date, planning.today)
    return {"from": day.toordinal(), "back_dated": back_dated, **asked}


# -- what is created -----------------------------------------------------------------------------------------------


def create(planning: Planning, new: MasterRecord, *path: str) -> None:
    """Put a new record in the plan, unless there is one of its name."""
    scope, id = SCOPES[type(new)], master_id(new)
    if known_record(planning.book, scope, id) is not None:
        what = scope.replace("_", " ")
        message = f"there is {'an' if what[0] in 'aeiou' else 'a'} {what} `{id}` already"
        planning.refuse("record-known", message, *path, hint=f"give the new one another name, or change {id}")
    for found in unlisted(planning.policy, scope, new):
        planning.problem("value-not-listed", found.message, *path[:-1], found.field, hint=found.hint)
    planning.stop_if_refused()
    planning.change(Created(new))


_Path = tuple[str | int, ...]


def check_as_in_a_book(
    planning: Planning,
    section: str,
    new: MasterRecord,
    elsewhere: tuple[_Path, _Path] = ((), ()),
    **beside: Iterable[Any],
) -> None:
    """Note what would be wrong with the record in the file of a book, at the field of the request that says so.

    `elsewhere`: what of the record the request says elsewhere, and where. `beside`: the other records of that file, by
    section.
    """
    others = {name: tuple(records) for name, records in beside.items()}
    held = BookFile(**{"accounts": (), **others, section: (*others.get(section, ()), new)})
    place = len(others.get(section, ()))
    for found in problems(Context(held, _Asked(planning.instruction, (section, place), elsewhere))):
        planning.add(found)


class _Asked:
    """The places of a book's file that holds what was asked for: those in the request."""

    def __init__(self, instruction: Instruction, of: _Path, elsewhere: tuple[_Path, _Path]) -> None:
        self._instruction = instruction
        self._of = of
        self._elsewhere = elsewhere

    def at(self, *path: str | int) -> Position:
        """Where that field of the request stands."""
        if path[:2] != self._of:
            return self._instruction.at()
        there, here = self._elsewhere
        if path[2 : 2 + len(there)] == there:
            return self._instruction.at(*here, *path[2 + len(there) :])
        return self._instruction.at(*path[2:])


# -- what is changed -----------------------------------------------------------------------------------------------


def contact_of(planning: Planning, id: str) -> Contact:
    """The contact, or refuse."""
    contact = planning.book.contacts.get(id)
    if contact is None:
        hint = did_you_mean(id, planning.book.contacts) or "create it with `create_contact`"
        planning.refuse("contact-unknown", f"there is no contact `{id}`", "contact", hint=hint)
    return contact


# -- values from a day on ------------------------------------------------------------------------------------------


def different(record: MasterRecord, values: Mapping[str, Any], day: datetime.date) -> dict[str, Any]:
    """Of these values, by field, those that the record does not hold on that day."""
    return {field: value for field, value in values.items() if value_on(record, field, day) != written(value)}


def give(planning: Planning, record: MasterRecord, values: Mapping[str, Any], day: datetime.date) -> None:
    """Let a record hold values from a day on: field -> value, None for none. What it holds already is passed over;
    if that is all of it, there is nothing to do, and that is refused."""
    scope: Any = SCOPES[type(record)]
    account = record.account if isinstance(record, Contact) else None
    given = []
    for field, value in different(record, values, day).items():
        held = Held(field=field, value=written(value), since=day, operation=planning.request.id)
        given.append(Given(scope, master_id(record), held, value_on(record, field, day), account))
    if not given:
        what = f"{scope.replace('_', ' ')} `{master_id(record)}`"
        named = ", ".join(f"`{field}`" for field in values)
        message = f"no value of {what} is named"
        if named:
            message = f"{what} holds just these values on {day} already: {named}"
        planning.refuse("nothing-changes", message, hint="name a value that is another one from that day on")
    planning.stop_if_refused()
    for one in given:
        value = one.held.value
        found = None if value is None else not_listed(planning.policy, f"{scope}.{one.held.field}", value)
        if found is not None:
            planning.refuse("value-not-listed", found.message, found.field, hint=found.hint)
        planning.change(one)
        until = value_after(record, one.held.field, day)
        if until is not None:
            value = until.value or "none"
            planning.note(f"`{one.held.field}` is this until {until.since}: from that day on it is {value} already")


def wanted(planning: Planning, request: ChangeRequest, *names: str, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Field -> value, of these fields of the request and of its attributes and custom values; None is none.

    What cannot be cleared, as the `needed` ones, or is given and cleared at once, is noted.
    """
    values = {name: getattr(request, name) for name in (*names, *needed) if getattr(request, name) is not None}
    for index, name in enumerate(request.clear):
        if name in needed:
            message = f"`{name}` cannot be cleared: there must be one"
            planning.problem("clear-unknown", message, "clear", index, hint=f"give it another one: `{name}: ...`")
        elif name not in names:
            hint = _instead_of_clearing(planning, request, name, names)
            planning.problem("clear-unknown", f"`{name}` cannot be cleared here", "clear", index, hint=hint)
        elif name in values:
            message = f"`{name}` is given a value and cleared at once"
            planning.problem("clear-unknown", message, "clear", index, hint="remove one of the two")
        else:
            values[name] = None
    for holder in ("attributes", "custom"):
        values |= {f"{holder}.{name}": value for name, value in (getattr(request, holder, None) or {}).items()}
    return values


def _instead_of_clearing(planning: Planning, request: ChangeRequest, name: str, names: tuple[str, ...]) -> str:
    """What to write for a name that `clear` does not take."""
    if name in planning.policy.attributes and isinstance(request, HoldsAttributes):
        return f"an attribute is cleared by `null`: `attributes: {{{name}: null}}`"
    if hasattr(request, "custom") and any(one.endswith(f".{name}") for one in planning.policy.fields):
        return f"a custom value is cleared by `null`: `custom: {{{name}: null}}`"
    return did_you_mean(name, names) or f"one of {', '.join(names)}"


# -- what is written can be used -----------------------------------------------------------------------------------


def check_values(
    planning: Planning,
    scope: str,
    account: Account,
    attributes: Attributes,
    custom: Custom,
    day: datetime.date,
    *path: str | int,
) -> None:
    """Note attributes and custom values that the policy does not declare, and values that name nothing."""
    policy, book = planning.policy, planning.book
    for name, value in attributes.items():
        where = (*path, "attributes", name)
        attribute = policy.attributes.get(name)
        if attribute is None:
            hint = did_you_mean(name, policy.attributes) or f"one of {', '.join(sorted(policy.attributes))}"
            planning.problem("attribute-not-here", f"the policy declares no attribute `{name}`", *where, hint=hint)
        elif value is not None:
            found = unknown_value(policy, attribute, value, book.contacts, [account.id], day)
            if found is not None:
                planning.problem(found.code, f"`{name}` is `{value}`, {found.what}", *where, hint=found.hint)
    for name, value in custom.items():
        where = (*path, "custom", name)
        field = policy.fields.get(f"{scope}.{name}")
        if field is None:
            own = [one.removeprefix(f"{scope}.") for one in policy.fields if one.startswith(f"{scope}.")]
            hint = did_you_mean(name, own) or f"declare it in the policy: `fields: {{{scope}.{name}: {{type: text}}}}`"
            message = f"the policy declares no field `{scope}.{name}`"
            planning.problem("custom-value-wrong", message, *where, hint=hint)
        elif value is not None:
            try:
                typed(field, Plain(value))
            except ValueError as error:
                hint = f"`{scope}.{name}` is declared in the policy"
                planning.problem("custom-value-wrong", f"`{name}` is wrong: {error}", *where, hint=hint)
