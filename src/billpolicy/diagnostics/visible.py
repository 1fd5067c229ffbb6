"""Texts as they are printed: what cannot be seen is written as an escape, so nothing steers a terminal or hides.

File names may hold anything, line breaks too, and so may bytes that are typed or stand in an old ledger.
"""

from __future__ import annotations

import json
import re
import unicodedata


def visible(text: str) -> str:
    """A text of one line with control characters, invisible ones and unusual spaces written as escapes."""
    if all_seen(text):
        return text
    return "".join(c if c.isprintable() and not ignorable(c) else c.encode("unicode_escape").decode() for c in text)


def ignorable(text: str) -> bool:
    """Whether a text has a character that Unicode lets be shown as nothing."""
    return not text.isascii() and IGNORABLE.search(text) is not None


IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): shown as nothing, such as a zero-width space."""


def unseen(text: str) -> str | None:
    """The first character of a text that nobody sees or takes for another: `U+00A0 NO-BREAK SPACE`; None without."""
    for c in text:
        if c not in " \t" and unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
            return character(c)
    return None


def character(c: str) -> str:
    """A character that is told and not shown: `U+200B ZERO WIDTH SPACE`."""
    return f"U+{ord(c):04X} {unicodedata.name(c, 'a control character')}"


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
    return "\n".join(map(visible_line, text.split("\n")))


def visible_line(line: str) -> str:
    """One line of a result; spaces of any width stay as they are.

    A break of lines in it came of a name, and is shown as any other character that is not seen.
    """
    return line if all_seen(line) else "".join(c if _is_seen(c) else visible(c) for c in line)


def visible_json(text: str) -> str:
    """JSON of several lines, in which the same characters are escaped as JSON does it: it is read as it was."""
    return "\n".join(
        line if all_seen(line) else "".join(c if _is_seen(c) else _in_json(c) for c in line)
        for line in text.split("\n")
    )


def all_seen(text: str) -> bool:
    """Whether every character of a text is shown as itself; of spaces, only the plain one is."""
    return text.isprintable() and not ignorable(text)


def _is_seen(c: str) -> bool:
    return (c.isprintable() and not ignorable(c)) or unicodedata.category(c) == "Zs"


def _in_json(c: str) -> str:
    return "\\u007f" if c == "\x7f" else json.dumps(c)[1:-1]
