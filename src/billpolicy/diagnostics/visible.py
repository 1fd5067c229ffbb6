"""Texts as they are printed: what cannot be seen is written as an escape, so nothing steers a terminal or hides.

File names may hold anything, line breaks too, and so may bytes that are typed or stand in an old ledger.
"""

from __future__ import annotations

import json
import unicodedata


def visible(text: str) -> str:
    """A text of one line with control characters, invisible ones and unusual spaces written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def unseen(text: str) -> str | None:
    """The first character of a text that nobody sees or takes for another: `U+00A0 NO-BREAK SPACE`; None without."""
    for c in text:
        if c not in " \t" and unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
            return f"U+{ord(c):04X} {unicodedata.name(c, 'a control character')}"
    return None


def visible_first(text: str) -> str:
    """The same where a line of messages begins with the text, which must be no command of GitHub Actions there."""
    return no_command(visible(text))


def no_command(line: str) -> str:
    """A line that GitHub Actions takes for no command, also where it begins with spaces."""
    said = line.lstrip()
    if not said.startswith(("::", "##[")):
        return line
    return f"{line[: len(line) - len(said)]}\\x{ord(said[0]):02x}{said[1:]}"


def visible_lines(text: str) -> str:
    """A whole result: lines and spaces of any width stay as they are."""
    return "\n".join(
        line if line.isprintable() else "".join(c if _is_seen(c) else visible(c) for c in line)
        for line in text.split("\n")
    )


def visible_json(text: str) -> str:
    """JSON of several lines, in which the same characters are escaped as JSON does it: it is read as it was."""
    return "\n".join(
        line if line.isprintable() else "".join(c if _is_seen(c) else _in_json(c) for c in line)
        for line in text.split("\n")
    )


def _is_seen(c: str) -> bool:
    return c.isprintable() or unicodedata.category(c) == "Zs"


def _in_json(c: str) -> str:
    return "\\u007f" if c == "\x7f" else json.dumps(c)[1:-1]
