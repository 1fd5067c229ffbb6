"""One operation as somebody types it on a page, fills it in, or writes it as YAML."""

from __future__ import annotations

import datetime
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_at
from billpolicy.exchange.typed_operation import typed_operation
from billpolicy.service.asked.asking import check_people
from billpolicy.service.endpoint import Asked
from billpolicy.service.pages.operation_form import words_of
from billpolicy.source.tree import parse_text

if TYPE_CHECKING:
    from billpolicy import Instruction

TYPED, FIELDS, YAML = "typed", "fields", "yaml"
_NAME = "operation.yaml"
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
    """The operation that is meant, asked by whoever calls. Raises `Refused` with every mistake in it, and `Problem`
    where it names other people."""
    one = _in_yaml(wanted) if wanted.way == YAML else _in_words(wanted, day)
    actor = asked.caller.actor
    check_people([one], actor)
    return one if actor is None else replace(one, request=replace(one.request, actor=actor))


def _in_words(wanted: Wanted, day: datetime.date) -> Instruction:
    if wanted.way == FIELDS:
        name, words = wanted.filled.get("operation", ""), words_of(wanted.filled)
    else:
        try:
            name, *words = shlex.split(wanted.filled[TYPED])
        except ValueError:
            hint = "close the quotes; a value with spaces stands between two of them"
            raise Refused([Diagnostic("argument-form", "a quote has no end", Position(TYPED), hint)]) from None
    if not any(word.startswith("id=") for word in words):
        words.append(f"id={wanted.id}")
    return typed_operation(name, words, day)


def _in_yaml(wanted: Wanted) -> Instruction:
    """One operation, alone or as the only one of an operations file."""
    tree = parse_text(wanted.filled[YAML], _NAME)
    data, path = tree.data, ()
    if isinstance(data, dict) and isinstance(data.get("operations"), list):
        data, path = data["operations"], ("operations",)  # type: ignore[assignment]
    if isinstance(data, list):
        if len(data) != 1:
            message = f"these are {len(data)} operations, and a page plans one"
            hint = "leave one of them; `billpolicy plan` plans a file of them"
            raise Refused([Diagnostic("operations-file", message, tree.at(*path), hint)])
        data, path = data[0], (*path, 0)  # type: ignore[assignment]
    if isinstance(data, dict) and "id" not in data:
        data["id"] = wanted.id
    return operation_at(tree, path)


def by_word(problems: list[Diagnostic]) -> dict[str, list[Diagnostic]]:
    """What is wrong, by the word or the place that it is about; under nothing what is about none of them."""
    found: dict[str, list[Diagnostic]] = {}
    for one in problems:
        found.setdefault(one.position.file if one.position else "", []).append(one)
    return found
