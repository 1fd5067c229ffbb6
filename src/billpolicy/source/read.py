"""From a tree of plain data to typed records, with every mistake as a diagnostic at its own place."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.limit import MAX_PROBLEMS, first_of
from billpolicy.source.quick.records import Readers
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.record import written_name
from billpolicy.source.tree import Tree

_T = TypeVar("_T")
_Path = tuple[str | int, ...]
_LONG = 10 * MAX_PROBLEMS
"""Items of a list; looking at the start of a longer one beforehand takes little of the whole time."""
_CUSTOM = "custom"
"""The key of an account or a subscription that has the values of the fields that a policy declares."""
_ATTRIBUTES = "attributes"
"""The key of an account, a subscription, a document or an operation that has the values of attributes."""
_ATTRIBUTE = re.compile(r"contact$|^payment_terms?$|^terms?$|^sequence_sets?$")
"""What the standard policy, or a company, is likely to call one."""
_KEY = "[key]"
"""What pydantic adds to a location when the key itself is wrong and not its value."""


def read_record(kind: type[_T], tree: Tree, path: _Path = ()) -> _T:
    """The data at `path` as a record of type `kind`. Raises `Refused` with every mistake in it.

    Only mistakes need pydantic, which takes longer to import than most files to read.
    """
    try:
        return typing.cast(_T, _readers.of(kind)(_data_at(tree, path)))
    except Unsure:
        pass
    return read_carefully(kind, tree, path)


def read_carefully(kind: type[_T], tree: Tree, path: _Path = ()) -> _T:
    """As `read_record`, by pydantic: this is what decides."""
    data = _data_at(tree, path)
    start = _start(data)
    if start is not None:
        _, problems = _validated(kind, start)
        if len(problems) > MAX_PROBLEMS:
            raise _refused(kind, tree, path, problems)
    made, problems = _validated(kind, data)
    if problems:
        raise _refused(kind, tree, path, problems)
    return typing.cast(_T, made)


def _start(data: Any) -> dict[str, Any] | None:
    """Long lists cut short: what is wrong everywhere is so at its start, and takes little memory to say. Else None."""
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    if all(len(value) <= _LONG for value in lists):
        return None
    return {key: value[: MAX_PROBLEMS + 1] if isinstance(value, list) else value for key, value in data.items()}


def _validated(kind: type, data: Any) -> tuple[Any, list[Any]]:
    """The record, and what pydantic finds wrong."""
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_python(data), []
    except ValidationError as error:
        return None, list(error.errors(include_url=False, include_context=False, include_input=True))


def _refused(kind: type, tree: Tree, path: _Path, problems: list[Any]) -> Refused:
    told = (_diagnostic(kind, tree, path, problem) for problem in problems)
    return Refused(first_of(told, Position(tree.file)))


def _data_at(tree: Tree, path: _Path) -> Any:
    data = tree.data
    for step in path:
        data = data[step]
    return data


_readers = Readers(remember=False)
_adapters: dict[Any, Any] = {}


def _adapter(kind: Any) -> Any:
    """pydantic's reader of a type, made once; making one costs far more than using it."""
    if kind not in _adapters:
        from pydantic import TypeAdapter

        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _diagnostic(kind: type, tree: Tree, path: _Path, problem: Any) -> Diagnostic:
    where: _Path = problem["loc"]
    problem_type: str = problem["type"]
    is_key = _KEY in where[-1:]
    full = (*path, *where)
    if problem_type in ("missing", "missing_argument", "missing_keyword_only_argument"):
        hint = f"add `{tree.entry(full[:-1], str(where[-1]))}`"
        return Diagnostic("key-missing", f"`{where[-1]}` is missing here", tree.at(*full), hint)
    if problem_type in ("unexpected_keyword_argument", "extra_forbidden"):
        known = names_at(kind, where[:-1])
        message = f"`{where[-1]}` is not a key that is known here"
        return Diagnostic("key-unknown", message, tree.at(*full, key=True), _key_meant(full, known, tree))
    if problem["input"] is None and problem_type != "value":
        message = f"{_WANTED.get(problem_type, 'a value')} is wanted here, not nothing"
        return Diagnostic("value-wrong", message, tree.at(*full), "write it, or remove the key")
    if problem_type in _WANTED:
        message = f"{_WANTED[problem_type]} is wanted here, not {_shape(problem['input'])}"
        # A record may say what to do where somebody took it for several.
        own = getattr(bare_type(type_at(kind, where)), "hint_of_list", None)
        hint = own if own is not None and isinstance(problem["input"], list) else _HOW_TO[_WANTED[problem_type]]
        return Diagnostic("value-wrong", message, tree.at(*full), hint)
    if problem_type == "literal_error":
        choices = [str(choice) for choice in typing.get_args(bare_type(type_at(kind, where)))]
        found = problem["input"]
        message = f"{_shape(found)} is not one of the {'keys' if is_key else 'values'} that are allowed here"
        hint = did_you_mean(found if isinstance(found, str) else "", choices) or "allowed: " + ", ".join(choices)
        return Diagnostic("value-not-allowed", message, tree.at(*full, key=is_key), hint)
    return Diagnostic("value-wrong", str(problem["msg"]), tree.at(*full, key=is_key))


def _key_meant(path: _Path, known: list[str], tree: Tree) -> str | None:
    """Which key was meant; of accounts and documents it may be an attribute, or one of the company's own."""
    *around, last = path
    key = str(last)
    hint = did_you_mean(key, known)
    if (hint or "").startswith("did you mean"):
        return hint
    if _ATTRIBUTES in known and {"id", "number"} & set(known) and _ATTRIBUTE.search(key):
        return f"an attribute stands under `{_ATTRIBUTES}`, like `{tree.entry(tuple(around), _ATTRIBUTES, key)}`"
    if _CUSTOM not in known:
        return hint
    own = key.rpartition(".")[2]
    return f"a field of your own stands under `{_CUSTOM}`, like `{tree.entry(tuple(around), _CUSTOM, own)}`; {hint}"


_WANTED = {
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "dataclass_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
_HOW_TO = {
    "a mapping": "write it as `key: value` lines",
    "a list": "write it as lines that begin with `- `, or as `[one, two]`",
}


def _shape(found: Any) -> str:
    if found is None:
        return "nothing"
    if isinstance(found, dict | list):
        return "a mapping" if isinstance(found, dict) else "a list"
    return f"`{found}`" if len(str(found)) <= 40 else f"`{str(found)[:40]}…`"


def type_at(kind: Any, where: _Path) -> Any:
    """The declared type at a location inside `kind`, or None where it cannot be told."""
    for position, step in enumerate(where, start=1):
        kind = bare_type(kind)
        if dataclasses.is_dataclass(kind):
            kind = next((t for name, t in _fields(kind) if name == step), None)
        elif typing.get_origin(kind) in (list, tuple):
            kind = typing.get_args(kind)[0]
        elif typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[0 if where[position:] == (_KEY,) else 1]
    return kind


def names_at(kind: Any, where: _Path) -> list[str]:
    """The names of the fields of the record at a location inside `kind`; none where there is no record."""
    target = bare_type(type_at(kind, where))
    return [name for name, _ in _fields(target)] if dataclasses.is_dataclass(target) else []


_fields_of: dict[Any, tuple[tuple[str, Any], ...]] = {}


def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields of a record, as files write them, with their types; looked up once, for files with many mistakes."""
    if kind not in _fields_of:
        _fields_of[kind] = tuple(_typed_fields(kind))
    return _fields_of[kind]


def _typed_fields(kind: Any) -> Iterator[tuple[str, Any]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        yield written_name(field.name), hints[field.name]


def bare_type(kind: Any) -> Any:
    """`X` of `X | None` and of `Annotated[X, ...]`."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return kind
