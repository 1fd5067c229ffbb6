"""`billpolicy affected`: which policies does a change concern? What hooks and services run commands on."""

from __future__ import annotations

import os
from pathlib import Path

import click

import billpolicy
from billpolicy.cli.options import AS_WRITTEN, format_option
from billpolicy.cli.output import write, write_json
from billpolicy.report.results import Affected
from billpolicy.report.texts import in_lines
from billpolicy.source.revision import changed_since

_RUN = ("validate", "analyze", "lint", "test")


@click.command("affected")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--since",
    type=AS_WRITTEN,
    metavar="REV",
    help="Also the files that HEAD changes since it branched off this one.",
)
@click.option(
    "--below",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Only policies in this folder or below it.",
)
@click.option("--with-tests", is_flag=True, help="Only policies that have tests.")
@click.option("--run", type=click.Choice(_RUN), help="Run this command on them, with its defaults, in place of a list.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    since: str | None,
    below: Path,
    with_tests: bool,
    run: str | None,
    format: str,
) -> None:
    """Print the policies that a change of each FILE concerns, one a line.

    Those are the policy that the file is part of, or that stands beside it or in the nearest folder above, and all
    that extend it; also of a file that is gone. Nothing is wrong where there is none.
    """
    changed = [*files, *(changed_since(since) if since is not None else ())]
    found = [policy for policy in billpolicy.affected(changed) if _whole(policy).is_relative_to(_whole(below))]
    if with_tests:
        found = [policy for policy in found if billpolicy.find_tests(policy)]
    if run is None:
        told = tuple(map(str, found))
        if format == "json":
            write_json(Affected(policies=told))
        else:
            write(in_lines(map(str, told)))
    elif found:
        group = ctx.find_root().command
        assert isinstance(group, click.Group)
        other = group.get_command(ctx, run)
        assert other is not None
        with other.make_context(run, ["--format", format, "--", *map(str, found)], parent=ctx.parent) as inner:
            other.invoke(inner)


def _whole(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  a link is where it stands, not where it leads
