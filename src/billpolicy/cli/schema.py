"""`billpolicy schema`: the JSON Schemas of the files, for editors and other programs."""

from __future__ import annotations

from pathlib import Path

import click

import billpolicy
from billpolicy.cli.options import format_option
from billpolicy.cli.output import say, show, write
from billpolicy.cli.writing import SCHEMA, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.exchange.schemas import SCHEMAS, schema_text
from billpolicy.source.plain_file import read_plain


@click.command("schema")
@click.argument("name", required=False, type=click.Choice(list(SCHEMAS)), metavar="[NAME]")
@click.option("--all", "every", is_flag=True, help="All schemas, with --output or --check.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write NAME.schema.json to.")
@click.option("--check", type=click.Path(path_type=Path, file_okay=False), help="Folder whose schemas must be these.")
@click.option("--validate", type=click.Path(path_type=Path), metavar="FILE", help="Hold a file against the schema.")
@format_option("text", "json")
def command(
    name: str | None, every: bool, output: Path | None, check: Path | None, validate: Path | None, format: str
) -> None:
    """Print the JSON Schema (draft-07) of a kind of file, or of a command's answer, or write or check all of them.

    NAME is policy, book, operations, or witness, which is operations with their book; the command validate, explain,
    plan, post, matrix or rule; ledger-import, ledger-show; or diagnostics, which `ledger check` answers and every
    command that could not begin.

    Editors use them through the first line of a file:
    # yaml-language-server: $schema=schemas/policy.schema.json
    """
    if (name is None) == (not every):
        raise click.UsageError("name one schema, or say --all with --output or --check")
    if validate is not None:
        _validate(name, validate)
        return
    names = list(SCHEMAS) if every else [str(name)]
    if every and output is None and check is None:
        raise click.UsageError("--all needs --output FOLDER or --check FOLDER")
    stale = []
    for each in names:
        text = schema_text(each)
        file = f"{each}.schema.json"
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            write_file(output / file, text, SCHEMA)
        elif check is not None:
            found = check / file
            if not found.is_file() or read_plain(found).replace(b"\r\n", b"\n") != text.encode():
                stale.append(str(found))
        else:
            write(text)
    if stale:
        hint = f"run `billpolicy schema --all --output {check}`"
        message = "this is not the schema of this program"
        show(Diagnostic("schema-stale", message, Position(each), hint) for each in stale)
        raise click.exceptions.Exit(1)


def _validate(name: str | None, file: Path) -> None:
    """Tell where a file is not what its schema says."""
    if name is None:
        raise click.UsageError("--validate needs the name of one schema")
    found = billpolicy.violations(name, file)
    show(found)
    if found:
        raise click.exceptions.Exit(1)
    say(f"{file} is what the schema `{name}` says")
