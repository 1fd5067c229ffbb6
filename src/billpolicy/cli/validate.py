"""`billpolicy validate`: a policy is right, or here is everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

import billpolicy
from billpolicy.cli.options import format_option
from billpolicy.cli.output import show, write, write_json
from billpolicy.report.results import validation, validation_text


@click.command("validate")
@click.argument("policy", type=click.Path(path_type=Path))
@format_option("text", "json")
def command(policy: Path, format: str) -> None:
    """Read, type and prove POLICY, a folder of YAML files or one file.

    Reports all problems of form, then all of words, then all of the whole, each with file:line:col
    and a hint. A policy that passes has no unknown word, decides everything it must, and no two of
    its exceptions can ever conflict. What it may say and has a consequence
    that its author may not expect is a warning.
    """
    valid = billpolicy.validate(policy)
    if format == "json":
        write_json(validation(valid))
    else:
        show(valid.warnings)
        write(validation_text(validation(valid)))
