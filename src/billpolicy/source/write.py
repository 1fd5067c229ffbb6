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
    """Dicts, lists, texts, numbers and booleans. Amounts and dates are texts.

    A field is left out where it is None, and one that has a default where it is empty: so JSON Schemas say, too.
    """
    if type(value) in _PLAIN:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((name, getattr(value, field), required) for field, name, required in _fields(type(value)))
        return {
            name: plain_data(held)
            for name, held, required in fields
            if held is not None and (required or held not in _EMPTY)
        }
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain_data(held) for name, held in zip(value._fields, value, strict=True) if held is not None}
    if isinstance(value, Mapping):
        return {str(key): plain_data(held) for key, held in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain_data(held) for held in (sorted(value) if isinstance(value, frozenset) else value)]
    return value


_PLAIN = frozenset({str, int, bool, type(None)})
_EMPTY: tuple[Any, ...] = ((), {}, "")


@cache
def _fields(of: type) -> tuple[tuple[str, str, bool], ...]:
    """The fields of a dataclass, each with the name it is written by and whether it must be written."""
    return tuple((one.name, written_name(one.name), _has_no_default(one)) for one in dataclasses.fields(of))


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def to_json(value: Any) -> str:
    """Readable JSON with a newline at the end; the same value gives the same text."""
    return visible_json(json.dumps(plain_data(value), indent=2, ensure_ascii=False)) + "\n"
