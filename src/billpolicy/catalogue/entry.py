"""One entry of the catalogue: what a code means, with an example that gives it and the same example mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import cast

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Severity
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.tree import parse_text

THEMES = {
    "files": "Files: what is wrong with one before its content is looked at",
    "policy": "Policies",
    "analysis": "Analysis: what is proven of a policy that is right",
    "lint": "Lints: what in a policy that is right could be better",
    "book": "Books: accounts, documents and how they hang together",
    "operations": "Operations: what is asked for, and what cannot be done",
    "tests": "Tests of policies",
    "ledger": "Ledgers: the file that they are kept in, and what a check finds",
    "commands": "Commands: what is typed",
}
"""Folder of the entries -> what its codes are about, in the order in which a user meets them."""
_HERE = files("billpolicy.catalogue")
_COPY = "policies/"
"""The folder of policies where one of them is a copy of the standard policy."""


@record
class Example:
    """What one of the two examples has of its own: name -> text of a file, and what is typed."""

    files: dict[str, str] = field(default_factory=dict)
    run: str | None = None


@record
class EntryText:
    """An entry as its file has it."""

    severity: Severity
    sentence: str
    """What is wrong, in one sentence that holds for every diagnostic of this code."""
    why: str
    """Why that matters, and what to do: one or more paragraphs of Markdown."""
    files: dict[str, str] = field(default_factory=dict)
    """Name -> text of the files that both examples have."""
    run: str | None = None
    """What is typed in both examples: lines of a shell, in a folder with these files and `standard`."""
    bad: Example
    mended: Example
    beside: tuple[str, ...] = ()
    """Other codes that the bad example cannot but give, too."""


@record
class Entry:
    """What a code means."""

    code: Code
    theme: str
    text: EntryText

    @property
    def bad(self) -> Example:
        """The example that gives the code: all of its files, and what is typed."""
        return _whole(self.text, self.text.bad)

    @property
    def mended(self) -> Example:
        """The same without the mistake."""
        return _whole(self.text, self.text.mended)


def wants_copy(example: Entry | Example) -> bool:
    """Whether it speaks of a copy of the standard policy in `policies/standard`: most extend the one that ships."""
    if isinstance(example, Entry):
        return wants_copy(example.bad) or wants_copy(example.mended)
    return any(_COPY in text for text in (example.run or "", *example.files, *example.files.values()))


def entry(code: str) -> Entry | None:
    """The entry of a code; None if there is none."""
    found = _entries().get(code)
    if found is None:
        return None
    theme, file = found
    tree = parse_text(file.read_text(encoding="utf-8"), f"{theme}/{file.name}")
    return Entry(code=cast(Code, code), theme=theme, text=read_record(EntryText, tree))


def theme_of(code: str) -> str | None:
    """What a code is about; None if there is none. Nothing is read."""
    found = _entries().get(code)
    return None if found is None else found[0]


def codes() -> tuple[str, ...]:
    """Every code that has an entry, sorted."""
    return tuple(sorted(_entries()))


def entries() -> Iterator[Entry]:
    """Every entry, by its code."""
    for code in codes():
        found = entry(code)
        if found is not None:
            yield found


def common_files() -> dict[str, str]:
    """Name -> text of the files that examples name without giving them."""
    return {file.name: file.read_text(encoding="utf-8") for file in (_HERE / "common").iterdir()}


def _whole(text: EntryText, own: Example) -> Example:
    return Example(files={**text.files, **own.files}, run=own.run or text.run)


@cache
def _entries() -> dict[str, tuple[str, Traversable]]:
    """Code -> its theme and its file."""
    return {
        file.name.removesuffix(".yaml"): (theme, file)
        for theme in THEMES
        for file in (_HERE / "entries" / theme).iterdir()
        if file.name.endswith(".yaml")
    }
