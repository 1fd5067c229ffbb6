"""`billpolicy ledger head`: what stands for all that was ever written into a ledger, to be kept elsewhere."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.stats import head_report, head_text


@click.command("head")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@format_option("text", "json")
def command(ledger: str, format: str) -> None:
    """Show the head of LEDGER: one digest that stands for all that was ever written into it.

    Keep it where nobody who may write the ledger may write, and give it to `ledger check --head`, which tells whether
    anything was changed, removed or cut off since. With --format json it is a file that --head takes as well; then what
    was issued and is not there any more is told by its number, which the digest alone cannot tell.
    """
    with billpolicy.open_ledger(ledger) as opened, opened.reading() as reader:
        found = reader.head()
    if format == "json":
        write_json(head_report(found))
    else:
        write(head_text(found))
