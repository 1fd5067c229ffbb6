"""Results on stdout, messages on stderr, colour only on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click

from billpolicy import EngineError
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.visible import visible, visible_lines

MOST_SHOWN = 50
"""Diagnostics printed as text; JSON has all of them."""
_COLOURS = {"error": "red", "warning": "yellow"}


def fail(error: Exception, *, as_json: bool = False) -> int:
    """Say what went wrong and give the exit code: 1 for what the user can mend, 3 for a bug of ours."""
    if isinstance(error, Refused):
        show(error.diagnostics, as_json=as_json)
        return 1
    if isinstance(error, EngineError):
        hint = "this operation was not posted; try `--engine python`, and please report this"
        show([Diagnostic("engine", str(error), hint=hint)], as_json=as_json)
        return 1
    if isinstance(error, OSError):
        where = f"`{error.filename}`" if error.filename else "a file"
        message = f"{where} cannot be used: {(error.strerror or str(error)).lower()}"
        hint = "check the path, who may use it, and the space on the disk"
        show([Diagnostic("file-unusable", message, hint=hint)], as_json=as_json)
        return 1
    if os.environ.get("BILLPOLICY_DEBUG"):
        import traceback

        traceback.print_exc()
    click.echo(f"internal error: {type(error).__name__}: {visible(str(error))}", err=True)
    click.echo("    hint: this is a bug in billpolicy; BILLPOLICY_DEBUG=1 shows where. Please report it.", err=True)
    return 3


def show(diagnostics: Iterable[Diagnostic], *, as_json: bool = False) -> None:
    """All diagnostics: as JSON on stdout, or as text on stderr."""
    diagnostics = list(diagnostics)
    if as_json:
        from billpolicy.report.results import Findings, findings

        write_json(Findings(diagnostics=findings(diagnostics)))
        return
    for diagnostic in diagnostics[:MOST_SHOWN]:
        click.echo(coloured(diagnostic), err=True)
    if len(diagnostics) > MOST_SHOWN:
        click.echo(f"... and {len(diagnostics) - MOST_SHOWN} more (--format json has all)", err=True)


def show_refused(title: str, diagnostics: Iterable[Diagnostic]) -> None:
    """Which operation is refused, and every reason."""
    click.echo(click.style(f"{visible(title)} is refused", bold=True), err=True)
    show(diagnostics)
    click.echo("", err=True)


def coloured(diagnostic: Diagnostic) -> str:
    """A diagnostic with its severity in colour; click drops the colour where there is no terminal."""
    word = f"{diagnostic.severity}:"
    return str(diagnostic).replace(word, click.style(word, fg=_COLOURS[diagnostic.severity], bold=True), 1)


def say(message: str) -> None:
    """A message beside the result, in one line."""
    click.echo(visible(message), err=True)


def write(text: str) -> None:
    """A result."""
    click.echo(visible_lines(text), nl=False)


def write_json(result: Any) -> None:
    """A result as JSON, by the schema that `billpolicy schema` prints."""
    from billpolicy.source.write import to_json

    click.echo(to_json(result), nl=False)
