"""`billpolicy withdraw`: what waits for approvals does so no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.logs import log
from billpolicy.cli.operations import login
from billpolicy.cli.options import LINE, REMARK, format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.texts import in_lines
from billpolicy.report.waiting import waitings_report

if TYPE_CHECKING:
    from billpolicy import Waiting


@click.command("withdraw")
@click.argument("ids", nargs=-1, required=True, type=LINE, shell_complete=completing.waiting)
@click.option(
    "--ledger", shell_complete=completing.ledgers, required=True, help="The ledger, like sqlite:///ledger.db."
)
@click.option("--actor", type=LINE, help="Who withdraws; by default, who is logged in.")
@click.option("--comment", type=REMARK, help="Why.")
@format_option("text", "json")
def command(ids: tuple[str, ...], ledger: str, actor: str | None, comment: str | None, format: str) -> None:
    """Let the operations IDS, which wait for approvals, do so no more."""
    who = actor or login()
    withdrawn: list[Waiting] = []
    with billpolicy.open_ledger(ledger) as opened:
        for id in ids:
            found = billpolicy.withdraw(opened, id, who=who, why=comment)
            withdrawn.append(found)
            if (current := log()) is not None:
                current.decided(id, found.operation, "withdrawn")
            if format == "text":
                write(in_lines([f"{id} waits no more"]))
    if format == "json":
        write_json(waitings_report(withdrawn))
