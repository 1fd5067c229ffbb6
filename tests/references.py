"""Where references of a repository lead: sections of its pages, links, anchors and cited sources.

A reference has one form, on one line, so that it can be searched for: the path of a page of `docs` and a place on it. A
place is a numbered section (`9.2`), a row or point of one (`1.2 row 6`, `1.3 point 5`), a numbered rule (`rule 5`), a
use case or a vector (`G4`); several are joined by commas, `and` or `to`. In Markdown a relative link does as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

PLACES = (
    "src",
    "policies",
    "schemas",
    "docs",
    "examples",
    "tests",
    "scripts",
    "benchmarks",
    "README.md",
    "CHANGELOG.md",
)
SUFFIXES = {".md", ".py", ".yaml", ".json", ".txt", ".sh"}
CITING = ("policies", "examples")
WRONG_ON_PURPOSE = "test_references.py"

_NUMBERS = r"\d+(?:(?:, | and | to )\d+(?![.\d]))*"
_PLACE = (
    rf"(?:G\d+|use case \d+|use cases {_NUMBERS}|rule \d+|rules {_NUMBERS}"
    rf"|\d+(?:\.\d+)?(?: row \d+| rows {_NUMBERS}| point \d+)?)"
)
REFERENCE = re.compile(rf"(docs/[\w/-]+\.md)((?:(?:,| and| to)? {_PLACE}(?: \([^()]*\))?)*)")
BROKEN = re.compile(
    rf"{REFERENCE.pattern}(?:,| and| to)?\n[\s#]*(?:(?:rows?|rules?|points?|use cases?) \d|G\d|\d+\.\d)"
)
OLD_FORMS = re.compile(
    r"\b[Dd]omain (?:sections? |vectors? |G?\d)|\b[Dd]esign section|\b[Ss]ections? \d|\bSEED ?\d|\b[Ss]eeds? \d\b"
    r"|durable_rules\.md|\.\./shared\b|(?<![\w/])shared[/]"
)
CITATION = re.compile(r"Zuora(?: Community)?[,:](?=\s)((?:.|\n){0,90})")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^\[\]]*\]\(([^()\s]+)\)")
_DEFINITION = re.compile(r"^\[([^\[\]]+)\]: (\S+)$", re.MULTILINE)
_SHORT_LINK = re.compile(r"(?<!\])\[([^\[\]]+)\](?![(\[:])")


class Problem(NamedTuple):
    """A reference that leads nowhere."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Page:
    """A Markdown page without its code: its sections and what they number."""

    def __init__(self, path: Path) -> None:
        self.raw = path.read_text(encoding="utf-8")

    @cached_property
    def unfenced(self) -> str:
        """Without blocks of code, as long and with as many lines as the page, so that places stay right."""
        return re.sub(r"^```.*?^```$", _blank, self.raw, flags=re.MULTILINE | re.DOTALL)

    @cached_property
    def text(self) -> str:
        """Without code in lines, too."""
        return re.sub(r"`[^`\n]+`", _blank, self.unfenced)

    @cached_property
    def sections(self) -> dict[str, str]:
        """Heading -> what stands under it, up to the next heading of any level."""
        headings = list(_HEADING.finditer(self.unfenced))
        ends = [heading.start() for heading in headings[1:]] + [len(self.raw)]
        return {one[2]: self.unfenced[one.end() : end] for one, end in zip(headings, ends, strict=True)}

    @cached_property
    def anchors(self) -> set[str]:
        """As GitHub makes them: lower case, without punctuation, a dash for each space."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.sections}

    @cached_property
    def definitions(self) -> dict[str, str]:
        """Label of a link -> where it leads."""
        return {_plain(label): target for label, target in _DEFINITION.findall(self.text)}

    def section(self, number: str) -> str | None:
        """What stands under a numbered heading."""
        return next((text for name, text in self.sections.items() if re.match(rf"{re.escape(number)}\.? ", name)), None)

    def named(self, words: str) -> str:
        """What stands under the headings that have these words."""
        return "".join(text for name, text in self.sections.items() if words in name)

    def missing(self, place: str) -> str | None:
        """The first of what a place names that is not on the page; None if all is there."""
        if place.startswith("G"):
            return None if _row(self.unfenced, place) else place
        numbers = re.findall(r"\d+", place)
        if place.startswith("rule"):
            return next((f"rule {n}" for n in numbers if not _point(self.named("The rules of "), n)), None)
        if place.startswith("use case"):
            return next((f"use case {n}" for n in numbers if not _row(self.named("use cases"), n)), None)
        number, _, within = place.partition(" ")
        text = self.section(number)
        if text is None:
            return f"section {number}"
        kind, _, rest = within.partition(" ")
        find = _point if kind == "point" else _row
        return next(
            (f"{kind.rstrip('s')} {n} of {number}" for n in re.findall(r"\d+", rest) if not find(text, n)), None
        )


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()


def _row(text: str, name: str) -> bool:
    return re.search(rf"^\| {name} \|", text, re.MULTILINE) is not None


def _point(text: str, number: str) -> bool:
    return re.search(rf"^{number}\. ", text, re.MULTILINE) is not None


class Repository:
    """The files below a root, and what is wrong with what they refer to."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._pages: dict[Path, Page] = {}

    def files(self) -> Iterator[Path]:
        """Everything that is text, but not the file whose cases are wrong on purpose."""
        for place in PLACES:
            here = self.root / place
            for path in sorted(here.rglob("*")) if here.is_dir() else [here]:
                if path.is_file() and path.suffix in SUFFIXES and path.name != WRONG_ON_PURPOSE:
                    yield path

    def page(self, path: Path) -> Page:
        if path not in self._pages:
            self._pages[path] = Page(path)
        return self._pages[path]

    def problems(self) -> list[Problem]:
        return [
            Problem(path.relative_to(self.root).as_posix(), text.count("\n", 0, at) + 1, message)
            for path in self.files()
            for text in [path.read_text(encoding="utf-8", errors="replace")]
            for at, message in self._of_file(path, text)
        ]

    def _of_file(self, path: Path, text: str) -> Iterator[tuple[int, str]]:
        yield from self._references(text)
        for found in OLD_FORMS.finditer(text):
            yield found.start(), f"`{found[0].strip()}` is no reference that can be looked up"
        if path.suffix == ".md":
            yield from self._links(path)
        if path.relative_to(self.root).parts[0] in CITING:
            yield from self._citations(text)

    def _references(self, text: str) -> Iterator[tuple[int, str]]:
        for found in REFERENCE.finditer(text):
            target = self.root / found[1]
            if not target.is_file():
                yield found.start(), f"there is no {found[1]}"
                continue
            for place in re.findall(_PLACE, re.sub(r"\([^()]*\)", "", found[2])):
                missing = self.page(target).missing(place)
                if missing is not None:
                    yield found.start(), f"{found[1]} has no {missing}"
        for found in BROKEN.finditer(text):
            yield found.start(), f"the reference to {found[1]} goes on in the next line"

    def _links(self, path: Path) -> Iterator[tuple[int, str]]:
        page = self.page(path)
        targets = [(found.start(), found[1]) for found in LINK.finditer(page.text)]
        targets += [(found.start(), found[2]) for found in _DEFINITION.finditer(page.text)]
        for at, target in targets:
            if not re.match(r"\w+:", target):
                yield from ((at, message) for message in self._link(path, target))
        for found in _SHORT_LINK.finditer(page.text):
            if _plain(found[1]) not in page.definitions:
                yield found.start(), f"[{found[1]}] is not defined"

    def _link(self, path: Path, target: str) -> Iterator[str]:
        name, _, anchor = target.partition("#")
        to = (path.parent / name).resolve() if name else path
        if not to.is_relative_to(self.root) or not to.exists():
            yield f"there is no {target}"
        elif anchor and (to.suffix != ".md" or anchor not in self.page(to).anchors):
            yield f"there is no place #{anchor} in {to.name}"

    def _citations(self, text: str) -> Iterator[tuple[int, str]]:
        domain = self.page(self.root / "docs" / "domain.md")
        table = re.findall(r"^\| \[([^\[\]]+)\] \| ([^|(]+)", domain.named("The pages"), re.MULTILINE)
        names = tuple(_plain(name) for row in table for name in row)
        for found in CITATION.finditer(text):
            # It may go on in the next line, behind the beginning of a comment.
            cited = _plain(re.sub(r"\n[ #]*", " ", found[1]))
            if not cited.startswith(names):
                yield found.start(), f"docs/domain.md 0.1 has no source `{cited[:40]}`"
        for number in re.finditer(r"\buse cases? (\d+)", text):
            missing = domain.missing(f"use case {number[1]}")
            if missing is not None:
                yield number.start(), f"docs/domain.md has no {missing}"
