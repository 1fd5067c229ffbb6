"""`billpolicy matrix`: the operation x attribute table that a reviewer wants."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from billpolicy.cli.loading import load_proven
from billpolicy.cli.options import format_option
from billpolicy.cli.output import write
from billpolicy.explain.matrix import Matrix, matrix_html, matrix_markdown, matrix_of
from billpolicy.operations.vocabulary import VOCABULARY
from billpolicy.source.write import to_json

if TYPE_CHECKING:
    from rich.table import Table


@click.command("matrix")
@click.argument("policy", type=click.Path(path_type=Path))
@format_option("text", "markdown", "html", "json")
def command(policy: Path, format: str) -> None:
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
        _print(matrix)


def _print(matrix: Matrix) -> None:
    from rich.console import Console

    # Without a terminal the text is 80 columns wide, so that the same policy prints the same.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 80)
    console.print(f"policy {matrix.policy}, in force {matrix.in_force}, digest {matrix.digest[:12]}\n", markup=False)
    chains = [(row.operation, *row.chains) for row in matrix.rows]
    console.print(_table(("operation", *matrix.attributes), chains))
    settings = [
        (row.operation if first == 0 else "", name, value)
        for row in matrix.rows
        for first, (name, value) in enumerate(row.settings)
    ]
    console.print(_table(("operation", "setting", "value"), settings))
    for note in matrix.notes:
        console.print(f"[{note.mark}] {note.id}, {note.where}", markup=False)
        for label, text in (("when", note.when), ("then", note.then), ("because", note.because)):
            if text:
                console.print(f"    {label:<8}{text}", markup=False)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, no_wrap=position == 0)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
