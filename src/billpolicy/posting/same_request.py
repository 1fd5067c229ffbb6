"""Whether two requests ask for the same: an amount is what it comes to, however many zeros it was written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import Request
from billpolicy.source.codec import canonical
from billpolicy.source.given import given
from billpolicy.source.read import read_record


def ask_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Of two requests as plain data, as `request_data` gives it; most are told by their text alone."""
    if canonical(one) == canonical(other):
        return True
    read = _read(one)
    return read is not None and read == _read(other)


def _read(data: Mapping[str, Any]) -> Request | None:
    """The request; None where this version does not know it so any more, and then its text says what it is."""
    operation = OPERATIONS.get(str(data.get("operation")))
    if operation is None:
        return None
    try:
        return read_record(operation.request, given({**data, "id": "any"}, "operation"))
    except Refused:
        return None
