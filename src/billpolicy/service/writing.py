"""Records as the JSON that is sent: on one line, with nothing in it that steers a terminal."""

from __future__ import annotations

import json
from typing import Any

from billpolicy.diagnostics.visible import visible_json
from billpolicy.source.write import plain_data


def json_line(content: Any) -> bytes:
    """A record or plain data, and a line break. Half of a character that is written as two is escaped."""
    text = visible_json(json.dumps(plain_data(content), ensure_ascii=False))
    return f"{text}\n".encode("utf-8", "backslashreplace")
