"""`billpolicy matrix`: the operation x attribute table that a reviewer wants."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import click

from billpolicy.cli.options import format_option
from billpolicy.cli.output import write
from billpolicy.deciding.proven import load_proven
from billpolicy.diagnostics.visible import visible_lines
from billpolicy.report.explanation_text import WIDTH
from billpolicy.report.matrix import Following, Matrix, Note, matrix_html, matrix_markdown, matrix_of
from billpolicy.source.write import to_json
from billpolicy.vocabulary.operations import VOCABULARY


@click.command("matrix")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--settings", is_flag=True, help="Also the settings of each operation (other formats always have them).")
@format_option("text", "markdown", "html", "json")
def command(policy: Path, settings: bool, format: str) -> None:
    """Print, for every operation of POLICY, from which levels each attribute is inherited.

    The first level that has a value wins. A number in brackets names an exception that can change the cell.
    """
    matrix = matrix_of(load_proven(policy), VOCABULARY)
    if format == "json":
        write(to_json(matrix))
    elif format == "markdown":
        write(matrix_markdown(matrix))
    elif format == "html":
        write(matrix_html(matrix))
    else:
        write(_text(matrix, settings))


def _text(matrix: Matrix, with_settings: bool) -> str:
    parts = [f"policy {matrix.policy}, in force {matrix.in_force}, digest {matrix.digest[:12]}\n"]
    parts.append(_table(("operation", *matrix.attributes), [(row.operation, *row.chains) for row in matrix.rows]))
    parts += [_note(note) for note in matrix.notes]
    parts += [_following(one) for one in matrix.follow_ups]
    if with_settings:
        settings = [
            (row.operation if first == 0 else "", name, value)
            for row in matrix.rows
            for first, (name, value) in enumerate(row.settings)
        ]
        parts.append(_table(("operation", "setting", "value"), settings))
    return "\n".join(parts)


def _note(note: Note) -> str:
    return _entry(
        (f"[{note.mark}] {note.id}", f"    {note.where}"),
        when=note.when,
        then=note.then,
        in_force=note.in_force,
        beats=note.overrides,
        because=note.because,
    )


def _following(one: Following) -> str:
    return _entry(
        (one.id, f"    {one.where}"),
        after=one.after,
        when=one.when,
        then=one.then,
        refused="left out, with a warning" if one.if_refused == "leave_out" else "",
        in_force=one.in_force,
        because=one.because,
    )


def _entry(head: tuple[str, str], **said: str) -> str:
    """A rule below the table: what it is called, and whatever is said of it."""
    lines = list(head)
    for key, text in said.items():
        if text:
            label = key.replace("_", " ")
            start = f"    {label:<8} "
            indent = " " * len(start)
            lines += textwrap.wrap(
                visible_lines(text), WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False
            )
    return "\n".join(lines) + "\n"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table WIDTH columns wide; plain text, so that the same policy prints the same everywhere."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, no_wrap=position == 0)
    for row in rows:
        table.add_row(*(Text(visible_lines(cell)) for cell in row))
    console = Console(width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
