"""The page of a code, and the page that lists them all, as Markdown: `docs/diagnostics/` and `billpolicy rule`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from billpolicy.catalogue.entry import THEMES, Entry, Example, common_files, entries, wants_copy

_LANGUAGES = {"yaml": "yaml", "json": "json", "py": "python"}


def page(found: Entry) -> str:
    """One code: what is wrong, why it matters, an example and the same mended."""
    text = found.text
    parts = [f"# {found.code}", *_prose(f"{text.severity.capitalize()}: {text.sentence}"), *_prose(text.why)]
    same = text.files
    if same:
        parts += ["## In both examples", *_listed(same)]
    copy = ", with a copy of the standard policy in `policies/standard`" if wants_copy(found) else ""
    parts += [f"Each example is for a new folder{copy}."]
    parts += ["## This gives it", *_listed(text.bad.files), *_typed(found.bad)]
    parts += ["## Mended", *_listed(text.mended.files)]
    if text.mended.run is not None:
        parts += _typed(found.mended)
    said = "\n".join(
        [found.bad.run or "", found.mended.run or "", *found.bad.files.values(), *found.mended.files.values()]
    )
    used = [name for name in sorted(common_files()) if name in said and name not in found.bad.files]
    if used:
        links = " and ".join(f"[`{name}`]({name})" for name in used)
        parts.append(f"{links}: what many of these pages are about.")
    return "\n\n".join(parts) + "\n"


def index(formats: Mapping[str, str]) -> str:
    """Every code under what it is about, with its sentence. `formats`: each format of findings, and whom it is for."""
    found = list(entries())
    lines = [
        "# Diagnostics",
        "",
        "What billpolicy says is wrong carries a code in brackets. Each code has a page: what is wrong, why it",
        "matters, an example that gives it and the same mended. `billpolicy rule CODE` prints it.",
        "",
        "Each example is for a new folder, with its files and a copy of `standard`. In the formats for other",
        "programs paths are as they were typed: run the commands from the root of the repository.",
        "",
        "## For other programs",
        "",
        "`--format` of every command tells the same to others; all but `text` print the findings on standard output.",
        "The exit code is 0 where there is no error, 1 where there is one, 2 for a wrong command, 3 for a bug of ours.",
        "",
        "| format | for |",
        "| --- | --- |",
        *(f"| `{name}` | {purpose} |" for name, purpose in formats.items()),
    ]
    for theme, title in THEMES.items():
        lines += ["", f"## {title}", "", "| code | severity | what is wrong |", "| --- | --- | --- |"]
        lines += [
            f"| [{one.code}]({one.code}.md) | {one.text.severity} | {one.text.sentence.replace('|', chr(92) + '|')} |"
            for one in found
            if one.theme == theme
        ]
    return "\n".join(lines) + "\n"


def pages(formats: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and text of every file under `docs/diagnostics/`."""
    yield "README.md", index(formats)
    yield from common_files().items()
    for found in entries():
        yield f"{found.code}.md", page(found)


def _prose(text: str) -> Iterator[str]:
    """Paragraphs, as wide as a terminal; what stands in a block is for copying, and stays as it is."""
    for paragraph in text.strip().split("\n\n"):
        is_block = paragraph.startswith("```")
        yield paragraph if is_block else textwrap.fill(paragraph, 80, break_long_words=False, break_on_hyphens=False)


def _listed(files: dict[str, str]) -> Iterator[str]:
    for name, text in files.items():
        language = _LANGUAGES.get(name.rpartition(".")[2], "")
        yield f"`{name}`:\n\n```{language}\n{text.rstrip(chr(10))}\n```"


def _typed(example: Example) -> Iterator[str]:
    yield f"```sh\n{(example.run or '').rstrip()}\n```"
