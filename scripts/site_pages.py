"""What the site has beside `docs/`: a hook of mkdocs (`mkdocs.yml`).

Pages of the reference are written from the program when the site is built, so nothing of them can be out of date. A
link that leads out of `docs/` leads to SITE_REPOSITORY, where the repository is published; where that is not said, it
is the path of what it leads to.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

_AFTER_ALL_ELSE = ("diagnostics/", "decisions/", "reference/schemas/")
"""Where there are hundreds of short pages: a search finds the guides before them."""
_OUTSIDE = re.compile(r"\[([^\[\]]+)\]\(((?:\.\./)+[^()\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs once it knows the pages that are there."""
    from mkdocs.structure.files import File

    for name, text in written_pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def written_pages() -> dict[str, str]:
    """Each page of the reference that is written from the program, by its name."""
    from billpolicy.exchange.schemas import SCHEMAS

    of_schemas = {f"schemas/{name}": schema_page(name) for name in sorted(SCHEMAS)}
    return {"commands": commands_page(), "schemas": schemas_page(), **of_schemas}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by mkdocs with each page before it becomes HTML."""
    if page.file.src_uri.startswith(_AFTER_ALL_ELSE) and page.file.src_uri != "diagnostics/README.md":
        page.meta["search"] = {"boost": 0.3}
    return linked(markdown, Path("docs", page.file.src_uri), os.environ.get("SITE_REPOSITORY"))


def linked(markdown: str, page: Path, published: str | None) -> str:
    """The page with links out of `docs/` that lead to where the repository is published, or are paths in it."""

    def link(found: re.Match[str]) -> str:
        words, target = found[1], os.path.normpath(page.parent / found[2])
        if target.startswith("docs/"):
            return found[0]
        if published is not None:
            return f"[{words}]({published}/{target})"
        return f"`{target}`" if words.strip("`") == target else f"{words} (`{target}` in the repository)"

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
    yield from map(_paragraph, inspect.cleandoc(command.help or "").split("\n\n"))
    options = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    yield "| option | |\n|---|---|\n" + "\n".join(f"| `{name}` | {_cell(text)} |" for name, text in options)


def _paragraph(text: str) -> str:
    """A paragraph of help; one that click does not wrap, after a `\\b`, as its lines stand."""
    if text.startswith("\b\n"):
        lines = text.removeprefix("\b\n")
        return f"```text\n{lines}\n```"
    return text.replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# --- schemas ----------------------------------------------------------------------------------------------------------


def schemas_page() -> str:
    """All files that are read, and all answers as JSON, with a page of each: together they are too long for one."""
    from billpolicy.exchange.schemas import SCHEMAS, schema_of

    about = {name: _described(schema_of(name)) for name in sorted(SCHEMAS)}
    rows = (f"| [{name}](schemas/{name}.md) | {text} |" for name, text in about.items())
    head = "What can stand in each file and each answer of `--format json`; `billpolicy schema NAME` prints it."
    return "\n\n".join(("# Files and answers", head, "| schema | is |\n|---|---|\n" + "\n".join(rows))) + "\n"


def schema_page(name: str) -> str:
    """What can stand in one file or answer, as the published schema says."""
    from billpolicy.exchange.schemas import schema_of

    schema = schema_of(name)
    parts = [f"# {name}", *_record(schema), "[All files and answers](../schemas.md)"]
    for record, one in schema.get("definitions", {}).items():
        if "properties" in one:
            parts += [f"## {record}", *_record(one)]
    return "\n\n".join(parts) + "\n"


def _described(schema: Mapping[str, Any]) -> str:
    """What a schema is; of one that does not say so, which records it can be or which keys it has."""
    if "description" in schema:
        return " ".join(schema["description"].split()).replace("<", "&lt;")
    if "anyOf" in schema:
        return f"{kind_of(schema)}."
    return " and ".join(f"`{name}`" for name in schema.get("properties", ()))


def _record(schema: Mapping[str, Any]) -> Iterator[str]:
    if text := _described(schema):
        yield text
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
