"""One operation as somebody types it on a page, fills it in, or writes it as YAML."""

from __future__ import annotations

import datetime
import secrets
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_at, operations_of
from billpolicy.exchange.typed_operation import typed_operation
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import give_id
from billpolicy.service.asked.operations import asked_by, check_people
from billpolicy.service.pages.operation_form import words_of
from billpolicy.source.tree import parse_text

if TYPE_CHECKING:
    from billpolicy import Instruction

TYPED, FIELDS, YAML = "typed", "fields", "yaml"
MOST_TYPED = 20_000
"""Letters of an operation on one line, which takes the square of it to read; more of it is written as YAML."""
NAME = "operation.yaml"
"""Of what is written as YAML."""
_ID_DIGITS = 4
"""Bytes of chance in an id that is made here."""


class Wanted(NamedTuple):
    """What was filled in."""

    way: str
    filled: Mapping[str, str]
    id: str
    """Of the operation, unless it says one: the same from when the form was first shown, so that it is posted once."""

    @property
    def is_asked(self) -> bool:
        """Whether anything is to be planned."""
        if self.way == FIELDS:
            return "plan" in self.filled
        return bool(self.filled.get(self.way, "").strip())


def new_id(day: datetime.date) -> str:
    """An id that nothing has."""
    return f"{day}-{secrets.token_hex(_ID_DIGITS)}"


def read(asked: Asked, wanted: Wanted, day: datetime.date) -> Instruction:
    """The operation that is meant, and no other one, as `read_all` reads it."""
    each = read_all(asked, wanted, day)
    if len(each) != 1:
        message = f"these are {len(each)} operations, and a page plans one"
        hint = "leave one of them; `billpolicy plan` plans a file of them"
        raise Refused([Diagnostic("operations-file", message, each[0].at() if each else Position(NAME), hint)])
    return each[0]


def read_all(asked: Asked, wanted: Wanted, day: datetime.date) -> list[Instruction]:
    """The operations that are meant, each asked by whoever calls: as YAML there may be several. Raises `Refused` with
    every mistake in them, and `Problem` where they name other people."""
    each = _in_yaml(wanted) if wanted.way == YAML else [_in_words(wanted, day)]
    actor = asked.caller.actor
    check_people(each, actor)
    return [asked_by(one, actor) for one in each]


def _in_words(wanted: Wanted, day: datetime.date) -> Instruction:
    if wanted.way == FIELDS:
        name, words = wanted.filled.get("operation", ""), words_of(wanted.filled)
    else:
        if len(wanted.filled[TYPED]) > MOST_TYPED:
            hint = "write it as YAML"
            message = f"this is longer than the {MOST_TYPED:,} letters that are read of one line"
            raise Refused([Diagnostic("argument-form", message, Position(TYPED), hint)])
        try:
            name, *words = shlex.split(wanted.filled[TYPED])
        except ValueError:
            hint = "close the quotes; a value with spaces stands between two of them"
            raise Refused([Diagnostic("argument-form", "a quote has no end", Position(TYPED), hint)]) from None
    if not any(word.startswith("id=") for word in words):
        words.append(f"id={wanted.id}")
    return typed_operation(name, words, day)


def _in_yaml(wanted: Wanted) -> list[Instruction]:
    """One operation, alone or in a list, or those of an operations file; none of them needs an id."""
    tree = parse_text(wanted.filled[YAML], NAME)
    is_file = isinstance(tree.data, dict) and "operations" in tree.data
    found = tree.data["operations"] if is_file else tree.data
    listed = found if isinstance(found, list) else [found]
    for number, one in enumerate(listed, 1):
        give_id(one, wanted.id if len(listed) == 1 else f"{wanted.id}-{number}")
    if is_file or len(listed) != 1:
        return operations_of(tree)
    return [operation_at(tree, () if listed is not found else (0,))]
