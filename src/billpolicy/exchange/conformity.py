"""Whether a file is what a published schema says: books and operations of other systems, answers that programs kept.

The schemas describe the form; what a book or a policy must be beyond that, `ledger import`, `plan` and `validate` tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean, in_order
from billpolicy.diagnostics.limit import first_of
from billpolicy.exchange.schemas import Schema, schema_of
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Tree, parse

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_MEGABYTES = 64
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_DIGITS = 40
"""Of a whole number; a longer one is in no schema, and Python reads it slowly or not at all."""
_LONGEST = 200
"""Characters of what the library says, which quotes the data."""


def violations(name: str, path: str | Path) -> list[Diagnostic]:
    """Each place of a YAML or JSON file where the schema `name` says otherwise. Raises `Refused` if it is no such file.

    The library is jsonschema, which knows nothing of billpolicy: so schemas and files are held against each other by
    somebody who wrote neither. Raises `KeyError` for a schema that there is not.
    """
    expect(name, str, "`name` must be the name of a schema")
    schema = schema_of(name)

    def told(tree: Tree) -> list[Diagnostic]:
        return first_of(_found(name, schema, tree), Position(tree.file))

    def look(begun: Tree) -> None:
        raise Refused(told(begun))  # as many as there are, so few do not stop it

    try:
        tree = parse(Path(path), max_megabytes=MAX_MEGABYTES, look=look)
    except Refused as refused:
        if any(one.code == "schema-violated" for one in refused.diagnostics):
            return in_order(refused.diagnostics)
        raise
    return in_order(told(tree))


def _found(name: str, schema: Schema, tree: Tree) -> Iterator[Diagnostic]:
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match

    for error in Draft7Validator(schema).iter_errors(_json(tree.data)):
        deepest = best_match([error]) or error  # of several forms, the one that the file comes closest to
        yield from _told(name, deepest, tree)


def _told(name: str, error: ValidationError, tree: Tree) -> Iterator[Diagnostic]:
    path = tuple(error.absolute_path)
    of = error.schema
    if error.validator == "additionalProperties" and isinstance(of, Mapping) and isinstance(error.instance, dict):
        known = list(of.get("properties", ()))
        for key in (key for key in error.instance if key not in known):  # in their order: the first ones are told
            message = f"the schema `{name}` has no key `{key}` here"
            yield Diagnostic("schema-violated", message, tree.at(*path, key, key=True), did_you_mean(key, known))
        return
    said = error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
    hint = f"`billpolicy schema {name}` prints the schema"
    yield Diagnostic("schema-violated", f"the schema `{name}` says: {said}", tree.at(*path), hint)


class _Exact(Decimal):
    """A decimal that messages quote as it was written."""

    def __repr__(self) -> str:
        return str(self)


def _json(value: Any) -> Any:
    """The tree as the data that JSON has: numbers, true and false where they are written without quotes."""
    if isinstance(value, dict):
        return {key: _json(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_json(held) for held in value]
    if isinstance(value, Plain):
        if value in ("true", "false"):
            return value == "true"
        if _NUMBER.fullmatch(value):
            return _Exact(value) if "." in value or len(value) > _DIGITS else int(value)
        return str(value)
    return value
