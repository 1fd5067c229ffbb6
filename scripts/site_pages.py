"""What the site has beside `docs/`: a hook of mkdocs (`mkdocs.yml`).

Pages of the reference are written from the program when the site is built, so nothing of them can be out of date. A
link that leads out of `docs/` leads to the checkout that the site is built from, or to SITE_REPOSITORY, where that is
published.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = os.environ.get("SITE_REPOSITORY", ROOT.as_uri())
_OUTSIDE = re.compile(r"\]\(((?:\.\./)+[^()\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs once it knows the pages that are there."""
    from mkdocs.structure.files import File

    for name, text in (("commands", commands_page()), ("schemas", schemas_page())):
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by mkdocs with each page before it becomes HTML."""
    return linked(markdown, Path("docs", page.file.src_uri))


def linked(markdown: str, page: Path) -> str:
    """The page with links out of `docs/` that lead to where the repository is."""

    def link(found: re.Match[str]) -> str:
        target = os.path.normpath(page.parent / found[1])
        return found[0] if target.startswith("docs/") else f"]({PUBLISHED}/{target})"

    return _OUTSIDE.sub(link, markdown)


# --- commands ---------------------------------------------------------------------------------------------------------


def commands_page() -> str:
    """Every command and its options, as the command line declares them."""
    from billpolicy.cli import cli

    parts = ["# Commands", "As `billpolicy COMMAND --help` says. What each answers: [exit codes](../exit-codes.md)."]
    with click.Context(cli, info_name="billpolicy") as context:
        for path, command in _commands(cli, context):
            parts += [f"## {path}", *_command(path, command)]
    return "\n\n".join(parts) + "\n"


def _commands(group: click.Group, context: click.Context, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, by the words that are typed for it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from _commands(command, context, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _command(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"billpolicy {path}")
    yield f"```text\nbillpolicy {path} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield (command.help or "").replace("\b\n", "").replace("<", "&lt;")
    options = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    yield "| option | |\n|---|---|\n" + "\n".join(f"| `{name}` | {_cell(text)} |" for name, text in options)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# --- schemas ----------------------------------------------------------------------------------------------------------


def schemas_page() -> str:
    """What can stand in each file that is read, and in each answer as JSON, as the published schemas say."""
    from billpolicy.exchange.schemas import SCHEMAS, schema_of

    parts = [
        "# Files and answers",
        "What can stand in each file and in each answer of `--format json`. `billpolicy schema NAME` prints all of it.",
    ]
    for name in sorted(SCHEMAS):
        schema = schema_of(name)
        parts += [f"## {name}", *_record(schema)]
        for record, one in schema.get("definitions", {}).items():
            if "properties" in one:
                parts += [f"### {name}: {record}", *_record(one)]
    return "\n\n".join(parts) + "\n"


def _record(schema: Mapping[str, Any]) -> Iterator[str]:
    if text := schema.get("description"):
        yield " ".join(text.split()).replace("<", "&lt;")
    if fields := schema.get("properties"):
        needed = schema.get("required", ())
        yield "| key | is | |\n|---|---|---|" + "".join(
            f"\n| `{name}`{' (needed)' if name in needed else ''} | {_cell(kind_of(one))} |"
            f" {_cell(one.get('description', ''))} |"
            for name, one in fields.items()
        )


def kind_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, such as `text`, `list of Item` or `one of a, b`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return "one of " + ", ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind_of(one) for one in several if one.get("type") != "null"))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if isinstance(values := schema.get("additionalProperties"), dict):
        return f"by name: {kind_of(values)}"
    kind = schema.get("type", "anything")
    return "text or number" if isinstance(kind, list) else {"string": "text", "object": "keys"}.get(kind, kind)
