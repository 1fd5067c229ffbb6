"""`record`: a frozen, keyword-only record, made as fast as Python can make one; `value`: the same, made by position.

It is a struct of msgspec's: a class takes a twentieth of the time of a dataclass to make, and its values a tenth. To
whoever asks, also `dataclasses.replace` and `dataclasses.fields`, it is a dataclass of the same fields; at the border
`read.py` has pydantic check one strictly. A field whose name is a Python word ends in an underscore, which files do
not write.
"""

from __future__ import annotations

import dataclasses
import typing
from functools import cache
from typing import Any, TypeVar, dataclass_transform

import msgspec

_T = TypeVar("_T")


def written_name(field: str) -> str:
    """The name of a field in files: `from_` is written `from`."""
    return field.rstrip("_")


_CONFIG: dict[str, Any] = {"extra": "forbid", "alias_generator": written_name}


class _Made(msgspec.StructMeta):
    """Makes the classes of records, and those that have one for a base before they are decorated."""

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], *, kw_only: bool = True) -> Any:
        inherited = [base for base in bases if isinstance(base, _Made)]
        own = _fields_in(body)
        for field in own:
            if field.default_factory is not dataclasses.MISSING:
                body[field.name] = msgspec.field(default_factory=field.default_factory)
        every = [field for base in inherited for field in _fields_of(base)] + own
        body["__dataclass_fields__"] = {field.name: field for field in every}
        # Records make no circles (`collector.py`), so Python need not search them for any.
        return super().__new__(
            mcls, name, bases if inherited else (msgspec.Struct, *bases), body, frozen=True, kw_only=kw_only, gc=False
        )


def _fields_in(body: dict[str, Any]) -> list[dataclasses.Field[Any]]:
    """The fields that the body of a class declares."""
    names = body.get("__annotations__", {})
    kept = {name: body[name] for name in (*names, "__annotations__", "__module__") if name in body}
    declared = type("", (), {"__doc__": "Of these fields.", **kept})
    return _fields_of(dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(declared))


def _fields_of(cls: Any) -> list[dataclasses.Field[Any]]:
    return list(dataclasses.fields(cls))


def _checked(cls: type, source: Any, handler: Any) -> Any:
    """How pydantic checks one: as a dataclass of the same fields, of which the record is made."""
    from pydantic_core import core_schema

    as_written = handler.generate_schema(_dataclass_like(cls))
    return core_schema.no_info_after_validator_function(lambda made: cls(**vars(made)), as_written)


@cache
def _dataclass_like(cls: type) -> type:
    hints = typing.get_type_hints(cls, include_extras=True)
    return dataclasses.make_dataclass(
        cls.__name__,
        [(one.name, hints[one.name], _with_its_default(one)) for one in _fields_of(cls)],
        namespace={"__doc__": cls.__doc__, "__module__": cls.__module__, "__pydantic_config__": _CONFIG},
        kw_only=True,
    )


def _with_its_default(field: dataclasses.Field[Any]) -> dataclasses.Field[Any]:
    """A field of another class with the same default."""
    made: dataclasses.Field[Any] = dataclasses.field(default=field.default, default_factory=field.default_factory)
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[_T]) -> type[_T]:
    """Make `cls` a record."""
    # One that has a record for a base was made as it was declared.
    return cls if issubclass(cls, msgspec.Struct) else _made(cls, kw_only=True)


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make `cls` a record inside the program, whose fields are given by position or by name."""
    return _made(cls, kw_only=False)


def _made(cls: type[_T], *, kw_only: bool) -> type[_T]:
    body = {name: held for name, held in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    body["__get_pydantic_core_schema__"] = classmethod(_checked)
    made: type[_T] = _Made(
        cls.__name__, tuple(base for base in cls.__bases__ if base is not object), body, kw_only=kw_only
    )
    return made
