"""`billpolicy import-csv`: tables of other programs become a book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import format_option, own_policy_option
from billpolicy.cli.output import conclude, gather, show_text, write, write_json
from billpolicy.cli.writing import BOOK, check_target, write_file
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.imported import ImportedTable, ImportedTables
from billpolicy.report.texts import in_lines
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import FromTables


@click.command("import-csv")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", "-m", type=click.Path(path_type=Path), help="Which column fills which field: a YAML file.")
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), help="Write a book file.")
@click.option(
    "--ledger",
    shell_complete=completing.ledgers,
    metavar="URL",
    help="Load the book into a ledger, as `ledger import` does.",
)
@own_policy_option
@click.option("--dry-run", is_flag=True, help="Check everything, and write nothing.")
@click.option("--propose", is_flag=True, help="Print a first mapping for these files, to be mended by hand.")
@format_option("text", "json")
def command(
    files: tuple[Path, ...],
    mapping: Path | None,
    into: Path | None,
    ledger: str | None,
    policy: tuple[Place, ...],
    dry_run: bool,
    propose: bool,
    format: str,
) -> None:
    """Make a book of each FILE, a table as CSV or Excel (.xlsx), by a mapping file.

    Every mistake is told at its row and column. When anything is wrong, nothing is written. A file of `--into` that is
    there already is replaced only if this command made it. With a policy, what that cannot use of the book is told.
    """
    if propose:
        if mapping or into or ledger or dry_run:
            raise click.UsageError("--propose prints a mapping and does nothing else: name only files with it.")
        proposed = billpolicy.propose_mapping(files)
        if format == "json":
            write_json(ImportedTables(mapping=proposed))
        else:
            write(proposed)
        return
    if mapping is None:
        raise click.UsageError("Name a mapping file with --mapping; --propose prints a first one.")
    if into is not None and ledger is not None:
        raise click.UsageError("Name a file with --into or a ledger with --ledger, not both.")
    if into is None and ledger is None and not dry_run:
        raise click.UsageError("Say where the book goes: --into FILE or --ledger URL; --dry-run only checks.")
    versions = load_versions(policy, "python") if policy else None
    if into is not None:
        inputs = [*((file, "a table that is read") for file in files), (mapping, "the mapping")]
        check_target(into, BOOK, inputs)
    read = billpolicy.load_tables(files, mapping)
    odd = billpolicy.check_book(versions, read.book)
    if not gather(odd):
        show_text(odd)
    target = None if dry_run else str(into) if into is not None else ledger
    added: dict[str, int] | None = None
    known: dict[str, int] | None = None
    if into is not None and not dry_run:
        write_file(into, read.text, BOOK)
    elif ledger is not None and not dry_run:
        book = read.book if versions is None else billpolicy.with_due_dates(versions, read.book)
        with billpolicy.open_ledger(ledger) as opened:
            done = opened.import_book(book, versions)
        added, known = dict(done.added), dict(done.known)
    if format == "json":
        told = tuple(ImportedTable(**one._asdict()) for one in read.tables)
        write_json(ImportedTables(tables=told, into=target, added=added, known=known))
    else:
        write(_text(read))
    if target is None:
        conclude("all of it is right; nothing was written")
    elif added is not None and known is not None:
        already = f"; {sum(known.values()):,} known already" if any(known.values()) else ""
        conclude(f"imported {counted(sum(added.values()), 'new record')} into {target}{already}")
    else:
        conclude(f"{target} is written")


def _text(read: FromTables) -> str:
    """A line for each table."""
    return in_lines(
        f"{Path(one.file).name}: {counted(one.rows, 'row')}, "
        f"{counted(one.records, one.record.replace('_', ' ').removesuffix('s'))}"
        for one in read.tables
    )
