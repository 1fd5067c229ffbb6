"""Lines as YAML counts them: places are told, and lines quoted, by the same count."""

from __future__ import annotations

import re

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line."""


def place_after(text: str) -> tuple[int, int]:
    """The 1-based line and column behind a text that a file begins with."""
    lines = BREAK.split(text)
    return len(lines), len(lines[-1]) + 1
