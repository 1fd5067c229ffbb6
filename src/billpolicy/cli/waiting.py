"""`billpolicy waiting`: what waits in a ledger for approvals, for whose, and who gave theirs."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.waiting import waiting_text, waitings_report


@click.command("waiting")
@click.option(
    "--ledger", shell_complete=completing.ledgers, required=True, help="The ledger, like sqlite:///ledger.db."
)
@format_option("text", "json")
def command(ledger: str, format: str) -> None:
    """List the operations that wait for approvals, for whose, and who gave theirs."""
    with billpolicy.open_ledger(ledger) as opened:
        found = billpolicy.waiting(opened)
    if format == "json":
        write_json(waitings_report(found))
    elif found:
        write("\n".join(map(waiting_text, found)))
    else:
        write("nothing waits for approvals\n")
