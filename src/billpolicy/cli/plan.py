"""`billpolicy plan`: a dry run. It shows what `post` would post, and changes nothing."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from billpolicy import EngineName
from billpolicy.cli.operations import (
    before_text,
    check_report,
    documents_in,
    load_asked,
    load_versions,
    one_place,
    planned,
    title,
)
from billpolicy.cli.options import (
    actor_option,
    day_or_today,
    details_option,
    engine_option,
    format_option,
    policy_option,
    report_option,
    today_option,
)
from billpolicy.cli.output import diagnostic_data, say, show, show_refused, write
from billpolicy.cli.tally import MANY, Tally
from billpolicy.posting.limits import beyond
from billpolicy.report.plan_text import plan_text
from billpolicy.source.write import plain_data, to_json


@click.command("plan")
@click.argument("operations", type=click.Path(path_type=Path))
@policy_option
@click.option("--book", "-b", type=click.Path(path_type=Path), help="Book file, YAML or JSON.")
@click.option("--ledger", help="Ledger, like sqlite:///ledger.db, instead of a book.")
@report_option
@details_option
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    operations: Path,
    policy: tuple[Path, ...],
    book: Path | None,
    ledger: str | None,
    report: Path | None,
    details: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS in their order, each on what the ones before it leave, and post nothing.

    Shows the documents with the numbers to come, where money is put, balances before and after, warnings, and all that
    follows by the policy, with the rule behind each step.
    """
    one_place(book, ledger)
    versions = load_versions(policy, engine)
    if report is not None:
        check_report(report, operations, book, ledger, versions)
    asked = load_asked(operations, actor)
    day = day_or_today(today)
    by_id = {one.request.id: one for one in asked}
    with documents_in(book, ledger) as documents:
        outcomes = planned(versions, documents, asked, day)
    before = [outcome.posted for outcome in outcomes if outcome.posted is not None]
    found = [outcome for outcome in outcomes if outcome.posted is None]
    tally = Tally()
    for outcome in outcomes:
        tally.add(by_id[outcome.job.id], outcome)
    stops = list(beyond(versions.policies, tally.done))
    if format == "json":
        write(
            to_json(
                {
                    "posted_before": sorted(posted.plan.id for posted in before),
                    "plans": [plain_data(one.plan) for one in found if one.plan is not None],
                    "refused": [
                        {"id": asked.request.id, "diagnostics": [diagnostic_data(d) for d in problems]}
                        for asked, problems in tally.refused
                    ],
                    "batch_limits": [diagnostic_data(stop) for stop in stops],
                }
            )
        )
    elif details or len(asked) <= MANY:
        for posted in before:
            write(before_text(posted))
        for one in found:
            if one.plan is not None:
                write(plan_text(one.plan, versions) + "\n")
            else:
                show_refused(title(by_id[one.job.id], day), one.problems)
    else:
        write(tally.table("planned") + "\n")
    if format == "text":
        show(stops)
        repeated = f", {len(before):,} had been posted before" if before else ""
        say(f"{tally.accepted:,} planned, {len(tally.refused):,} refused{repeated}; nothing was posted")
    if report is not None:
        tally.write_report(report)
    if tally.refused or stops:
        raise click.exceptions.Exit(1)
