"""`billpolicy ledger journal`: double entry for what was posted, as hledger, beancount and spreadsheets read it."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import DAY, LINE, format_option, policy_option
from billpolicy.cli.output import say, write, write_json
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.journal.data import journal_report
from billpolicy.report.journal.formats import FORMATS
from billpolicy.report.journal.text import journal_text
from billpolicy.report.journal.words import PARTS, Part
from billpolicy.source.files import Place

_BOOKS = (".yaml", ".yml", ".json")


@click.command("journal")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@policy_option
@click.option("--from", "first", type=DAY, help="The first day of the entries.")
@click.option("--until", type=DAY, help="The first day after the last.")
@click.option("--after", type=LINE, metavar="OPERATION", help="Only what was posted after this operation, by its id.")
@click.option(
    "--part",
    type=click.Choice(PARTS),
    default="all",
    show_default=True,
    help="Accounts and the like, or entries alone, which can be appended to those of an earlier export.",
)
@format_option("text", "json", *FORMATS)
def command(
    ledger: str,
    policy: tuple[Place, ...],
    first: datetime.date | None,
    until: datetime.date | None,
    after: str | None,
    part: Part,
    format: str,
) -> None:
    """Export the journal of LEDGER, or of a book file: double entry for each document, application and adjustment.

    To which accounts it is posted says the policy under `accounts`. Entries come in the order of posting, each with an
    id that stays; `--after` goes on where an earlier export ended.
    """
    versions = load_versions(policy, "python")
    if Path(ledger).suffix in _BOOKS and "://" not in ledger:
        export = billpolicy.journal(versions, billpolicy.load_book(Path(ledger)), first=first, until=until, after=after)
    else:
        with billpolicy.open_ledger(ledger) as opened:
            export = billpolicy.journal(versions, opened, first=first, until=until, after=after)
    if format == "json":
        write_json(journal_report(export))
    else:
        write(FORMATS[format](export, part) if format in FORMATS else journal_text(export))
    told = counted(len(export.entries), "entry").replace("entrys", "entries")
    say(f"{told}; the next export goes on with `--after {export.last_operation}`" if export.last_operation else told)
