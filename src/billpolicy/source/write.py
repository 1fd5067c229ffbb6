"""From records and dataclasses to plain JSON data: the one way anything is written out."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from billpolicy.diagnostics.visible import visible_json
from billpolicy.source.record import written_name


def plain_data(value: Any) -> Any:
    """Dicts, lists, texts, numbers and booleans. Amounts and dates are texts; what is None or empty is left out."""
    if type(value) in _PLAIN:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((name, getattr(value, field)) for field, name in _fields(type(value)))
        return {name: plain_data(held) for name, held in fields if held is not None and held not in ((), {}, "")}
    if isinstance(value, Decimal | datetime.date):
        return str(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain_data(held) for name, held in zip(value._fields, value, strict=True) if held is not None}
    if isinstance(value, Mapping):
        return {str(key): plain_data(held) for key, held in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain_data(held) for held in (sorted(value) if isinstance(value, frozenset) else value)]
    return value


_PLAIN = frozenset({str, int, bool, type(None)})


@cache
def _fields(of: type) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass, each with the name it is written by."""
    return tuple((field.name, written_name(field.name)) for field in dataclasses.fields(of))


def to_json(value: Any) -> str:
    """Readable JSON with a newline at the end; the same value gives the same text."""
    return visible_json(json.dumps(plain_data(value), indent=2, ensure_ascii=False)) + "\n"
