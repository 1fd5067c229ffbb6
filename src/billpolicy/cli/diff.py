"""`billpolicy diff`: what a change of a policy changes, proven, and what it does to real operations."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy import EngineName
from billpolicy.cli.options import AS_WRITTEN, LINE, day_or_today, engine_option, format_option, today_option
from billpolicy.cli.output import gather, quote_from, say, show, write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.cli.writing import ALLOWED, WITNESS, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.report.diff import DiffReport, WitnessTold, diff_report, witness_told
from billpolicy.report.diff_markdown import diff_markdown
from billpolicy.report.diff_text import diff_text
from billpolicy.report.html.diff import diff_html
from billpolicy.source.files import DISK, SHIPPED, Place
from billpolicy.source.revision import as_range, place_of, refuse_both, sides

if TYPE_CHECKING:
    from billpolicy import Impact, PolicyDifference, Versions
    from billpolicy.comparing.allow import Beyond
    from billpolicy.comparing.decisions import Changed

OUTCOMES_CHANGE = 4
"""The exit code that `--exit-code` adds."""


@click.command("diff")
@click.argument("old", type=click.Path())
@click.argument("new", type=PLACE)
@stdin_filename_option
@click.option(
    "--data",
    "-d",
    multiple=True,
    type=AS_WRITTEN,
    metavar="PATH|URL",
    help="Also decide these under both: a folder or file of books with operations, a recording, a ledger. Repeatable.",
)
@click.option("--only", type=LINE, metavar="NAME", help="Only what is about this attribute, setting or operation.")
@click.option("--summary", is_flag=True, help="Only the verdict and the counts.")
@click.option("--equivalent", is_flag=True, help="Fail unless every outcome is proven the same.")
@click.option("--allow", type=click.Path(path_type=Path), help="Fail on whatever this file does not allow.")
@click.option(
    "--propose",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a file for --allow that allows all of the change; `-` prints it.",
)
@click.option(
    "--witnesses",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a book with operations for each difference into this folder; every command takes them.",
)
@click.option("--exit-code", is_flag=True, help=f"Exit with {OUTCOMES_CHANGE} where outcomes change.")
@engine_option
@today_option
@format_option("text", "json", "markdown", "html")
def command(
    old: str,
    new: Place,
    data: tuple[str, ...],
    only: str | None,
    summary: bool,
    equivalent: bool,
    allow: Path | None,
    propose: Path | None,
    witnesses: Path | None,
    exit_code: bool,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Say what policy NEW changes of OLD: what comes out differently, for which operations, proven over all facts.

    OLD is a folder or a file, `base` or the name of a policy that NEW extends, or a revision of git: `main` sets NEW as
    it was there beside NEW as it is, `main..HEAD` both revisions of it. Neither names, reasons, files nor order count.
    What is only declared otherwise is told apart.
    """
    if propose is not None and format in ("json", "markdown", "html"):
        raise click.UsageError(f"--propose writes a file for --allow, which is YAML: leave --format {format} out")
    before, after = billpolicy.load_sides(*_places(old, new))
    difference = billpolicy.diff(before.policy, after.policy)
    if only is not None:
        _check_name(only, billpolicy.names_in(difference))
    if propose is not None:
        _propose(difference, propose)
        return
    found = [*before.problems, *after.problems]
    if equivalent:
        found += billpolicy.not_equivalent(difference)
    held = None
    if allow is not None:
        held = billpolicy.hold(difference, billpolicy.load_allowed(allow, before.policy, after.policy))
        found += held.findings
    impact = versions = None
    if data:
        versions = before.versions(engine), after.versions(engine)
        impact = _impact(versions, data, day_or_today(today), only)
    report = diff_report(
        difference,
        (before.name, after.name),
        impact,
        versions,
        only,
        found,
        () if held is None else held.beyond,
        _Witnesses(difference, witnesses, asked=witnesses is not None or format == "json"),
    )
    if format == "json":
        write_json(report)
    elif format == "markdown":
        write(diff_markdown(report, summary=summary))
    elif format == "html":
        write(diff_html(report))
    else:
        write(diff_text(report, summary=summary))
    if format in ("json", "html"):
        gather(found)
    else:
        show(found)
    _leave(report, found, exit_code)


def _impact(
    versions: tuple[Versions, Versions], data: tuple[str, ...], today: datetime.date, only: str | None
) -> Impact:
    """What comes out otherwise of books with operations, of recordings and of what ledgers have posted."""
    ledgers = [name for name in data if "://" in name]
    recordings = [name for name in data if "://" not in name and billpolicy.is_recording(name)]
    samples = billpolicy.load_samples(name for name in data if name not in (*ledgers, *recordings))
    with ExitStack() as open_:
        recorded = [(name, billpolicy.load_recording(name)) for name in recordings]
        for name in ledgers:
            ledger = open_.enter_context(billpolicy.open_ledger(name))
            recorded.append((name, open_.enter_context(ledger.reading()).recorded()))
        return billpolicy.impact(*versions, samples, today=today, only=only, recordings=recorded)


class _Witnesses:
    """Gives witnesses of what is different, where they are asked for, and writes them as files."""

    def __init__(self, difference: PolicyDifference, folder: Path | None, *, asked: bool) -> None:
        self._difference, self._folder, self._asked = difference, folder, asked
        self._count = 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, change: Changed, beyond: Beyond | None) -> WitnessTold | None:
        if not self._asked:
            return None
        if beyond is None:
            found = billpolicy.witness_of_change(change, self._difference)
        else:
            found = billpolicy.witness_of_change(change, self._difference, beyond.operation, beyond.region)
        if found is None or self._folder is None:
            return None if found is None else witness_told(found)
        self._count += 1
        of = beyond.operation if beyond is not None else change.operations[0]
        file = self._folder / f"{self._count:02}-{'beyond-' if beyond else ''}{of}-{change.key}.json"
        write_file(file, found.witness.json(), WITNESS)
        return witness_told(found, str(file))


def _places(old: str, new: Place) -> tuple[str | Place, Place]:
    """What is set side by side: the places of both, or of the old one the name of a layer.

    Revisions that git knows are these, whatever else is called so on the disk: a change that brings a folder
    `main...HEAD` must not choose what it is compared with.
    """
    at, is_range = place_of(old), as_range(old) is not None
    is_there = DISK.exists(at.path) if at.files is DISK else at.files is not SHIPPED
    if is_there and not is_range:
        if at.files is DISK:
            refuse_both(old, old)
        quote_from(at.files)
        return at, new
    if not is_range and billpolicy.is_base(old, new):
        return old, new
    try:
        older, newer = sides(old)
    except Refused:
        if is_there:
            return at, new
        if not is_range:
            return old, new  # it is no revision: that there is no such policy is what is wrong
        raise
    for files in (older, newer):
        quote_from(files)
    return Place(older, new.path), new if newer is DISK else Place(newer, new.path)


def _check_name(name: str, known: Iterable[str]) -> None:
    """Refuse a name that nothing has: whoever mistypes one must not read that nothing changes."""
    if name not in known:
        hint = did_you_mean(name, known)
        raise click.UsageError(f"nothing here is called `{name}`" + (f"; {hint}" if hint else ""))


def _propose(difference: PolicyDifference, path: Path) -> None:
    text = billpolicy.proposed(difference)
    if str(path) == "-":
        write(text)
    else:
        write_file(path, text, ALLOWED)
        say(f"wrote {path}: say in it why each of it may change")


def _leave(report: DiffReport, found: list[Diagnostic], exit_code: bool) -> None:
    if any(one.severity == "error" for one in found):
        raise click.exceptions.Exit(1)
    if exit_code and not report.equivalent:
        raise click.exceptions.Exit(OUTCOMES_CHANGE)
