"""Elements of HTML. Every text comes through one gate, `escaped`: what is no `Html` yet is escaped as it is put in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from billpolicy.diagnostics.visible import visible

_NAME = re.compile(r"(?<!`)`([\w.-]+)`(?!`)", re.ASCII)
"""A single word between backticks; other backticks are of whoever wrote the text."""
_VOID = ("input", "link", "meta")
"""Elements that have no content, and no end."""


class Html(str):
    """Markup, as distinct from a text that is to be shown."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """A text as it is shown, in an element or in an attribute; what cannot be seen in it is written as an escape."""
    return Html(html.escape(visible(text)))


def said(text: str) -> Html:
    """A sentence in which names stand between backticks."""
    return Html(_NAME.sub(r"<code>\1</code>", escaped(text)))


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Parts one after the other, each escaped unless it is markup."""
    return Html(_markup(between).join(map(_markup, parts)))


def el(name: str, /, *content: str, **attributes: str | int | bool | None) -> Html:
    """An element. `class_` is the attribute `class`, and `data_key` is `data-key`; one that is False or None is left
    out, and one that is True has no value."""
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escaped(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    inside = "" if name in _VOID else f"{joined(content)}</{name}>"
    return Html(f"<{name}{told}>{inside}")


def _markup(part: str) -> Html:
    return part if isinstance(part, Html) else escaped(part)
