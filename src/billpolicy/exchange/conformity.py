"""Whether a file is what a published schema says: books and operations of other systems, answers that programs kept.

The schemas describe the form; what a book or a policy must be beyond that, `ledger import`, `plan` and `validate` tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.limit import first_of
from billpolicy.exchange.schemas import DRAFT, SCHEMAS
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import Tree, parse

MAX_MEGABYTES = 64
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_LONGEST = 200
"""Characters of what the library says, which quotes the data."""


def violations(name: str, path: Path) -> list[Diagnostic]:
    """Each place of a YAML or JSON file where the schema `name` says otherwise. Raises `Refused` if it is no such file.

    The library is jsonschema, which knows nothing of billpolicy: so schemas and files are held against each other by
    somebody who wrote neither.
    """
    tree = parse(path, max_megabytes=MAX_MEGABYTES)
    return first_of(_found(name, tree), Position(tree.file))


def _found(name: str, tree: Tree) -> Iterator[Diagnostic]:
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match

    schema = {"$schema": DRAFT, **SCHEMAS[name]()}
    for error in Draft7Validator(schema).iter_errors(_json(tree.data)):
        deepest = best_match([error]) or error  # of several forms, the one that the file comes closest to
        said = deepest.message if len(deepest.message) <= _LONGEST else f"{deepest.message[:_LONGEST]}…"
        hint = f"`billpolicy schema {name}` prints the schema"
        yield Diagnostic("schema-violated", f"the schema `{name}` says: {said}", tree.at(*deepest.absolute_path), hint)


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
            return Decimal(value) if "." in value else int(value)
        return str(value)
    return value
