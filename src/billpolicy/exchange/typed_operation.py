"""One operation as it is typed, in the place of a file of them: its name, and `field=value` for each field.

    write_off_invoice invoice=INV00000001 reason="Bad Debt"

`attributes.payment_term=Net 30` says a field of a field, `items.1.amount=5.00` one of the first in a list, and
`accounts=acme,beta` a list of names. A value is read as it would be where it stands without quotes in a file; `null`
says that there is none. What each field takes is what the request of the operation says, so it is closed and typed as
a file is (docs/policy-language.md rule 1); a mistake is told at the word that it is in.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.meaning import meant
from billpolicy.exchange.operations_file import operation_at
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import Instruction, Request, request_data
from billpolicy.source.codec import canonical
from billpolicy.source.read import bare_type, names_at, type_at
from billpolicy.source.record import written_name
from billpolicy.source.scalars import Plain
from billpolicy.source.tree import NULLS, Tree

_Path = tuple[str | int, ...]
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_UNNAMED = "typed"
"""The id of an operation while it is read that says none."""
_DIGITS = 8
"""Of the digest in an id that is made."""


def operation_names() -> tuple[str, ...]:
    """Every operation that there is, by name."""
    return tuple(sorted(OPERATIONS))


def is_operation(word: str) -> bool:
    """Whether this is the name of an operation."""
    return word in OPERATIONS


def like_an_operation(word: str) -> bool:
    """Whether this is the name of an operation, or can be meant for one; what has a dot or a slash is a file's."""
    return word.isidentifier() and bool(meant(word, sorted(OPERATIONS)))


def typed_operation(name: str, words: Sequence[str], today: datetime.date) -> Instruction:
    """The operation of this name with the fields that the words say.

    Without `id=` its id is its document date, by default `today`, and a digest of what is asked for: typed again on
    the same day it is the same operation, which is posted once. Raises `Refused` with every mistake.
    """
    if name not in OPERATIONS:
        return operation_at(_Typed(name, {"operation": Plain(name)}, {}), ())  # which says what is meant
    asked = OPERATIONS[name].request
    said: dict[_Path, _Word] = {("operation",): _Word(name, Plain(name))}
    problems: list[Diagnostic] = []
    for word in words:
        try:
            path, value = _read(word, asked)
            _refuse_again(path, word, said)
        except _WrongError as wrong:
            problems.append(Diagnostic("argument-form", wrong.message, Position(word), wrong.hint))
            continue
        said[path] = _Word(word, value)
    at = {path: word.written for path, word in said.items()}
    problems += _left_out(at)
    if problems:
        raise Refused(problems)
    data = _nested({path: word.value for path, word in said.items()})
    one = operation_at(_Typed(name, {"id": _UNNAMED, **data}, at), ())
    if ("id",) in said:
        return one
    return dataclasses.replace(one, request=dataclasses.replace(one.request, id=_id(one.request, today)))


class _Word(NamedTuple):
    """A word as it was typed, and the value that it says."""

    written: str
    value: Any


class _WrongError(Exception):
    """What is wrong with a word, and what to write."""

    def __init__(self, message: str, hint: str) -> None:
        self.message, self.hint = message, hint


class _Typed(Tree):
    """What was typed, where a file has lines: the place of a value is its word, that of what is missing the name."""

    def __init__(self, name: str, data: Any, at: Mapping[_Path, str]) -> None:
        super().__init__(name, data)
        self._words = at

    def at(self, *path: str | int, key: bool = False) -> Position:
        """The word that says the value at `path`, else the first that says something of what it is in."""
        for reach in range(len(path), 0, -1):
            for said, word in self._words.items():
                if said[:reach] == path[:reach]:
                    return Position(word)
        return Position(self.file)

    def entry(self, around: _Path, *keys: str) -> str:
        """As it is typed: `items.1.item=...`."""
        path: _Path = (*around, *keys)
        kind = bare_type(type_at(OPERATIONS[self.file].request, path))
        first = bare_type(get_args(kind)[0]) if _is_list(kind) else None
        if dataclasses.is_dataclass(first):  # is said field by field
            path = (*path, 0, next(iter(names_at(first, ()))))
        return f"{_dotted(path)}=..."


def _read(word: str, asked: type[Request]) -> tuple[_Path, Any]:
    """Where a word puts which value. Raises `_WrongError`."""
    written, equals, text = word.partition("=")
    if not equals:
        field = next(iter(_needed(asked)), "date")
        raise _WrongError(f"`{word}` is no `field=value`", f"write the field before it, like `{field}={word}`")
    path, kind = _path(written, asked)
    if not text:
        hint = f"write the value, or leave the field out; `{written}=null` says that there is none"
        raise _WrongError(f"nothing stands after `{written}=`", hint)
    if text in NULLS:
        return path, None
    bare = bare_type(kind)
    if _is_list(bare):
        if dataclasses.is_dataclass(bare_type(get_args(bare)[0])):
            raise _has_fields(f"each of `{written}` has", f"{written}.1", get_args(bare)[0])
        return path, [Plain(name) for name in text.split(",")]
    if get_origin(bare) is dict or dataclasses.is_dataclass(bare):
        raise _has_fields(f"`{written}` has", written, bare)
    return path, Plain(text)


def _path(written: str, asked: type[Request]) -> tuple[_Path, Any]:
    """The steps to what is written with dots, as far as they are known, and the type of what is there."""
    path: _Path = ()
    kind: Any = asked
    for step in written.split("."):
        kind = bare_type(kind)
        if _is_list(kind):
            if not _NUMBER.fullmatch(step):
                before = _dotted(path)
                raise _WrongError(
                    f"`{step}` is no number of one in a list", f"count from 1: `{before}.1` is the first of them"
                )
            path = (*path, int(step) - 1)
        elif get_origin(kind) is dict or dataclasses.is_dataclass(kind):
            path = (*path, step)
        else:
            before = _dotted(path)
            raise _WrongError(f"`{before}` has no fields", f"write its value: `{before}=...`")
        kind = type_at(asked, path)
        if kind is None:  # whoever reads it says that there is no such field
            break
    return path, kind


def _needed(asked: type[Request]) -> list[str]:
    """The fields that an operation cannot do without."""
    return [
        written_name(one.name)
        for one in dataclasses.fields(asked)
        if one.default is one.default_factory is dataclasses.MISSING and one.name not in ("id", "operation")
    ]


def _has_fields(message: str, written: str, kind: Any) -> _WrongError:
    first = next(iter(names_at(kind, ())), "NAME")
    return _WrongError(f"{message} fields of its own", f"write each of them, like `{written}.{first}=...`")


def _refuse_again(path: _Path, word: str, said: Mapping[_Path, _Word]) -> None:
    """Raise `_WrongError` where this was said before, or a part of it."""
    for other, before in said.items():
        if path[: len(other)] == other or other[: len(path)] == path:
            message = f"`{word}` says again what `{before.written}` says"
            raise _WrongError(
                message, "keep one of the two; several names go with a comma between them, like `one,two`"
            )


def _left_out(at: Mapping[_Path, str]) -> Iterable[Diagnostic]:
    """Numbers of lists that are passed over."""
    numbered = {
        path[: place + 1]: word for path, word in at.items() for place, step in enumerate(path) if isinstance(step, int)
    }
    for path, word in numbered.items():
        *around, number = path
        if number and (*around, int(number) - 1) not in numbered:
            message = f"there is `{_dotted(path)}`, but no `{_dotted((*around, int(number) - 1))}`"
            yield Diagnostic("argument-form", message, Position(word), "count from 1 on, without a gap")


def _nested(said: Mapping[_Path, Any]) -> Any:
    """Paths to values as the mappings and lists that they lead through."""
    if () in said:
        return said[()]
    inside: dict[str | int, dict[_Path, Any]] = {}
    for (step, *rest), value in said.items():
        inside.setdefault(step, {})[tuple(rest)] = value
    if any(isinstance(step, int) for step in inside):
        return [_nested(inside[step]) for step in sorted(inside, key=int)]
    return {step: _nested(one) for step, one in inside.items()}


def _id(request: Request, today: datetime.date) -> str:
    digest = hashlib.sha256(canonical(request_data(request)).encode()).hexdigest()
    return f"{request.document_date(today)}-{digest[:_DIGITS]}"


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple)


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in path)
