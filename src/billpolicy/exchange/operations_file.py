"""An operations file as requests, each of its own type, with every mistake at its line.

It may bring the book that they are planned on, and the day of planning: so does a witness of what a policy does.
"""

from __future__ import annotations

import datetime
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.load import BOOK, book_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import Instruction
from billpolicy.source.given import given
from billpolicy.source.kinds import refuse_other_kind
from billpolicy.source.read import read_record
from billpolicy.source.record import written_name
from billpolicy.source.scalars import MAX_TEXT, read_date
from billpolicy.source.tree import Tree, parse

MAX_MEGABYTES = 32


def load_operations(path: str | Path) -> list[Instruction]:
    """The operations of a YAML or JSON file, in its order; a book that stands beside them is another matter.

    Raises `Refused` with every mistake of form.
    """
    return operations_of(parse(Path(path), max_megabytes=MAX_MEGABYTES, look=operations_of))


class WithBook(NamedTuple):
    """The operations of a file, and what it brings with them."""

    operations: list[Instruction]
    book: Book | None = None
    today: datetime.date | None = None
    """The day of planning."""


def load_with_book(path: str | Path) -> WithBook:
    """The operations of a file, with the `book` and the day `today` that stand in it, if they do.

    Raises `Refused` with every mistake in any of them.
    """
    tree = parse(Path(path), max_megabytes=MAX_MEGABYTES, look=operations_of)
    refuse_other_kind(tree, "operations")
    if not isinstance(tree.data, dict) or BOOK not in tree.data:
        return WithBook(operations_of(tree))
    problems: list[Diagnostic] = []
    today, book, asked = None, None, []
    try:
        today = read_date(tree.data["today"]) if "today" in tree.data else None
    except ValueError as error:
        problems.append(Diagnostic("value-wrong", str(error), tree.at("today"), "write the day of planning"))
    try:
        book = book_of(tree, BOOK)
    except Refused as refused:
        problems += refused.diagnostics
    try:
        asked = operations_of(tree)
    except Refused as refused:
        problems += refused.diagnostics
    if problems:
        raise Refused(problems)
    return WithBook(asked, book, today)


def operations_of(tree: Tree) -> list[Instruction]:
    """The operations of a parsed file: a mapping with the key `operations`, that lists them. Raises `Refused`."""
    data = tree.data if isinstance(tree.data, dict) else {}
    listed, beside = data.get("operations"), ({BOOK, "today"} if BOOK in data else set())
    if not isinstance(listed, list) or set(data) - beside != {"operations"}:
        refuse_other_kind(tree, "operations")
        hint = "write `operations:` and under it a list, each with `id` and `operation`"
        message = "this is not an operations file: it must have one key, `operations`, that lists them"
        if beside:
            message = "this is no operations file with its book: its keys are `today`, `book` and `operations`"
        raise Refused([Diagnostic("operations-file", message, Position(tree.file, 1, 1), hint)])
    asked: list[Instruction] = []
    problems: list[Diagnostic] = []
    first: dict[str, Position] = {}
    for index, _ in enumerate(listed):
        stop_at_limit(problems, Position(tree.file))
        try:
            one = operation_at(tree, ("operations", index))
        except Refused as refused:
            problems.extend(refused.diagnostics)
            continue
        if one.request.id in first:
            message = f"the operation id `{one.request.id}` is used twice (first on line {first[one.request.id].line})"
            problems.append(Diagnostic("id-repeated", message, one.at("id"), "give each operation its own id"))
        first.setdefault(one.request.id, one.at("id"))
        asked.append(one)
    if not listed:
        at = tree.at("operations")
        problems.append(Diagnostic("operations-empty", "no operation is listed", at, "list at least one"))
    if problems:
        raise Refused(problems)
    return asked


def operation_at(tree: Tree, path: tuple[str | int, ...]) -> Instruction:
    data = tree.data
    for step in path:
        data = data[step]
    found = data.get("operation") if isinstance(data, dict) else None
    name = found[:MAX_TEXT] if isinstance(found, str) else ""
    operation = OPERATIONS.get(name)
    if operation is None:
        message = f"there is no operation `{name}`" if name else "say which `operation` this is"
        hint = did_you_mean(name, OPERATIONS) or "write one, like `operation: write_off_invoice`; `matrix` lists them"
        raise Refused([Diagnostic("operation-unknown", message, tree.at(*path, "operation"), hint)])
    request = read_record(operation.request, tree, path)
    optional = {written_name(one.name) for one in fields(request) if one.default == ()}
    empty = [key for key, value in data.items() if value == [] and key in optional]
    if empty:  # left out it may mean all there are, which is not what an empty list says
        hint = "leave it out, or name what is meant"
        raise Refused(Diagnostic("list-empty", f"`{key}` lists nothing", tree.at(*path, key), hint) for key in empty)
    return Instruction(request, tree, path)


def operation_from(data: object) -> Instruction:
    """One operation from a plain mapping, like an entry of an operations file. Raises `Refused` with every mistake."""
    if isinstance(data, Instruction):
        return data
    tree = given(data, "operation")
    if not isinstance(tree.data, dict):
        message = f"an operation is a mapping, not `{type(data).__name__}`"
        hint = "give one like {'id': 'op-1', 'operation': 'write_off_invoice', 'invoice': 'INV-1'}"
        raise Refused([Diagnostic("value-wrong", message, tree.at(), hint)])
    return operation_at(tree, ())
