"""`record`: a frozen, slotted, keyword-only dataclass that pydantic validates at the border, strictly.

Inside the program a record is a plain dataclass and costs nothing extra; at the border `read.py` hands files to
pydantic's TypeAdapter. A field whose name is a Python word ends in an underscore, which files do not write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


def written_name(field: str) -> str:
    """The name of a field in files: `from_` is written `from`."""
    return field.rstrip("_")


_CONFIG: dict[str, Any] = {"extra": "forbid", "alias_generator": written_name}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[_T]) -> type[_T]:
    """Make `cls` a record."""
    cls.__pydantic_config__ = _CONFIG  # type: ignore[attr-defined]
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)
