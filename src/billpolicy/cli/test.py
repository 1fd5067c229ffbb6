"""`billpolicy test`: the tests of a policy, what they cover, and what they would notice."""

from __future__ import annotations

from pathlib import Path

import click

import billpolicy
from billpolicy import EngineName
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import LINE, engine_option, format_option
from billpolicy.cli.output import gather, write, write_json
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.tests import failures, report_of, run_text


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--policy",
    "-p",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Test this policy, and not the one that the files of tests name.",
)
@click.option("-k", "text", type=LINE, metavar="TEXT", help="Only tests with this in their name, whatever its case.")
@click.option("--operation", type=LINE, metavar="NAME", help="Only tests of this operation.")
@click.option("--verbose", "-v", is_flag=True, help="Name the tests that pass, too.")
@engine_option
@format_option("text", "json")
def command(
    paths: tuple[Path, ...],
    policy: tuple[Path, ...],
    text: str | None,
    operation: str | None,
    verbose: bool,
    engine: EngineName | None,
    format: str,
) -> None:
    """Run policy tests: the files `*.test.yaml` in the folders PATH, or beside a policy that is one file.

    A test has a small book, an operation and what is expected of it: values, and the level and the rule that they are
    from. What fails is shown with the explanation of exactly the decision that differs.
    """
    files = [billpolicy.load_tests(path) for path in _files(paths)]
    versions = load_versions(policy, engine) if policy else None

    def chosen(case: billpolicy.Case) -> bool:
        if text is not None and text.casefold() not in case.name.casefold():
            return False
        return operation is None or any(one.request.operation == operation for one in case.operations)

    run = billpolicy.run_tests(files, versions, engine=engine or "python", chosen=chosen)
    if not run.results:
        raise Refused([Diagnostic("tests-missing", "none of the tests is chosen", hint="choose fewer words with -k")])
    gather(failures(run))
    if format == "json":
        write_json(report_of(run))
    else:
        write(run_text(run, every=verbose))
    if any(result.failed for result in run.results):
        raise click.exceptions.Exit(1)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """The files of tests at these paths, each once. Raises `Refused` for each path that has none."""
    found: dict[Path, None] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        try:
            files = billpolicy.find_tests(path)
        except Refused as refused:
            problems += refused.diagnostics
            continue
        if not files:
            hint = "write some into a file beside the policy, like `standard.test.yaml`"
            message = f"`{path}` has no tests: there is no file `*.test.yaml`"
            problems.append(Diagnostic("tests-missing", message, Position(str(path)), hint))
        found.update(dict.fromkeys(files))
    if problems:
        raise Refused(problems)
    return list(found)
