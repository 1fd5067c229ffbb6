"""`billpolicy rule`: what the code of a diagnostic means, why it matters, and an example with its mend."""

from __future__ import annotations

import click

from billpolicy.catalogue.entry import codes, entry
from billpolicy.catalogue.page import page
from billpolicy.cli import completing
from billpolicy.cli.options import LINE, format_option
from billpolicy.cli.output import write, write_json
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.report.rule import rule_report


@click.command("rule")
@click.argument("code", type=LINE, shell_complete=completing.codes)
@format_option("text", "json")
def command(code: str, format: str) -> None:
    """Print the page of CODE, which stands in brackets after what was found: `[key-unknown]`.

    The pages are under docs/diagnostics, too.
    """
    code = code.strip("[]").lower()
    found = entry(code)
    if found is None:
        hint = did_you_mean(code, codes()) or "it stands in brackets after what was found, like `[key-unknown]`"
        raise Refused([Diagnostic("code-unknown", f"no diagnostic has the code `{code}`", hint=hint)])
    if format == "json":
        write_json(rule_report(found))
    else:
        write(page(found))
