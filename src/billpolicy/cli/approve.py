"""`billpolicy approve`: see what operations that wait in a ledger would do, and approve them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.logs import log
from billpolicy.cli.operations import is_of_the_ledger, load_versions
from billpolicy.cli.options import (
    LINE,
    REMARK,
    day_or_today,
    details_option,
    engine_option,
    format_option,
    policy_option,
    today_option,
)
from billpolicy.cli.output import conclude, gather, show_refused, write, write_json
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.report.plan_text import plan_text
from billpolicy.report.results import Refusal, findings
from billpolicy.report.texts import wrapped
from billpolicy.report.waiting import approvals_report, awaited_text
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName, ForApproval


@click.command("approve")
@click.argument("ids", nargs=-1, required=True, type=LINE, shell_complete=completing.waiting)
@policy_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, required=True, help="The ledger, like sqlite:///ledger.db."
)
@click.option("--actor", required=True, type=LINE, help="Who approves.")
@click.option("--comment", type=REMARK, help="What is to be remembered of it.")
@details_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    ids: tuple[str, ...],
    policy: tuple[Place, ...],
    ledger: str,
    actor: str,
    comment: str | None,
    details: bool,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Approve the operations IDS, which wait in the ledger: what each would do is shown, and is what is approved.

    Whoever approves is checked by the policy. If something else would be done by now, nothing is approved.
    """
    versions, day = load_versions(policy, engine), day_or_today(today)
    approved: list[ForApproval] = []
    refused: list[Refusal] = []
    with billpolicy.open_ledger(ledger) as opened:
        for id in ids:
            try:
                found = billpolicy.approve(versions, opened, id, actor=actor, comment=comment, today=day)
            except Refused as why:
                if is_of_the_ledger(why.diagnostics) and not approved and not refused:
                    raise
                refused.append(Refusal(id=id, diagnostics=findings(why.diagnostics)))
                if format == "json":
                    gather(why.diagnostics)
                    continue
                show_refused(f"{id}: the approval of {' '.join(actor.split())}", why.diagnostics, ())
                continue
            approved.append(found)
            if (current := log()) is not None:
                current.decided(id, found.plan.operation, "approved")
            if format == "json":
                continue
            write(plan_text(found.plan, versions, details=details) + "\n")
            person = found.waiting.approvals[-1].person
            conclude(f"{id}: approved by {person}" + ("; it can be posted" if found.complete else ""))
            for awaited in found.awaited:
                for line in wrapped("  it still waits for ", awaited_text(awaited)):
                    conclude(line)
    if format == "json":
        write_json(approvals_report(approved, refused))
    if refused:
        raise click.exceptions.Exit(1)
