"""`billpolicy analyze`: what can be proven of policies, with a book and operation that show each finding."""

from __future__ import annotations

from pathlib import Path

import click

import billpolicy
from billpolicy import Analysis
from billpolicy.cli.findings import How, Settling, findings_options
from billpolicy.cli.options import format_option
from billpolicy.cli.output import gather, say, show, write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.cli.writing import WITNESS, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.report.analysis import AnalysesReport, analysis_report, analysis_text
from billpolicy.report.results import findings
from billpolicy.source.files import Place


@click.command("analyze")
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True, type=PLACE)
@click.option(
    "--witnesses",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write for each finding a file into this folder: a book and an operation that show it.",
)
@stdin_filename_option
@findings_options
@format_option("text", "json")
def command(policies: tuple[Place, ...], witnesses: Path | None, how: How, format: str) -> None:
    """Prove what holds of each POLICY over all facts and days, and find what does not: exceptions that disagree, that
    never decide or that change nothing, chains that may find no value, days that no rule is made for, limits that are
    open to a currency or a person.

    Nothing is sampled: what is not found is proven not to be there, and what is found comes with an operation that
    shows it. Several policies are looked at one by one, and as versions of one. Exits with 1 if a warning is found,
    or what --fail-level says.
    """
    settling = Settling(how, ("analysis", "policy"), level="warning", comments=True)
    analysed: list[tuple[Analysis, tuple[Diagnostic, ...]]] = []
    wrong: list[Diagnostic] = []
    for place in policies:
        try:
            analysis = billpolicy.analyze(place)
        except Refused as refused:
            wrong += refused.diagnostics
            continue
        found = [one.diagnostic for one in analysis.findings]
        analysed.append((analysis, settling.settle(found, analysis.policy.own_files, place)))
    wrong += [one.diagnostic for one in billpolicy.versions_apart([analysis.policy for analysis, _ in analysed])]
    settling.write_baselines()
    shown = {
        analysis.policy.digest: [
            (one.diagnostic, witness)
            for one in analysis.findings
            if one.shown is not None and _is_told(one.diagnostic, told) and (witnesses is not None or format == "json")
            if (witness := billpolicy.witness_of(analysis.policy, one.shown)) is not None
        ]
        for analysis, told in analysed
    }
    if witnesses is not None:
        witnesses.mkdir(parents=True, exist_ok=True)
        every = [one for each in shown.values() for one in each]
        for number, (found_, witness) in enumerate(every, start=1):
            write_file(witnesses / f"{number:02}-{found_.code}.json", witness.json(), WITNESS)
        say(f"{len(every)} witnesses written to {witnesses}")
    every_told = [*wrong, *(one for _, told in analysed for one in told)]
    if format == "json":
        gather(every_told)
        reports = tuple(analysis_report(one, told, shown[one.policy.digest]) for one, told in analysed)
        write_json(AnalysesReport(policies=reports, diagnostics=findings(in_order(wrong))))
    else:
        show(every_told)
        write("".join(analysis_text(one) for one, _ in analysed))
    if settling.fails or wrong:
        raise click.exceptions.Exit(1)


def _is_told(found: Diagnostic, told: tuple[Diagnostic, ...]) -> bool:
    """Whether a finding is told, as severe as it is taken."""
    return any(found == one._replace(severity=found.severity) for one in told)
