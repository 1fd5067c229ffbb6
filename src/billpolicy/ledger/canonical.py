"""Canonical JSON: the same data is the same text, so stored requests can be compared as they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no plain data")


to_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode
"""Plain data as text, keys sorted. Raises `TypeError` for anything JSON does not know."""
from_text = json.loads
"""The data back."""
