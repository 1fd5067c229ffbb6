"""The types of the vocabulary: what an operation, a level, a field, a setting and an event are.

The entries stand in the other files of this room; a `Vocabulary` is handed down, so that whoever checks a policy
against it can be tested with a small one. Nothing here says who inherits what: that is policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

DocumentKind = Literal["invoice", "credit_memo", "debit_memo", "payment", "refund"]
DOCUMENT_KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)
FieldType = Literal["text", "choice", "integer", "money", "date", "days", "boolean", "country", "currency"]
"""`days` is a length of time: a whole number of days, below zero where something is still ahead. `country` and
`currency` are codes of ISO 3166 and ISO 4217: texts that are checked."""
Level = Literal[
    "request",
    "invoice",
    "credit_memo",
    "debit_memo",
    "payment",
    "subscription",
    "order_line_item",
    "account",
    "default",
]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Where a value can come from; `default` is the policy's own for the attribute (docs/policy-language.md rule 4)."""
DAYS_SINCE = "days_since"
"""The scope of the fields that say how old the document of that name is."""
ROLES = "roles"
"""In `FieldSpec.codes`: the choices are the roles of the policy."""
CUSTOM_SCOPES = ("account", "subscription")
"""The objects of a book that hold custom values; a field of any other would silently be unset for ever."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What a policy may call an attribute, or a field of its own after the dot."""


class FieldSpec(NamedTuple):
    """A field that conditions can ask about: its dotted name, its one type, and the closed list of a choice."""

    name: str
    type: FieldType
    doc: str = ""
    choices: tuple[str, ...] = ()
    codes: str = ""
    """The category of the policy's `reason_codes` that lists the choices, instead of `choices`."""
    always: bool = False
    """Whether every such object has a value; whether there is one, says `OperationSpec.uncertain`."""
    at_least: int | None = None
    """The least that a number can be; of money in minor units."""


class SettingSpec(NamedTuple):
    """A decision of an operation that is a plain value: a choice out of a closed list, a text, a number, true/false."""

    name: str
    type: Literal["text", "choice", "integer", "boolean"]
    doc: str
    choices: tuple[str, ...] = ()
    codes: str = ""
    """As in `FieldSpec`."""
    routine: bool = False
    """Text explanations leave it out as long as the base rule decides it."""
    telling: tuple[str, ...] = ()
    """Values of a routine setting that they tell all the same."""
    excepted: bool = True
    """Whether exceptions can decide it; not what says which values their conditions ask about."""


class EventSpec(NamedTuple):
    """Something that an operation brings about, which a follow-up of the policy can come after."""

    name: str
    doc: str
    fields: tuple[FieldSpec, ...]
    """What the `when` of a follow-up can ask about it."""


class OperationSpec(NamedTuple):
    """What a policy can say about one operation."""

    name: str
    doc: str
    produces: tuple[DocumentKind, ...]
    """The kinds of documents that it makes; with none it has no attributes, only settings."""
    levels: tuple[Level, ...]
    fields: tuple[FieldSpec, ...]
    settings: tuple[SettingSpec, ...] = ()
    changes: str = ""
    """The object whose attributes and custom values it changes: for each of them conditions have a field."""
    causes: tuple[str, ...] = ()
    """Names of the events that it can bring about."""
    follows: tuple[EventSpec, ...] = ()
    """The events after which a follow-up can run it."""
    uncertain: tuple[str, ...] = ("subscription",)
    """The objects that conditions can ask about and there may be none of, or several."""
    either: tuple[Level, ...] = ()
    """Levels of which there is one at a time: which of them a chain names first has no effect."""

    def fields_after(self, event: str) -> tuple[FieldSpec, ...]:
        """What a follow-up that runs it after an event can ask about: the event, and the objects of the operation."""
        of_event = next((one.fields for one in self.follows if one.name == event), ())
        named = {field.name for field in of_event}
        of_objects = (field for field in self.fields if "." in field.name and field.name not in named)
        return (*of_event, *of_objects)


Vocabulary = Mapping[str, OperationSpec]
"""Operation name -> what a policy can say about it."""


def events_of(vocabulary: Vocabulary) -> dict[str, EventSpec]:
    """The events that some operation can follow, by name."""
    return {event.name: event for spec in vocabulary.values() for event in spec.follows}


def scopes_of(fields: Iterable[FieldSpec]) -> frozenset[str]:
    """The objects that fields are of: `account`, `invoice`, ..."""
    return frozenset(field.name.partition(".")[0] for field in fields if "." in field.name)


def objects_of(names: Iterable[str]) -> frozenset[str]:
    """The objects that all is known of, by the names of fields: those with an id or a number. Of a payment that is made
    there is only its type."""
    pairs = (name.rpartition(".") for name in names)
    return frozenset(scope for scope, _, own in pairs if scope and own in ("id", "number"))


def object_of(field: str) -> str:
    """The object that a field is of, by its dotted name: of `invoice.date` and `days_since.invoice` the invoice."""
    scope, _, name = field.partition(".")
    return name if scope == DAYS_SINCE else scope
