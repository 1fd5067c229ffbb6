"""`billpolicy ledger backup` and `billpolicy ledger restore`: a ledger as of one moment, kept and brought back."""

from __future__ import annotations

from pathlib import Path

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import LINE, PathOf, format_option
from billpolicy.cli.output import conclude, write, write_json
from billpolicy.diagnostics.addresses import told_address
from billpolicy.report.backups import BackupReport, RestoreReport
from billpolicy.report.stats import holds_until, posted_at
from billpolicy.report.texts import in_lines, wrapped

_FILE = PathOf(path_type=Path, dir_okay=False)
_LEDGER = click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)


@click.command("backup")
@_LEDGER
@click.argument("file", type=_FILE)
@format_option("text", "json")
def backup(ledger: str, file: Path, format: str) -> None:
    """Write LEDGER as of this moment to FILE, which is not there yet, also while others post. It is checked first."""
    made = billpolicy.backup_ledger(ledger, file)
    if format == "json":
        report = BackupReport(
            file=str(made.file),
            size=made.size,
            sha256=made.sha256,
            documents=made.stats.count,
            operations=made.stats.operations,
            last=posted_at(made.stats.last),
            numbers=made.stats.numbers,
            head=None if made.head is None else made.head.digest,
        )
        write_json(report)
    else:
        numbers = wrapped("last numbers  ", ", ".join(made.stats.numbers))
        head = "none: the version of billpolicy that made this ledger knew no chain"
        head = head if made.head is None else made.head.digest
        write(in_lines((*numbers, f"head          {head}", f"sha256        {made.sha256}")))
    conclude(f"{file}: every check passed on {holds_until(made.stats)}")


@click.command("restore")
@click.argument("file", type=_FILE)
@_LEDGER
@click.option("--replace", is_flag=True, help="Also where a ledger is; it is kept beside the new one.")
@click.option(
    "--discard",
    type=LINE,
    default="0",
    metavar="COUNT",
    help="How many operations and imported records that one has and FILE has not.",
)
@click.option("--another", is_flag=True, help="Also where FILE is no earlier or later state of that one.")
@format_option("text", "json")
def restore(file: Path, ledger: str, replace: bool, discard: str, another: bool, format: str) -> None:
    """Put FILE, a backup, in the place of LEDGER; FILE stays as it is. It is checked first."""
    done = billpolicy.restore_ledger(file, ledger, replace=replace, discard=discard, another=another)
    if format == "json":
        report = RestoreReport(
            ledger=told_address(ledger),
            documents=done.stats.count,
            operations=done.stats.operations,
            last=posted_at(done.stats.last),
            kept=None if done.kept is None else str(done.kept),
            discarded_operations=() if done.lost is None else done.lost.operations,
            discarded_numbers=() if done.lost is None else done.lost.numbers,
            head=done.head.digest,
        )
        write_json(report)
    else:
        runs = () if done.lost is None else done.lost.runs
        again = wrapped("given again   ", ", ".join(runs)) if runs else ()
        write(in_lines((*again, f"head          {done.head.digest}")))
    kept = "" if done.kept is None else f"; what was there is kept as {done.kept.name}"
    conclude(f"{told_address(ledger)}: every check passed on {holds_until(done.stats)}{kept}")
