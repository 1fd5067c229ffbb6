"""`billpolicy ledger stats`: how much a ledger holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.options import format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.stats import stats_report, stats_text


@click.command("stats")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@format_option("text", "json")
def command(ledger: str, format: str) -> None:
    """Count what is in LEDGER: documents by kind, operations, the first and the last of them, policies, and bytes.

    Nothing is read but counts, so it is quick also where there is much.
    """
    with billpolicy.open_ledger(ledger) as opened, opened.reading() as reader:
        found = reader.stats()
        sizes = dict(_sizes(billpolicy.ledger_files(ledger)))
    if format == "json":
        write_json(stats_report(found, sizes))
    else:
        write(stats_text(found, sizes))


def _sizes(files: Iterable[Path]) -> Iterator[tuple[str, int]]:
    """Each file that is there and not empty, once, and its bytes."""
    told = set()
    for file in files:
        with suppress(FileNotFoundError):
            found = file.stat()
            if found.st_size and (found.st_dev, found.st_ino) not in told:
                told.add((found.st_dev, found.st_ino))
                yield str(file), found.st_size
