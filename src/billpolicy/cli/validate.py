"""`billpolicy validate`: policies are right, or here is everything that is wrong with them."""

from __future__ import annotations

from dataclasses import replace

import click

import billpolicy
from billpolicy import Policy
from billpolicy.cli.findings import How, Settling, findings_options
from billpolicy.cli.options import format_option
from billpolicy.cli.output import conclude, gather, show, write, write_json
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.report.results import Validations, findings, validation, validation_text
from billpolicy.source.files import Place


@click.command("validate")
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True, type=PLACE)
@stdin_filename_option
@findings_options
@format_option("text", "json")
def command(policies: tuple[Place, ...], how: How, format: str) -> None:
    """Read, type and prove each POLICY: a folder of YAML files or one file, `REV:path` for what stood in a revision of
    git, `standard` for the policy that comes with billpolicy, or `-` for one document on standard input.

    Reports all problems of form, then all of words, then all of the whole, each with file:line:col
    and a hint. A policy that passes has no unknown word, decides everything it must, and no two of
    its exceptions can ever conflict. What it may say and has a consequence
    that its author may not expect is a warning; it does not make the policy wrong, so the exit code
    stays 0 unless --fail-level says otherwise.
    """
    valid: list[Policy] = []
    wrong: list[Diagnostic] = []
    settling = Settling(how, ("policy",), level="error")
    for place in policies:
        try:
            policy = billpolicy.validate(place)
        except Refused as refused:
            if len(policies) == 1:
                raise
            wrong += refused.diagnostics
        else:
            warnings = settling.settle(policy.warnings, policy.files, place)
            valid.append(replace(policy, warnings=warnings))
    settling.write_baselines()
    told = tuple(map(validation, valid))
    found = [*wrong, *(warning for policy in valid for warning in policy.warnings)]
    if format == "json":
        gather(found)
        write_json(told[0] if len(policies) == 1 else Validations(policies=told, diagnostics=findings(in_order(wrong))))
    else:
        show(found)
        write("".join(map(validation_text, told)))
    if wrong and format == "text":
        conclude(f"{len(valid)} of {len(policies)} policies are valid")
    if wrong or settling.fails:
        raise click.exceptions.Exit(1)
