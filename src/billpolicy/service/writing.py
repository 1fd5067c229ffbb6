"""Records as the JSON that is sent: on one line, with nothing in it that steers a terminal."""

from __future__ import annotations

import json
from typing import Any

from billpolicy.diagnostics.visible import visible_json
from billpolicy.source.write import plain_data


def json_line(content: Any) -> bytes:
    """A record or plain data, and a line break. Half of a character that is written as two is escaped."""
    return sent(f"{json_text(content)}\n")


def json_text(content: Any) -> str:
    """The same as a text without the line break."""
    return visible_json(json.dumps(plain_data(content), ensure_ascii=False))


def sent(text: str) -> bytes:
    """A text of JSON as it is sent."""
    return text.encode("utf-8", "backslashreplace")
