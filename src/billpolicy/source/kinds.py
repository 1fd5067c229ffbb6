"""What a file is that was given where another kind is wanted: told in one sentence, and not key by key."""

from __future__ import annotations

from typing import Any, Literal

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.tree import Tree

Kind = Literal["policy", "book", "operations", "tests", "settings", "recording", "schema"]

_IS: dict[Kind, str] = {
    "policy": "a policy",
    "book": "a book",
    "operations": "an operations file",
    "tests": "a file of policy tests",
    "settings": "a file of settings",
    "recording": "a recording",
    "schema": "a JSON Schema",
}
GOES: dict[Kind, str] = {
    "policy": "name a policy with `--policy`",
    "book": "name a book with `--book`",
    "operations": "plan it with `billpolicy plan FILE --policy POLICY`, or post it with `billpolicy post FILE --ledger "
    "LEDGER --policy POLICY`",
    "tests": "tests stand beside their policy: run them with `billpolicy test POLICY`",
    "settings": "settings are found by themselves above the policy, or named with `--config`",
    "recording": "give a recording to `billpolicy replay`",
    "schema": "name the file that it describes",
}
"""What to do with a file of a kind."""


def kind_of(data: Any) -> Kind | None:
    """What plain data is, by the keys at its top; None where they do not tell."""
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("operations"), list):
        return "operations"
    if isinstance(data.get("accounts"), list):
        return "book"
    if isinstance(data.get("tests"), list):
        return "tests"
    if "$schema" in data and ("properties" in data or "$defs" in data):
        return "schema"
    if isinstance(data.get("policy"), str) or "extends" in data or "effective" in data:
        return "policy"
    return None


def refuse_other_kind(tree: Tree, wanted: Kind) -> None:
    """Raise `Refused` if a file is plainly one of another kind."""
    found = kind_of(tree.data)
    if found is None or found == wanted:
        return
    message = f"this is {_IS[found]}; {_IS[wanted]} is wanted here"
    raise Refused([Diagnostic("file-kind", message, Position(tree.file, *_first(tree)), GOES[found])])


def said_of(kind: Kind) -> str:
    """`a book`, as sentences have it."""
    return _IS[kind]


def _first(tree: Tree) -> tuple[int, int, int, int]:
    """The first key of a file."""
    return tree.at(next(iter(tree.data)), key=True)[1:]
