"""`billpolicy report`: what an accountant asks of a book or a ledger, as of any day."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.operations import documents_in, load_versions, one_place
from billpolicy.cli.options import DAY, LINE, book_option, format_option, own_policy_option
from billpolicy.cli.output import conclude, show_text, write
from billpolicy.cli.writing import TABLE, check_target, files_of_ledger, files_of_policy, write_file
from billpolicy.report.tables.formats import TABLE_FORMATS
from billpolicy.report.tables.xlsx import can_write_workbooks
from billpolicy.source.files import Place

_BY_DUE_DATE = ("aging", "open-items")


class _Buckets(click.ParamType[tuple[int, ...]]):
    name = "DAYS,..."

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        days = [each.strip() for each in value.split(",")]
        if not all(each.isascii() and each.isdigit() and len(each) < 6 for each in days):
            self.fail(f"{value!r} are no buckets: write days past due, like 30,60,90", param, ctx)
        return tuple(map(int, days))


@click.command("report")
@click.argument("name", type=click.Choice(billpolicy.report_names()), metavar="NAME")
@book_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, help="Ledger, like sqlite:///ledger.db, instead of a book."
)
@own_policy_option
@click.option("--as-of", type=DAY, help="What is dated until the end of this day counts; by default, today in UTC.")
@click.option("--from", "first", type=DAY, help="The first day of the period; by default, from the beginning.")
@click.option("--until", type=DAY, help="The first day after the period; by default, the one after --as-of.")
@click.option("--account", type=LINE, help="Only of this account.")
@click.option("--currency", type=LINE, help="Only in this currency.")
@click.option("--buckets", type=_Buckets(), default=(30, 60, 90), help="Of aging: days past due; by default 30,60,90.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file that is not there yet."
)
@format_option(*TABLE_FORMATS)
def command(
    name: str,
    book: Path | None,
    ledger: str | None,
    policy: tuple[Place, ...],
    as_of: datetime.date | None,
    first: datetime.date | None,
    until: datetime.date | None,
    account: str | None,
    currency: str | None,
    buckets: tuple[int, ...],
    out: Path | None,
    format: str,
) -> None:
    """Tell NAME of a book or a ledger, as of the end of a day: balances, statement, aging, open-items, unapplied,
    credit-balances, documents, write-offs, approvals or numbers.

    Amounts of different currencies are never added up. With --policy, due dates that a book lacks are worked out by its
    payment terms.
    """
    one_place(book, ledger)
    if format == "xlsx" and out is None:
        raise click.UsageError("a workbook is a file: say which with --out FILE.xlsx")
    if format == "xlsx" and not can_write_workbooks():
        raise click.UsageError(
            "what writes workbooks is not installed: pip install 'billpolicy[excel]', or --format csv"
        )
    versions = load_versions(policy, "python") if policy else None
    if out is not None:
        taken = [] if book is None else [(book, "the book")]
        taken += [] if ledger is None else files_of_ledger(ledger)
        taken += [] if versions is None else files_of_policy(versions, out)
        check_target(out, TABLE, taken)
    with documents_in(book, ledger) as on:
        if isinstance(on, billpolicy.Book):
            if versions is not None:
                on = billpolicy.with_due_dates(versions, on)
            if name in _BY_DUE_DATE:
                show_text(billpolicy.due_dates_missing(on))
        table = billpolicy.accounting_report(
            on, name, as_of=as_of, first=first, until=until, account=account, currency=currency, buckets=buckets
        )
    found = TABLE_FORMATS.get(format)
    if found is None:  # a format that says nothing but what was found
        return
    if out is not None:
        write_file(out, found(table), TABLE)
        conclude(f"written to {out}")
    elif format == "text":
        write(found(table).decode())
    else:
        click.echo(found(table).decode(), nl=False)
