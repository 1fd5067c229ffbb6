"""`billpolicy ledger`: create, load, read and check a ledger."""

from __future__ import annotations

import datetime
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli import (
    completing,
    history,
    ledger_backup,
    ledger_explain,
    ledger_head,
    ledger_journal,
    ledger_stats,
    sync,
)
from billpolicy.cli.interrupt import interruptible
from billpolicy.cli.operations import load_versions, login, progress, tell_outcome
from billpolicy.cli.options import (
    LINE,
    PathOf,
    actor_option,
    day_or_today,
    engine_option,
    format_option,
    head_option,
    own_policy_option,
    policy_option,
    today_option,
)
from billpolicy.cli.output import answer_with_refusals, conclude, gather, say, show, show_text, write, write_json
from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.diagnostics.meaning import meant
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.head import begun_since
from billpolicy.report.ledger import ImportReport, InitReport, UsageReport, ledger_report
from billpolicy.report.ledger_text import account_text, document_text, operation_text, run_text
from billpolicy.report.numbering import gaps_to_warn_of, numbers_report, numbers_text
from billpolicy.report.results import refusals
from billpolicy.report.stats import holds
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName, Outcome

_LEDGER = click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)


class _Suggesting(click.Group):
    """A group that says which command was meant, be it one of its own or of billpolicy's."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is typed. Raises `UsageError` with the one that was meant."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            outer = ctx.find_root().command
            others = outer.list_commands(ctx) if isinstance(outer, click.Group) else []
            found = next(iter(meant(args[0], sorted(self.commands))), None)
            words = f"ledger {found}" if found else f"billpolicy {args[0]}" if args[0] in others else None
            raise click.UsageError(f"No such command {args[0]!r}.{f' Did you mean {words!r}?' if words else ''}", ctx)
        return super().resolve_command(ctx, args)


@click.group("ledger", cls=_Suggesting)
def command() -> None:
    """Create, load, read and check a ledger. LEDGER is a URL like sqlite:///ledger.db."""


@command.command("init")
@_LEDGER
@format_option("text", "json")
def init(ledger: str, format: str) -> None:
    """Create LEDGER, or bring one that an older billpolicy made up to date. Changes no document."""
    before = billpolicy.ledger_revision(ledger)
    billpolicy.create_ledger(ledger).close()
    told, after = told_address(ledger), billpolicy.ledger_revision(ledger)
    assert after is not None
    if format == "json":
        write_json(InitReport(ledger=told, revision=after, before=before))
    if before is None:
        conclude(f"{told}: a new ledger was made")
    elif before == after:
        conclude(f"{told}: it was there already, and nothing was changed")
    else:
        conclude(f"{told}: its tables were brought from revision {before} to {after}")
        rights = "" if billpolicy.ledger_files(ledger) else "; give the rights to its roles again"
        say(f"note: its chain began anew: keep the new head, which `billpolicy ledger head {told}` shows{rights}")


@command.command("import")
@_LEDGER
@click.argument("book", type=PathOf(path_type=Path))
@own_policy_option
@format_option("text", "json")
def import_(ledger: str, book: Path, policy: tuple[Place, ...], format: str) -> None:
    """Load BOOK, a YAML or JSON file, into LEDGER: all of it, or nothing.

    What is there already with the same content is skipped; with other content the import is refused. With a policy
    its payment terms give a due date to documents that have none, its formats of numbers tell after which numbers
    billpolicy goes on (without one, a prefix and eight digits do), and what it cannot use of the book is told.
    """
    versions = load_versions(policy, "python") if policy else None
    read = billpolicy.load_book(book)
    odd = billpolicy.check_book(versions, read)
    loaded = read if versions is None else billpolicy.with_due_dates(versions, read)
    with billpolicy.open_ledger(ledger) as opened:
        done = opened.import_book(loaded, versions)
    # What was imported before has what it had then, also where the policy of today would give it a due date.
    late = billpolicy.due_dates_missing(read, done.undated)
    is_new = {"invoices", "debit_memos"} & done.added.keys()
    told = [*odd, *late, *(billpolicy.due_dates_missing(loaded) if is_new else ())]
    if not gather(told):
        show_text(told)
    if format == "json":
        write_json(ImportReport(added=done.added, known=done.known))
    words = ((count, name.replace("_", " ")) for name, count in done.added.items() if count)
    sections = [counted(count, name.removesuffix("s")) for count, name in words]
    known = sum(done.known.values())
    conclude("imported " + (", ".join(sections) or "nothing new") + (f"; {known:,} known already" if known else ""))


@command.command("usage")
@_LEDGER
@click.argument("file", type=PathOf(path_type=Path))
@policy_option
@click.option("--atomic", is_flag=True, help="Record all of it or nothing.")
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def usage(
    ledger: str,
    file: Path,
    policy: tuple[Place, ...],
    atomic: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Record FILE, usage as CSV, in LEDGER: id,subscription,charge,date,quantity.

    Rows are recorded a thousand at a time: a row that is wrong is told, and none of its thousand is recorded. What is
    recorded already is skipped, so the same file can be given again, mended or longer.
    """
    versions = load_versions(policy, engine)
    read = billpolicy.load_usage(file)
    who, day = actor or login(), day_or_today(today)
    refused: list[Outcome] = []
    recorded = repeated = 0
    with billpolicy.open_ledger(ledger) as opened, interruptible() as interrupt:
        asked, known = billpolicy.usage_operations(opened, read, actor)
        rows = {one.request.id: len(one.data["records"]) for one in asked}
        count = sum(rows.values())
        running = billpolicy.post_all(
            versions, opened, asked, who=who, atomic=atomic, group=_GROUP, today=day, go_on=interrupt.go_on
        )
        with closing(running), progress(count, "recording") as done:
            for outcome in running:
                tell_outcome(outcome)
                records = rows[outcome.job.id]
                if outcome.posted is not None and outcome.posted.repeated:
                    repeated += records  # since the ledger was asked what it knows, somebody else recorded them
                elif outcome.posted is not None:
                    recorded += records
                refused += [outcome] if outcome.problems else []
                done(records)
    known += repeated
    left = count - recorded - repeated
    if format == "json":
        write_json(UsageReport(recorded=recorded, known=known, refused=refusals(refused), not_recorded=left))
    else:
        show(problem for one in refused for problem in one.problems)
    already = f"; {known:,} recorded already" if known else ""
    conclude(f"recorded {counted(recorded, 'usage record')}{already}" + (f"; {left:,} not recorded" if left else ""))
    if interrupt.asked_for:
        raise KeyboardInterrupt
    if left:
        raise click.exceptions.Exit(1)


_GROUP = 10
"""Operations in one transaction."""


@command.command("show")
@_LEDGER
@click.argument("id", type=LINE, shell_complete=completing.in_ledger)
@format_option("text", "json")
def show_(ledger: str, id: str, format: str) -> None:
    """Show ID of LEDGER: a document by its number, or an account, an operation or a bill run by its id."""
    with billpolicy.open_ledger(ledger) as opened, opened.reading() as reader:
        document = reader.document(id)
        account = reader.account(id) if document is None else None
        operation = reader.operation(id) if document is None and account is None else None
        run = reader.run(id) if document is None and account is None and operation is None else None
        found = document or account or operation or run
        meant = did_you_mean(id, reader.near(id)) or "" if found is None else ""
    if found is None:
        hint = (
            "name a document by its number, an account, operation or bill run by its id; a subscription is shown with "
            "its account, a line by `ledger history`"
        )
        hint = meant if meant.startswith("did you mean") and "/" not in id else hint
        raise Refused([Diagnostic("unknown", f"{told_address(ledger)} has nothing called `{id}`", hint=hint)])
    if format == "json":
        write_json(ledger_report(found))
    elif document is not None:
        write(document_text(document))
    elif account is not None:
        write(account_text(account))
    elif operation is not None:
        write(operation_text(operation))
    elif run is not None:
        write(run_text(run))


@command.command("check")
@_LEDGER
@head_option
@format_option("text", "json")
def check(ledger: str, head: str | None, format: str) -> None:
    """Verify LEDGER: every document's identity, numbers without gaps, links, audit trail, and the file itself.

    All that it holds is compared with its chain: each row that was written for good is in the digest of a link, and
    each link in the next. With --head, a head that was kept elsewhere, also what a rewritten chain would hide is told.

    Gaps among numbers that were imported are told as warnings: whether that ledger was whole is another question.
    """
    answer_with_refusals(click.get_current_context())
    conclusion = "every check passed"
    with billpolicy.open_ledger(ledger) as opened:
        kept = None if head is None else billpolicy.load_head(head)
        problems = opened.check(kept)
        warnings = [] if problems else gaps_to_warn_of(opened.numbering())
        if not problems:
            with opened.reading() as reader:
                conclusion += f" on {holds(reader.stats())}"
                if kept is not None:
                    warnings += begun_since(reader.begun_since(kept))
                    conclusion += f"; it goes on from the head {kept.digest[:12]}"
    if format == "json" or problems or warnings:
        show([*problems, *warnings])
    if not problems:
        conclude(f"{told_address(ledger)}: {conclusion}")
    else:
        raise click.exceptions.Exit(1)


@command.command("numbers")
@_LEDGER
@format_option("text", "json")
def numbers(ledger: str, format: str) -> None:
    """Show how the documents of LEDGER are numbered: first, last and next numbers, and which are missing, and why."""
    with billpolicy.open_ledger(ledger) as opened:
        found, uncounted = opened.numbering(), opened.uncounted()
    if format == "json":
        write_json(numbers_report(found, uncounted))
    else:
        write(numbers_text(found, uncounted))


command.add_command(history.command)
command.add_command(ledger_explain.command)
command.add_command(ledger_backup.backup)
command.add_command(ledger_backup.restore)
command.add_command(ledger_head.command)
command.add_command(ledger_journal.command)
command.add_command(ledger_stats.command)
command.add_command(sync.command)
