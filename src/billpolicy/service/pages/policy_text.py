"""The text of a policy that is in force: its files, the lines of a rule, and the policy with another text of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.service.asked.texts import OnStandard
from billpolicy.source.files import SHIPPED, STANDARD_AT, Place

if TYPE_CHECKING:
    from billpolicy import Policy

_MOST_LINES = 40
"""Of a rule that are quoted."""


def texts_of(policy: Policy) -> dict[str, str]:
    """Every file that it was read from, by the name that positions carry, those of its bases first."""
    return {
        str(Path(layer.path, name) if layer.is_folder else layer.path): text
        for layer in policy.layers
        for name, text in layer.files
    }


def editable(policy: Policy) -> dict[str, str]:
    """The files of it that somebody here has written: those of the standard policy come with the program. Its own
    come first, then those of what it extends."""
    own = [name for name in texts_of(policy) if STANDARD_AT not in Path(name).parents]
    texts = texts_of(policy)
    return {name: texts[name] for name in sorted(own, key=lambda name: name not in policy.own_files)}


def place_of(policy: Policy, changed: Mapping[str, str] = {}, *, depth: int | None = None) -> Place:
    """Where it is read from again: from its texts as they were read, and no disk; some of them changed. `depth`: of its
    layers only so many, the base first."""
    layers = policy.layers[:depth]
    if layers[-1].path == str(STANDARD_AT):
        return Place(SHIPPED, STANDARD_AT)
    texts = {**texts_of(replace(policy, layers=layers)), **changed}
    return Place(OnStandard({name: text.encode() for name, text in texts.items()}), Path(layers[-1].path))


def quoted(policy: Policy, file: str, line: int) -> Html:
    """The lines of a rule: of one in a list the whole of it, else with a line before and after; nothing where the file
    is not known."""
    text = texts_of(policy).get(file)
    if text is None:
        return Html("")
    lines = text.split("\n")
    last = _last_of(lines, line)
    item = _item_of(lines, line)
    begin, end = (max(line - 1, 1), min(last + 1, len(lines))) if item is None else (item, _last_of(lines, item))
    items = (
        el("li", lines[at - 1].expandtabs(2), data_line=at, class_="here" if line <= at <= last else None)
        for at in range(begin, end + 1)
    )
    label = f"Lines {begin} to {end} of {file}"
    return el("div", el("ol", joined(items)), class_="lines", tabindex="0", role="region", aria_label=label)


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _last_of(lines: list[str], line: int) -> int:
    """The last line of what begins on a line: what follows it and stands further to the right."""
    last = line
    for at in range(line + 1, min(len(lines), line + _MOST_LINES) + 1):
        text = lines[at - 1]
        if text.strip():
            if _depth(text) <= _depth(lines[line - 1]):
                break
            last = at
    return last


def _item_of(lines: list[str], line: int) -> int | None:
    """The line on which the entry of a list begins that this line is in; None where it is in none."""
    depth = _depth(lines[line - 1]) + 1
    for at in range(line, max(line - _MOST_LINES, 0), -1):
        text = lines[at - 1]
        if text.strip() and not text.lstrip().startswith("#") and _depth(text) < depth:
            depth = _depth(text)
            if text.lstrip().startswith("- "):
                return at
    return None
