"""The site of the docs: every page is in its contents, and the reference has all that the program has.

That mkdocs builds it without a warning, and every link leads somewhere, is for `make site`, which CI runs.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from billpolicy.cli import COMMANDS
from scripts.site_pages import (
    commands_page,
    kind_of,
    linked,
    on_page_markdown,
    schema_page,
    schemas_page,
    written_pages,
)
from tests.helpers.paths import ROOT

CONTENTS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_every_page_is_in_the_contents() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", CONTENTS, re.MULTILINE))
    docs = ROOT / "docs"
    there = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    written = {"reference/commands.md", "reference/schemas.md"}
    apart = {page for page in there if page.startswith(("diagnostics/", "decisions/"))} - {"diagnostics/README.md"}
    assert listed == (there - apart) | written


def test_every_command_is_there_with_its_options() -> None:
    headings = re.findall(r"^## (\S+)", commands_page(), re.MULTILINE)
    assert set(headings) == set(COMMANDS)
    assert "## ledger import\n" in commands_page()
    assert "| `--fail-level [error|warning|hint]` |" in commands_page()


def test_help_is_no_code_where_its_lines_can_be_wrapped() -> None:
    """A line that begins with four blanks would be shown as code; the lines that a shell is given are."""
    apart = commands_page().split("```")
    assert [line for part in apart[::2] for line in part.splitlines() if line.startswith("    ")] == []
    assert any("bash: source <(billpolicy completion bash)" in part for part in apart[1::2])


def test_every_schema_is_there_with_a_page() -> None:
    names = sorted(file.name.removesuffix(".schema.json") for file in (ROOT / "schemas").iterdir())
    assert re.findall(r"^\| \[([\w-]+)\]\(schemas/\1\.md\) \| \S", schemas_page(), re.MULTILINE) == names
    assert {f"schemas/{name}" for name in names} == {one for one in written_pages() if one.startswith("schemas/")}
    assert "| `date` (needed) | " in schema_page("operations")
    assert "## CreditMemo\n" in schema_page("book")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"$ref": "#/definitions/Item"}, "Item"),
        ({"type": "array", "items": {"$ref": "#/definitions/Item"}}, "list of Item"),
        ({"enum": ["day", "month"]}, "one of day, month"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "by name: boolean"),
        ({}, "anything"),
    ],
)
def test_a_schema_in_words(schema: dict[str, object], words: str) -> None:
    assert kind_of(schema) == words


@pytest.mark.parametrize(
    ("page", "search"),
    [
        ("numbers.md", None),
        ("diagnostics/README.md", None),
        ("diagnostics/number-gap.md", {"boost": 0.3}),
        ("reference/schemas/post.md", {"boost": 0.3}),
    ],
)
def test_a_search_finds_guides_before_short_pages(page: str, search: object) -> None:
    one = SimpleNamespace(file=SimpleNamespace(src_uri=page), meta={})
    assert on_page_markdown("text", one) == "text"
    assert one.meta.get("search") == search


def test_links_out_of_the_docs_lead_to_the_repository() -> None:
    text, page = "[a](../examples/x/README.md), [b](tax.md), [`schemas`](../schemas)", Path("docs", "page.md")
    there = "https://example.com/repository"
    published = f"[a]({there}/examples/x/README.md), [b](tax.md), [`schemas`]({there}/schemas)"
    assert linked(text, page, there) == published
    assert linked(text, page, None) == "a (`examples/x/README.md` in the repository), [b](tax.md), `schemas`"
    for where in (there, None):
        assert linked("[d](../tax.md)", Path("docs", "tutorial", "page.md"), where) == "[d](../tax.md)"
