"""`billpolicy resolve`: each row of a file is decided, however many there are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli.logs import log
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import AS_WRITTEN, LINE, engine_option, format_option, policy_option
from billpolicy.cli.output import conclude, gather, show_text, write, write_json
from billpolicy.cli.writing import DECIDED, Replacing, check_target, files_of_policy
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.resolved import (
    NeededColumn,
    NeededColumns,
    RefusedRow,
    RefusedRows,
    ResolvedRows,
    needed_text,
    resolved_text,
)
from billpolicy.report.results import told
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName, Tally
    from billpolicy.bulk.tally import Refusal

_PATH = click.Path(path_type=Path, dir_okay=False)
_NEEDED = ("pyarrow", "numpy")


@click.command("resolve")
@policy_option
@click.option(
    "--operation",
    "operations",
    multiple=True,
    required=True,
    type=LINE,
    metavar="NAME",
    help="What every row is. Of several, repeated, a column `operation` says which.",
)
@click.option("--data", type=_PATH, help="The rows: a .parquet or .csv file.")
@click.option("--out", type=_PATH, help="Where decisions go: a .parquet or .csv file that is not there.")
@click.option("--columns", is_flag=True, help="Only say which columns the data must have, and who asks for each.")
@click.option(
    "--unset",
    multiple=True,
    type=AS_WRITTEN,
    metavar="COLUMN",
    help="A column that a rule asks for and the data has not: in no row there is a value. Repeat it for more.",
)
@click.option(
    "--keep",
    multiple=True,
    type=AS_WRITTEN,
    metavar="COLUMN",
    help="A column of the data that the result has, too, such as an id. Repeat it for more.",
)
@engine_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    policy: tuple[Place, ...],
    operations: tuple[str, ...],
    data: Path | None,
    out: Path | None,
    columns: bool,
    unset: tuple[str, ...],
    keep: tuple[str, ...],
    engine: EngineName | None,
    format: str,
) -> None:
    """Decide each row of a file under a policy: the value of each key, the level that had it, the rule that decided.

    A row is a document to be decided: its columns are called as conditions and levels are, `account.country`, `amount`
    and `amount.currency`, `date`, `subscription.bill_to_contact`. A row that cannot be decided says why in the column
    `refused`.
    """
    if columns:
        _tell_columns(policy, operations, engine, format)
        return
    if data is None or out is None:
        raise click.UsageError("say which rows, --data FILE, and where decisions go, --out FILE; or ask for --columns")
    try:
        kind, resolve = billpolicy.table_kind(out), billpolicy.resolve_file
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        message = "what reads and writes such tables is not installed: pip install 'billpolicy[bulk]'"
        raise click.UsageError(message) from None
    versions = load_versions(policy, engine)
    check_target(out, DECIDED, [(data, "the data"), *files_of_policy(versions, out)])
    asked = operations[0] if len(operations) == 1 else operations
    replacing = Replacing(out, DECIDED)
    try:
        with _watched() as watch:
            tally = resolve(versions, asked, data, replacing.stream, format=kind, unset=unset, keep=keep, watch=watch)
        replacing.keep()
    finally:
        replacing.drop()
    result = _result(tally, out)
    refused = [problem for one in tally.refusals for problem in _refused(one, data)]
    if not gather(refused):
        if format == "json":
            write_json(result)
        else:
            write(resolved_text(result, operations))
            show_text(refused, err=False)
    conclude(f"{out} is written")
    ctx.exit(1 if tally.refused else 0)


def _tell_columns(
    policy: tuple[Place, ...], operations: tuple[str, ...], engine: EngineName | None, format: str
) -> None:
    versions = load_versions(policy, engine)
    needed = NeededColumns(
        columns={
            name: tuple(told(NeededColumn, one) for one in billpolicy.row_columns(versions, name))
            for name in operations
        }
    )
    if format == "json":
        write_json(needed)
    else:
        write(needed_text(needed))


@contextmanager
def _watched() -> Iterator[Callable[[int, int | None], None]]:
    """Shows on a terminal how far it is, where the file says how many rows it has."""
    with ExitStack() as shown:
        bar = None

        def watch(done: int, of: int | None) -> None:
            nonlocal bar
            if (current := log()) is not None:
                current.progress("deciding", done, of or done)
            elif of is not None and sys.stderr.isatty():
                bar = bar or shown.enter_context(click.progressbar(length=of, label="deciding", file=sys.stderr))
                bar.update(done - bar.pos)

        yield watch


def _result(tally: Tally, out: Path) -> ResolvedRows:
    refusals = []
    for one in tally.refusals:
        examples = (
            RefusedRow(row=each.row, because=tuple(why.message for why in each.objections)) for each in one.examples
        )
        refusals.append(RefusedRows(reasons=one.reasons, codes=one.codes, rows=one.rows, examples=tuple(examples)))
    by_rule = {key: dict(rules) for key, rules in tally.by_rule.items()}
    return ResolvedRows(
        into=str(out),
        rows=tally.rows,
        decided=tally.decided,
        refused=tally.refused,
        refusals=tuple(refusals),
        by_rule=by_rule,
    )


def _refused(refusal: Refusal, data: Path) -> Iterator[Diagnostic]:
    """Of each of its examples that says something else one finding, the first with how many rows there are."""
    told: set[str] = set()
    for example in refusal.examples:
        why = "; ".join(one.message for one in example.objections) or refusal.reasons
        if why in told:
            continue
        which = f"row {example.row:,}"
        if not told and refusal.rows > 1:
            which = f"{counted(refusal.rows, 'row')}, first in row {example.row:,}"
        told.add(why)
        hints = dict.fromkeys(one.hint for one in example.objections if one.hint)
        hint = "; ".join((*hints, "mend the rows: the others are decided"))
        yield Diagnostic(refusal.codes[0], f"{which}: {why}", Position(str(data)), hint)
