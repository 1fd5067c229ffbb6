"""`billpolicy lint`: a policy is right, and here is what in it could be better."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import click

import billpolicy
from billpolicy.cli.findings import How, Settling, findings_options
from billpolicy.cli.options import counted_from_option, day_or_today, format_option
from billpolicy.cli.output import gather, show, write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.cli.writing import POLICY, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.report.lint import diff, lint_report, lint_text
from billpolicy.source.files import DISK, Place

_THEMES = ("lint", "policy")


@click.command("lint")
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True, type=PLACE)
@stdin_filename_option
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Book or operations that use names of the policy. Repeat it for several.",
)
@counted_from_option
@click.option("--fix", is_flag=True, help="Mend what can be mended safely; comments and layout stay.")
@click.option("--dry-run", is_flag=True, help="With --fix: show what would be mended, and write nothing.")
@findings_options
@format_option("text", "json")
def command(
    policies: tuple[Place, ...],
    data: tuple[Path, ...],
    today: datetime.date | None,
    fix: bool,
    dry_run: bool,
    how: How,
    format: str,
) -> None:
    """Say what in each POLICY could be better: a folder of YAML files or one file, `REV:path` for what stood in a
    revision of git, or `-` for one document on standard input.

    What stands in a base policy is told when that is linted. A comment on the line, or on the line
    above, ignores a finding: `# billpolicy: ignore[code] reason`. Exits with 1 if a warning is found,
    or what --fail-level says.
    """
    if dry_run and not fix:
        raise click.UsageError("--dry-run says what --fix would do: give both")
    on_disk = all(place.files is DISK for place in policies)
    if fix and not on_disk:
        raise click.UsageError("--fix mends files on the disk: a revision and standard input stay as they are")
    day = day_or_today(today)
    settling = Settling(how, _THEMES, level="warning", comments=True)
    found, refused = _all(policies, data, day, settling)
    fixes = billpolicy.fix(found) if on_disk else []
    if fix and fixes and not dry_run:
        for one in fixes:
            write_file(one.path, one.after, POLICY)
        settling = Settling(how, _THEMES, level="warning", comments=True)
        found, refused = _all(policies, data, day, settling)
    settling.write_baselines()
    report = lint_report(policies, refused, found, fixes, fixed=fix and not dry_run, with_data=bool(data))
    if format == "json":
        gather(found)
        write_json(report)
    else:
        show(found)
        if dry_run:
            write(diff(fixes))
        write(lint_text(report))
    if refused or settling.fails:
        raise click.exceptions.Exit(1)


def _all(
    policies: Sequence[Place], data: Sequence[Path], today: datetime.date, settling: Settling
) -> tuple[list[Diagnostic], list[Place]]:
    """What is told of every policy; of one that is not right, what is wrong with it. And which are not right."""
    found: list[Diagnostic] = []
    wrong: list[Place] = []
    for policy in policies:
        try:
            linted = billpolicy.lint(policy, today=today, data=data, settings=settling.settings(policy))
            found += settling.settle(linted.found, linted.files, policy)
        except Refused as refused:
            found += refused.diagnostics
            wrong.append(policy)
    return found, wrong
