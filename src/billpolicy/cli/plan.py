"""`billpolicy plan`: a dry run. It shows what `post` would post, and changes nothing."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy import EngineName
from billpolicy.cli import completing
from billpolicy.cli.operations import (
    Progress,
    check_written,
    documents_in,
    load_given,
    load_versions,
    planned,
    recording,
    tell_posted_before,
    title,
)
from billpolicy.cli.options import (
    actor_option,
    book_option,
    details_option,
    engine_option,
    fields_argument,
    format_option,
    policy_option,
    record_option,
    report_option,
    today_option,
)
from billpolicy.cli.output import conclude, gather, say, show, show_refused, write, write_json
from billpolicy.cli.writing import PLAN, RECORDING, REPORT, write_file
from billpolicy.report.batch_text import Tally
from billpolicy.report.limits import used_text
from billpolicy.report.outcome import found_about, is_told
from billpolicy.report.plan_text import plan_text
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import Instruction, Outcome


@click.command("plan")
@click.argument("operations", type=click.Path(path_type=Path), shell_complete=completing.operations_or_files)
@fields_argument
@policy_option
@book_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, help="Ledger, like sqlite:///ledger.db, instead of a book."
)
@report_option
@record_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the plan as a file that `post` posts exactly as it is, or not at all.",
)
@details_option
@actor_option
@engine_option
@today_option
@format_option("text", "json", "html")
def command(
    operations: Path,
    fields: tuple[str, ...],
    policy: tuple[Place, ...],
    book: Path | None,
    ledger: str | None,
    report: Path | None,
    record: Path | None,
    out: Path | None,
    details: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS in their order, each on what the ones before it leave, and post nothing.

    OPERATIONS is a file, or the name of one operation, with its fields: write_off_invoice invoice=INV00000001

    Shows the documents with the numbers to come, where money is put, balances before and after, warnings, and all that
    follows by the policy, with the rule behind each step.
    """
    versions = load_versions(policy, engine)
    if report is not None:
        check_written(report, REPORT, operations, book, ledger, versions)
    if record is not None:
        check_written(record, RECORDING, operations, book, ledger, versions, (report, "the report"))
    if out is not None:
        others = (report, "the report"), (record, "the recording")
        check_written(out, PLAN, operations, book, ledger, versions, *others)
    asked, documents, day = load_given(operations, fields, book, ledger, actor, today)
    tally, progress = Tally(), Progress(asked)
    kept: list[tuple[Instruction, Outcome]] = []
    every: list[Outcome] = []
    with documents_in(documents, ledger) as on, recording(record, versions, day) as note:
        for one, outcome in planned(versions, on, asked, day, progress):
            tally.add(one, outcome)
            note(outcome)
            if out is not None:
                every.append(outcome)
            gather(found_about(outcome))
            if details or not progress.is_long or (format == "json" and is_told(outcome)) or outcome.problems:
                kept.append((one, outcome))
    stops = tally.beyond(versions)
    if format == "html" and progress.is_long and not details:
        kept = [(one, outcome) for one, outcome in kept if outcome.problems]
    outcomes = [outcome for _, outcome in kept]
    if format in ("json", "html"):
        from billpolicy.report.plan import planning_report

        found = planning_report(outcomes, versions, stops, tally.totals(len(outcomes)))
        if format == "json":
            write_json(found)
        else:
            from billpolicy.report.html.plan import plan_html

            write(plan_html(found, tally.planned_text()))
    elif details or not progress.is_long:
        tell_posted_before(outcomes)
        for one, outcome in kept:
            if outcome.problems:
                show_refused(title(one, day), outcome.problems)
            elif outcome.plan is not None and outcome.posted is None:
                write(plan_text(outcome.plan, versions, details=details) + used_text(outcome.used) + "\n")
    else:
        write(tally.table("planned") + "\n")
    if format not in ("json", "html"):
        show(stops)
        conclude(tally.planned_text())
    if report is not None:
        write_file(report, tally.report(), REPORT)
    if out is not None and not (tally.refused or stops):
        write_file(out, billpolicy.plan_file(versions, day, asked, every), PLAN)
        say(f"{out} has this plan: `billpolicy post {out}` posts exactly that")
    elif out is not None:
        say(f"note: {out} was not written: only a plan that can be posted as a whole is kept")
    if tally.refused or stops:
        raise click.exceptions.Exit(1)
