"""`billpolicy matrix`: the operation x attribute table that a reviewer wants."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli.options import format_option
from billpolicy.cli.output import write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.report.html.matrix import matrix_html
from billpolicy.report.matrix import matrix_of
from billpolicy.report.matrix_text import matrix_markdown, matrix_text
from billpolicy.source.files import Place


@click.command("matrix")
@click.argument("policy", type=PLACE)
@stdin_filename_option
@click.option("--settings", is_flag=True, help="Also the settings of each operation (other formats always have them).")
@format_option("text", "markdown", "html", "json")
def command(policy: Place, settings: bool, format: str) -> None:
    """Print, for every operation of POLICY, from which levels each attribute is inherited.

    The first level that has a value wins. A number in brackets names an exception that can change the cell.
    """
    matrix = matrix_of(billpolicy.validate(policy))
    if format == "json":
        write_json(matrix)
    elif format == "markdown":
        write(matrix_markdown(matrix))
    elif format == "html":
        write(matrix_html(matrix))
    else:
        write(matrix_text(matrix, with_settings=settings))
