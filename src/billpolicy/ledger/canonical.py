"""Canonical JSON: the same data is the same text, so stored requests can be compared as they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no plain data")


to_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode
"""Plain data as text, keys sorted. Raises `TypeError` for anything JSON does not know."""


def from_text(text: str) -> Any:
    """The data back. Raises `Refused` if the text has been damaged."""
    try:
        return json.loads(text)
    except ValueError:
        raise damaged("a record of this ledger cannot be read any more") from None


def damaged(message: str) -> Refused:
    """The refusal to read what something other than billpolicy must have written."""
    hint = "run `billpolicy ledger check`, and restore the ledger from a backup"
    return Refused([Diagnostic("ledger-damaged", message, hint=hint)])
