"""One operation as somebody types it on a page: a line, or YAML as in an operations file."""

from __future__ import annotations

import datetime
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.exchange.operations_file import operation_at, operations_of
from billpolicy.exchange.typed_operation import like_an_operation, typed_operation
from billpolicy.service.asking import check_people
from billpolicy.service.endpoint import Asked
from billpolicy.source.tree import parse_text

if TYPE_CHECKING:
    from billpolicy import Instruction

HELP = "A line, like write_off_invoice invoice=INV00000001, or YAML as in an operations file."


def typed(asked: Asked, text: str, day: datetime.date) -> Instruction:
    """The operation that is meant, asked by whoever calls. Raises `Refused` with every mistake in it, and `Problem`
    where it names other people."""
    one = _read(text.strip(), day)
    check_people([one], asked.caller.actor)
    actor = asked.caller.actor
    return one if actor is None else replace(one, request=replace(one.request, actor=actor))


def _read(text: str, day: datetime.date) -> Instruction:
    first, _, rest = text.partition(" ")
    if "\n" not in text and like_an_operation(first):
        try:
            words = shlex.split(rest)
        except ValueError:
            hint = "close the quotes; a value with spaces stands between two of them"
            raise Refused([Diagnostic("value-wrong", "a quote has no end", Position("line"), hint)]) from None
        return typed_operation(first, words, day)
    tree = parse_text(text, "typed.yaml")
    data = tree.data[0] if isinstance(tree.data, list) and len(tree.data) == 1 else tree.data
    if isinstance(data, dict) and "operation" in data:
        return operation_at(tree, (0,) if data is not tree.data else ())
    every = operations_of(tree)
    if len(every) > 1:
        message = f"these are {len(every)} operations, and a page shows one"
        raise Refused([Diagnostic("operations-file", message, Position("typed.yaml"), "leave one of them")])
    return every[0]
