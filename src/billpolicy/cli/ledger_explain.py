"""`billpolicy ledger explain`: how what was posted was decided then."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import LINE, format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.html.explain import posted_html
from billpolicy.report.posted_explanation import posted_explanation_text


@click.command("explain")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@click.argument("id", type=LINE, shell_complete=completing.in_ledger)
@click.option("--verbose", "-v", is_flag=True, help="Also every rule that does not match, and why.")
@format_option("text", "json", "html")
def command(ledger: str, id: str, verbose: bool, format: str) -> None:
    """Explain how ID of LEDGER was decided when it was posted: a document by its number, or all that an operation
    decided, with what followed it.

    The ledger keeps the text of each policy that it posted under, so this is what `explain` told then. What was posted
    before ledgers kept it is told without the places and reasons of rules.
    """
    with billpolicy.open_ledger(ledger) as opened:
        found = billpolicy.explain_posted(opened, id)
    if format == "json":
        write_json(found)
    elif format == "html":
        write(posted_html(found, id))
    else:
        write(posted_explanation_text(found, every_candidate=verbose))
