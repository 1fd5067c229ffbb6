"""`billpolicy ledger history`: what became of a line, and what it came of."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import LINE, format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.history import history_report
from billpolicy.report.history_graph import history_dot, history_mermaid
from billpolicy.report.history_text import history_text


@click.command("history")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@click.argument("line", type=LINE, shell_complete=completing.in_ledger)
@format_option("text", "json", "mermaid", "dot")
def command(ledger: str, line: str, format: str) -> None:
    """Show what became of LINE of LEDGER, `INV00000001/3`, and what it came of: billed, credited, written off,
    reopened, billed again; each step with who did it, when and why.

    LINE can also be the number of a document, for all its lines, or the id of a charge period. As `mermaid` or `dot` it
    is a picture for a page.
    """
    with billpolicy.open_ledger(ledger) as opened:
        history = billpolicy.history(opened, line)
    if format == "json":
        write_json(history_report(history))
    else:
        write(_WRITTEN.get(format, history_text)(history))


_WRITTEN = {"text": history_text, "mermaid": history_mermaid, "dot": history_dot}
