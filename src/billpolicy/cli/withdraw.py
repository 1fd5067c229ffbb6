"""`billpolicy withdraw`: what waits for approvals does so no more."""

from __future__ import annotations

import click

import billpolicy
from billpolicy.cli.operations import login
from billpolicy.cli.options import LINE
from billpolicy.cli.output import write


@click.command("withdraw")
@click.argument("ids", nargs=-1, required=True, type=LINE)
@click.option("--ledger", required=True, help="The ledger, like sqlite:///ledger.db.")
@click.option("--actor", type=LINE, help="Who withdraws; by default, who is logged in.")
@click.option("--comment", type=LINE, help="Why.")
def command(ids: tuple[str, ...], ledger: str, actor: str | None, comment: str | None) -> None:
    """Let the operations IDS, which wait for approvals, do so no more. That they did stays on record."""
    who = actor or login()
    with billpolicy.open_ledger(ledger) as opened:
        for id in ids:
            billpolicy.withdraw(opened, id, who=who, why=comment)
            write(f"{id} waits no more\n")
