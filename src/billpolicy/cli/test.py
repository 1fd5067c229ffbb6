"""`billpolicy test`: the tests of a policy, what they cover, and which mistakes in it they would notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

import billpolicy
from billpolicy import Case, EngineName, TestRun
from billpolicy.cli import completing
from billpolicy.cli.logs import log
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import LINE, REMARK, engine_option, format_option
from billpolicy.cli.output import answer, gather, say, write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.cli.writing import Kind, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.rule_unknown import rule_unknown
from billpolicy.report.tests import report_of
from billpolicy.report.tests_findings import failures, mistakes, uncovered
from billpolicy.report.tests_junit import junit
from billpolicy.report.tests_text import coverage_text, first_test_text, mutation_text, run_text
from billpolicy.source.files import Place

_T = TypeVar("_T")
_WORTH_WATCHING = 200
_NEW = Kind("empty file", b"\0")
"""What a test is written into: nothing that is there is replaced."""


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--policy",
    "-p",
    multiple=True,
    type=PLACE,
    metavar="PATH",
    help="Test this policy, and not the one that the files of tests name.",
)
@click.option("-k", "text", type=REMARK, metavar="TEXT", help="Only tests with this in their name, whatever its case.")
@click.option(
    "--operation", type=LINE, metavar="NAME", shell_complete=completing.operations, help="Only tests of this operation."
)
@click.option(
    "--rule",
    type=LINE,
    metavar="RULE",
    shell_complete=completing.rules,
    help="Only tests in which this rule decides, or that name it.",
)
@click.option("--coverage", is_flag=True, help="List what of the policy no test sees decide.")
@click.option(
    "--threshold", type=click.IntRange(0, 100), metavar="N", help="Exit with 1 where less than N % is covered."
)
@click.option("--mutate", is_flag=True, help="List the mistakes in the policy that no test would notice.")
@click.option("--with-base", is_flag=True, help="Cover and mutate also what the policy extends.")
@click.option(
    "--new",
    type=LINE,
    metavar="RULE",
    shell_complete=completing.rules,
    help="Write a first test of this rule of the policy PATH.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="With --new: where to write it."
)
@click.option("--verbose", "-v", is_flag=True, help="Name the tests that pass, too.")
@stdin_filename_option
@engine_option
@format_option("text", "json")
def command(
    paths: tuple[Path, ...],
    policy: tuple[Place, ...],
    text: str | None,
    operation: str | None,
    rule: str | None,
    coverage: bool,
    threshold: int | None,
    mutate: bool,
    with_base: bool,
    new: str | None,
    output: Path | None,
    verbose: bool,
    engine: EngineName | None,
    format: str,
) -> None:
    """Run policy tests: the files `*.test.yaml` in the folders PATH, or beside a policy that is one file.

    A test has a small book, an operation and what is expected of it: values, and the level and the rule that they are
    from. What fails is shown with the explanation of exactly the decision that differs. docs/policy-tests.md tells the
    form.

    --operation and --rule also say of what --coverage and --mutate tell.
    """
    if new is not None:
        if format == "json":
            raise click.UsageError("--new writes a test, which is YAML: leave --format json out")
        _write_new(paths, new, output)
        return
    if output is not None:
        raise click.UsageError("--output says where --new writes a test: give both")
    files = [billpolicy.load_tests(path) for path in _files(paths)]
    versions = load_versions(policy, engine) if policy else None
    run = billpolicy.run_tests(
        files,
        versions,
        engine=engine or "python",
        chosen=lambda case: _is_chosen(case, text, operation),
        watch=_watch("testing"),
    )
    run = run if rule is None else _about(run, rule)
    if not run.results:
        hint = "choose others with -k, --operation or --rule"
        raise Refused([Diagnostic("tests-missing", "none of the tests is chosen", hint=hint)])
    failed = any(result.failed for result in run.results)
    if coverage and threshold is None:
        threshold = billpolicy.settings_for(paths[0]).tests.threshold
    covered: list[billpolicy.Coverage] = []
    if coverage or threshold is not None:
        covered = billpolicy.coverage(run, with_base=with_base, operation=operation, rule=rule)
    mutated: list[billpolicy.Mutation] = []
    if mutate and not failed:
        watch = _watch("mutants")
        mutated = billpolicy.mutate(run, with_base=with_base, operation=operation, rule=rule, watch=watch)
    below = [one for one in covered if threshold is not None and one.percent < threshold]
    others = [finding for one in covered for finding in uncovered(one, threshold)]
    others += [finding for one in mutated for finding in mistakes(one)]
    gather([*failures(run), *others])
    if format == "json":
        write_json(report_of(run, covered, mutated))
    elif format == "junit":
        answer(junit(run, others))
    else:
        told = [run_text(run, every=verbose), *map(coverage_text, covered), *map(mutation_text, mutated)]
        if below:
            told.append(f"less than {threshold} % is covered\n")
        if mutate and failed:
            told.append("no mutants were tried: mend the tests first, what fails already notices nothing\n")
        write("\n".join(told))
    if failed or below or any(one.survived for one in mutated):
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


def _is_chosen(case: Case, text: str | None, operation: str | None) -> bool:
    if text is not None and text.casefold() not in case.name.casefold():
        return False
    return operation is None or any(one.request.operation == operation for one in case.operations)


def _about(run: TestRun, rule: str) -> TestRun:
    known = {id for file in run.files for policy in file.policy.policies for id in policy.rules}
    if rule not in known:
        raise Refused([rule_unknown(rule, known)])
    return billpolicy.about_rule(run, rule)


def _write_new(paths: tuple[Path, ...], rule: str, output: Path | None) -> None:
    """Write the first test of a rule, or print it."""
    if len(paths) > 1:
        raise click.UsageError("--new writes a test of one policy: name one PATH")
    if output is not None and not output.name.endswith(".test.yaml"):
        raise click.UsageError("the name of a file of tests ends in `.test.yaml`")
    (policy,) = paths
    found = billpolicy.first_test(billpolicy.validate(policy), rule)
    folder = Path(output or ".").parent
    named = os.path.relpath(policy, folder)
    text = first_test_text(found, None if named == "." else named)
    if output is None:
        write(text)
        return
    write_file(output, text, _NEW)
    say(f"wrote {output}; run it with `billpolicy test {output}`")


def _watch(label: str) -> Callable[[Sequence[_T]], Iterable[_T]]:
    """Shows on a terminal how far it is, where there are many."""

    def watched(every: Sequence[_T]) -> Iterator[_T]:
        if (current := log()) is not None:
            for done, one in enumerate(every):
                current.progress(label, done, len(every))
                yield one
            return
        if len(every) < _WORTH_WATCHING or not sys.stderr.isatty():
            yield from every
            return
        with click.progressbar(every, label=label, file=sys.stderr) as bar:
            yield from bar

    return watched
