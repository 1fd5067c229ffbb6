"""`billpolicy post`: plan operations and post them, in groups that are one transaction each."""

from __future__ import annotations

import datetime
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.interrupt import interruptible
from billpolicy.cli.operations import (
    Progress,
    check_written,
    is_of_the_ledger,
    load_asked,
    load_versions,
    login,
    recording,
    tell_outcome,
    title,
)
from billpolicy.cli.options import (
    DIGEST,
    LINE,
    actor_option,
    day_or_today,
    details_option,
    engine_option,
    fields_argument,
    format_option,
    head_option,
    policy_option,
    record_option,
    report_option,
    today_option,
    typed,
)
from billpolicy.cli.output import (
    answer_with_refusals,
    conclude,
    gather,
    say,
    show_refused,
    use_format,
    write,
    write_json,
)
from billpolicy.cli.writing import RECORDING, REPORT, write_file
from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.report.batch_text import Tally, before_text
from billpolicy.report.closure import closure_text
from billpolicy.report.ledger import posting_report
from billpolicy.report.limits import used_text
from billpolicy.report.outcome import found_about, is_told, placed
from billpolicy.report.plan_text import plan_text
from billpolicy.report.waiting import waiting_text
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName, Instruction, KeptHead, Ledger, Outcome, PlanFile, Versions, Waiting


@click.command("post")
@click.argument(
    "operations", type=click.Path(path_type=Path), required=False, shell_complete=completing.operations_or_files
)
@fields_argument
@policy_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, required=True, help="Ledger to post to, like sqlite:///ledger.db."
)
@click.option("--atomic", is_flag=True, help="Post all of them or none: if one is refused, nothing is posted.")
@click.option(
    "--confirm",
    multiple=True,
    type=DIGEST,
    help="Confirm what a correction takes with the lines that were selected, by the digest that its plan shows.",
)
@click.option("--yes", is_flag=True, help="Confirm all that corrections take with the lines that were selected.")
@click.option("--wait", is_flag=True, help="Let what lacks nothing but approvals wait for them in the ledger.")
@click.option(
    "--waiting",
    "approved",
    multiple=True,
    type=LINE,
    metavar="ID",
    shell_complete=completing.waiting,
    help="Post what waits in the ledger under this id.",
)
@head_option
@report_option
@record_option
@details_option
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    operations: Path | None,
    fields: tuple[str, ...],
    policy: tuple[Place, ...],
    ledger: str,
    atomic: bool,
    confirm: tuple[str, ...],
    yes: bool,
    wait: bool,
    approved: tuple[str, ...],
    head: str | None,
    report: Path | None,
    record: Path | None,
    details: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS and post them: documents, numbers, applications, audit, and all that follows by the policy.

    OPERATIONS is a file, or the name of one operation, with its fields: write_off_invoice invoice=INV00000001

    Each operation is posted with what follows it or not at all. One that was posted before is not posted again, so an
    interrupted batch is finished by the same command. One that is refused changes nothing, and the others go on.

    What needs approvals has them in the operation (`approved_by`), or waits for them with --wait until `approve` has
    given them; then it is posted by the same command, or by its id with --waiting.

    OPERATIONS may be a plan that `plan --out` wrote: it is posted exactly as it was made, all of it, or refused where
    the policy, the ledger or the file is not what it was.

    A correction that takes more lines than were selected is refused until that is confirmed; if it has changed since,
    it is refused again.
    """
    if (operations is None) == (not approved):
        raise click.UsageError("say what to post: either OPERATIONS, or with --waiting what waits in the ledger")
    if wait and (atomic or approved):
        raise click.UsageError("--wait is for OPERATIONS that are posted one by one: leave --atomic and --waiting out")
    is_plan = operations is not None and billpolicy.is_plan_file(operations)
    if is_plan and (wait or today is not None):
        raise click.UsageError("a plan is posted as it was made: leave --wait and --today out")
    versions = load_versions(policy, engine)
    if report is not None:
        check_written(report, REPORT, operations, None, ledger, versions)
    if record is not None:
        check_written(record, RECORDING, operations, None, ledger, versions, (report, "the report"))
    who = actor or login()
    plan = billpolicy.load_plan_file(operations) if is_plan and operations is not None else None
    day = day_or_today(today) if plan is None else plan.today
    if plan is not None:
        asked = list(plan.operations)
    else:
        asked = [] if operations is None else load_asked(operations, fields, actor, day)
    if approved:
        with billpolicy.open_ledger(ledger) as opened:
            asked = billpolicy.asked_waiting(opened, approved)
    tally = Tally()
    if report is not None:
        write_file(
            report, tally.report(), REPORT
        )  # now, when nothing has been posted yet, it can still be told that it cannot be
    outcomes: list[Outcome] = []
    waiting: list[str] = []
    begun: list[Waiting] = []
    progress = Progress(asked)
    kept = None if head is None else billpolicy.load_head(head)
    posting = billpolicy.open_ledger(ledger)
    with posting, recording(record, versions, day) as note, interruptible() as interrupt:
        if kept is not None:
            _go_on_from(posting, kept)
        # A few are posted and told one by one; many in groups, which is several times faster.
        answer_with_refusals(click.get_current_context())
        few = not progress.is_long and not any(one.request.is_divided() for one in asked)
        how: dict[str, Any] = {"who": who, "go_on": interrupt.go_on, "watch": progress, "confirm": confirm, "yes": yes}
        if plan is None:
            how |= {"atomic": atomic, "today": day} | ({"group": 1} if few else {})
        running = _begin(versions, posting, asked if plan is None else plan, len(asked), **how)
        untouched = False
        """The ledger let nothing be tried: why says it all."""
        try:
            with closing(running):
                for one, outcome in placed(asked, running):
                    if wait and outcome.lacks_approvals:
                        found = _let_wait(versions, posting, one, outcome, who, day)
                        if isinstance(found, billpolicy.Waiting):
                            begun.append(found)
                            tell_outcome(outcome, waits=True)
                            if format != "json":
                                write(waiting_text(found) + "\n")
                            continue
                        outcome = found
                    tell_outcome(outcome)
                    tally.add(one, outcome)
                    note(outcome)
                    gather(found_about(outcome))
                    waiting += (closure.short_digest for closure in outcome.to_confirm)
                    each = details or not progress.is_long
                    if format == "json" and (each or is_told(outcome)):
                        outcomes.append(outcome)
                    elif format != "json" and each:
                        _write(outcome, one, versions, day, details=details)
        except Refused as refused:
            untouched = is_of_the_ledger(refused.diagnostics) and not tally.count and not begun
            raise
        finally:
            # Also when it fails half-way: what was posted stays posted, and is told.
            if format == "json":
                totals = tally.totals(len(outcomes))
                write_json(posting_report(outcomes, versions, totals, begun, _head(posting)))
                # The answer is whole; what made it fail half-way is said beside it.
                use_format(click.get_current_context(), "text")
            elif not untouched:
                if progress.is_long and not details:
                    write(tally.table("posted") + "\n")
                conclude(tally.posted_text(progress.count - len(begun)))
                if tally.accepted or begun:
                    conclude(f"head {_head(posting)}")
                if begun:
                    conclude(
                        f"{len(begun)} wait{'s' if len(begun) == 1 else ''} for approvals: see `billpolicy waiting`"
                    )
                if 0 < len(waiting) <= _CONFIRMED_AT_ONCE:
                    again = typed(click.get_current_context(), confirm=(*confirm, *waiting))
                    conclude(f"to go on with these lines: {again}")
            if report is not None:
                write_file(report, tally.report(), REPORT)
        if tally.refused and _is_empty(posting):
            told = told_address(ledger)
            say(f"note: there is nothing in this ledger yet: `billpolicy ledger import {told} BOOK` comes first")
    if interrupt.asked_for:
        raise KeyboardInterrupt
    if tally.refused or tally.given_up:
        raise click.exceptions.Exit(1)


def _go_on_from(ledger: Ledger, head: KeptHead) -> None:
    """Raises `Refused` where the ledger does not go on from a head that was kept."""
    with ledger.reading() as reader:
        problems = reader.unknown_head(head)
    if problems:
        raise Refused(problems)


def _head(ledger: Ledger) -> str:
    with ledger.reading() as reader:
        return reader.head().digest


def _begin(
    versions: Versions, ledger: Ledger, asked: list[Instruction] | PlanFile, count: int, **how: Any
) -> Generator[Outcome]:
    """Begin to post operations or a plan, unless the policy stops the batch before anything is posted."""
    try:
        if isinstance(asked, list):
            return billpolicy.post_all(versions, ledger, asked, **how)
        return billpolicy.post_planned(versions, ledger, asked, **how)
    except Refused as refused:
        if all(problem.code == "batch-limit" for problem in refused.diagnostics):
            conclude(f"nothing was posted: the policy stops this batch of {count:,}")
        raise


def _let_wait(
    versions: Versions, ledger: Ledger, one: Instruction, outcome: Outcome, who: str, today: datetime.date
) -> Waiting | Outcome:
    """What waits now; or what became of it where it lacks more than approvals."""
    try:
        return billpolicy.wait(versions, ledger, one, who=who, today=today).waiting
    except Refused as refused:
        return replace(outcome, problems=tuple(refused.diagnostics))


def _is_empty(ledger: Ledger) -> bool:
    with ledger.reading() as reader:
        stats = reader.stats()
    return not (stats.count or stats.operations or stats.records["accounts"])


_CONFIRMED_AT_ONCE = 20
"""Digests in a command that somebody still reads."""


def _write(outcome: Outcome, asked: Instruction, versions: Versions, today: datetime.date, *, details: bool) -> None:
    if outcome.posted is not None and outcome.posted.repeated:
        write(before_text(outcome.posted))
    elif outcome.posted is not None:
        write(plan_text(outcome.posted.plan, versions, details=details) + used_text(outcome.used) + "\n")
    elif outcome.problems:
        trees = (closure_text(closure, details=details) for closure in outcome.to_confirm)
        show_refused(title(asked, today), outcome.problems, chain.from_iterable(trees))
