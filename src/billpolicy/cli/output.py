"""What came out and what was found on stdout, in order; notes and progress on stderr; colour only on a terminal.

What keeps a command from its result is told on stderr, unless to find that is what it is for.

In a format that can say nothing but what was found (`report/findings/formats.py`), results are not printed: what is
found is gathered, and told in one piece on stdout when the command is done, also where that is nothing.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import click

import billpolicy
from billpolicy import EngineError
from billpolicy.cli.logs import log
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.diagnostics.visible import no_command, visible, visible_first, visible_line, visible_lines
from billpolicy.report.findings.formats import report
from billpolicy.source.files import DISK, Files, Place

MOST_SHOWN = 50
"""Diagnostics printed as text; the other formats have all of them."""
_COLOURS = {"error": "red", "warning": "yellow", "hint": "cyan"}
_MARKED = {"!": "yellow", "x": "red", "FAILED": "red"}
_MARKS = re.compile(r"^ +(?:[!x]|FAILED)(?= )", re.MULTILINE)
"""How lines of results begin that tell of a warning, of a refusal, or of a test that failed."""
_HINT, _NOTE = "hint:", "note:"
_FORMAT, _CONTEXT, _GATHERED = "billpolicy.format", "billpolicy.context", "billpolicy.gathered"
_SOURCES = "billpolicy.sources"
_ANSWER, _ANSWERS = "billpolicy.answer", "billpolicy.answers"


def use_format(ctx: click.Context, format: str, *, gathers: bool = False) -> None:
    """From here on, what the command finds is told in this format; `gathers`: in one piece, at its end."""
    ctx.meta[_FORMAT] = format
    ctx.meta[_CONTEXT] = ctx
    if (current := log()) is not None:
        current.context = ctx
    if gathers:
        ctx.meta[_GATHERED] = []


def quote_from(files: Files) -> None:
    """What is read from these files may be quoted in what is told, too."""
    if files is not DISK:
        _meta().setdefault(_SOURCES, []).append(files)


@contextmanager
def telling(ctx: click.Context) -> Iterator[None]:
    """While a command runs: in a format that gathers, print in the end what was found, and why it did not come to one.

    A report that says nothing is wrong must never come of a command that did not do what it was asked.
    """
    try:
        yield
    except click.ClickException as error:
        gather([_usage_wrong(error)])
        raise
    except KeyboardInterrupt:
        gather([Diagnostic("interrupted", "this was interrupted before its end", hint="do it again")])
        if log() is not None:  # click would end the line in which somebody typed it
            raise click.exceptions.Abort from None
        raise
    finally:
        if _GATHERED in ctx.meta:
            command: click.Context = ctx.meta[_CONTEXT]
            path, found = command.command_path.partition(" ")[2], ctx.meta.pop(_GATHERED)
            sources = ctx.meta.get(_SOURCES, ())
            told = ctx.meta.pop(_ANSWER, None)
            if told is None:
                told = report(ctx.meta[_FORMAT], path, found, _subject(command), sources)
            click.echo(told, nl=False)


def show_usage(error: click.ClickException) -> None:
    """What was typed wrong, and how it is typed."""
    if (current := log()) is None:
        shown = io.StringIO()
        error.show(shown)
        text = shown.getvalue()
        if not _is_help(error):
            text = text.replace(error.message, visible_line(error.message))  # it may name what was typed
        click.echo(visible_lines(text), nl=False, err=True)
    else:
        current.finding(_usage_wrong(error))


def _usage_wrong(error: click.ClickException) -> Diagnostic:
    message = "no command was typed" if _is_help(error) else error.format_message()
    return Diagnostic("usage-wrong", message, hint="--help lists what can be typed")


def _is_help(error: click.ClickException) -> bool:
    """Whether its message is the whole page of help: of a group without a command."""
    return isinstance(error, click.exceptions.NoArgsIsHelpError)


def _subject(command: click.Context) -> str | None:
    """The file that a command was given first, or the file of its ledger."""
    for parameter in command.command.params:
        given = command.params.get(parameter.name or "")
        if isinstance(parameter, click.Argument):
            for one in given if isinstance(given, tuple) and not isinstance(given, Place) else (given,):
                if isinstance(one, Path | Place):
                    return str(one)
        if parameter.name == "ledger" and given:
            with suppress(Refused):
                return str(billpolicy.ledger_files(given)[0])
    return None


def _damaged() -> Diagnostic | None:
    """What is wrong with the ledger that the command was given; None where that is whole, or there is none."""
    command: click.Context | None = _meta().get(_CONTEXT)
    ledger = None if command is None else command.params.get("ledger")
    if not ledger:
        return None
    try:
        with billpolicy.open_ledger(ledger) as opened:
            found = opened.check()
    except Exception:  # this looks after what failed; nothing here may hide it
        return None
    if not found:
        return None
    hint = "run `billpolicy ledger check`, and restore the ledger from a backup"
    return Diagnostic("ledger-damaged", f"this ledger is damaged: {found[0].message}", hint=hint)


def fail(error: Exception) -> int:
    """Say what went wrong and give the exit code: 1 for what the user can mend, 3 for a bug of ours."""
    if isinstance(error, Refused):
        show(error.diagnostics, beside=_ANSWERS not in _meta())
        return 1
    if isinstance(error, EngineError):
        hint = "this operation was not posted; try `--engine python`, and please report this"
        show([Diagnostic("engine", str(error), hint=hint)], beside=True)
        return 1
    if isinstance(error, OSError):
        where = f"`{error.filename}`" if error.filename else "a file"
        message = f"{where} cannot be used: {(error.strerror or str(error)).lower()}"
        hint = "check the path, who may use it, and the space on the disk"
        show([Diagnostic("file-unusable", message, hint=hint)], beside=True)
        return 1
    if damaged := _damaged():  # what stumbles over a damaged ledger is no bug
        show([damaged], beside=_ANSWERS not in _meta())
        return 1
    if os.environ.get("BILLPOLICY_DEBUG"):
        import traceback

        if (current := log()) is None:
            traceback.print_exc()
        else:
            for line in traceback.format_exc().splitlines():
                current.note(line, "error")
    message = f"{type(error).__name__}: {error}"
    hint = "this is a bug in billpolicy; BILLPOLICY_DEBUG=1 shows where. Please report it."
    gather([Diagnostic("internal-error", message, hint=hint)])
    if log() is not None:
        return 3
    said = click.style("internal error:", fg="red", bold=True)
    click.echo(f"{said} {visible(message)}\n    hint: {hint}", err=True)
    return 3


def answer_with_refusals(ctx: click.Context) -> None:
    """From here on, what is refused is the answer of the command: it is told where results are."""
    ctx.meta[_ANSWERS] = True


def show(diagnostics: Iterable[Diagnostic], *, beside: bool = False) -> None:
    """All diagnostics, where results are told; `beside`: as text on stderr, since there will be no result."""
    diagnostics = in_order(diagnostics)
    if gather(diagnostics):
        return
    if _meta().get(_FORMAT) == "json":
        click.echo(report("json", "", diagnostics), nl=False)
        return
    show_text(diagnostics[:MOST_SHOWN], err=beside)
    if len(diagnostics) > MOST_SHOWN and not (beside and log()):
        click.echo(f"... and {len(diagnostics) - MOST_SHOWN} more (other formats have all)", err=beside)


def show_text(diagnostics: Iterable[Diagnostic], *, err: bool = True) -> None:
    """Diagnostics as text, whatever the format of the result; click drops the colour where there is no terminal."""
    from billpolicy.report.findings.text import folded, texts

    diagnostics = list(diagnostics)
    _log(diagnostics)
    diagnostics = folded(diagnostics)
    if err and log() is not None:
        return
    for one, text in zip(diagnostics, texts(diagnostics, _meta().get(_SOURCES, ())), strict=True):
        word = f"{one.severity}:"
        coloured = click.style(word, fg=_COLOURS[one.severity], bold=True)
        text = text.replace(word, coloured, 1)
        if one.hint:
            before, hint, after = text.rpartition(_HINT)
            text = f"{before}{click.style(hint, fg=_COLOURS['hint'])}{after}"
        click.echo(text, nl=False, err=err)


def _log(diagnostics: Iterable[Diagnostic]) -> None:
    """Where there is a log, it has all that is found, also what the result tells."""
    if (current := log()) is not None:
        for one in diagnostics:
            current.finding(one)


def gather(diagnostics: Iterable[Diagnostic]) -> bool:
    """Keep what was found until the command is done; whether the format is one that does so. The log has it anyway."""
    diagnostics = list(diagnostics)
    _log(diagnostics)
    gathered = cast("list[Diagnostic] | None", _meta().get(_GATHERED))
    if gathered is None:
        return False
    gathered += diagnostics
    return True


def answer(text: str) -> None:
    """In a format that gathers: this, when the command is done, in the place of what was gathered."""
    _meta()[_ANSWER] = text


def show_refused(
    title: str, diagnostics: Iterable[Diagnostic], more: Iterable[str] = (), *, beside: bool = False
) -> None:
    """Which operation is refused, every reason, and what more there is to say, line by line; `beside` as in `show`."""
    if gather(diagnostics):
        return
    if beside and (current := log()) is not None:
        current.note(f"{title} is refused")
        show(diagnostics, beside=True)
        for line in more:
            current.note(line)
        return
    click.echo(click.style(f"{visible_first(title)} is refused", fg="red", bold=True), err=beside)
    show(diagnostics, beside=beside)
    for line in more:
        click.echo(visible_first(line), err=beside)
    click.echo("", err=beside)


def _meta() -> dict[str, Any]:
    """What commands keep for the time that they run; nothing outside of one."""
    ctx = click.get_current_context(silent=True)
    return {} if ctx is None else ctx.meta


def say(message: str) -> None:
    """A message beside the result, in one line."""
    if (current := log()) is not None:
        current.note(message.removeprefix(_NOTE).strip())
        return
    said = visible_first(message)
    note = said.startswith(_NOTE)
    click.echo(click.style(_NOTE, fg=_COLOURS["hint"]) + said[len(_NOTE) :] if note else said, err=True)


def conclude(message: str) -> None:
    """What it all came to, in one line: the end of a result that is text, beside any other."""
    format = _meta().get(_FORMAT)
    current = log()
    if current is not None or format == "json" or _GATHERED in _meta():
        say(message)
    if not (format == "json" or _GATHERED in _meta()):
        click.echo(visible_first(message))


def write(text: str) -> None:
    """A result."""
    if _GATHERED in _meta():
        return
    shown = visible_lines(text)
    if _meta().get(_FORMAT) in ("text", "markdown"):  # the others are read by programs, and not in a log
        shown = "\n".join(map(no_command, shown.split("\n")))
    click.echo(_MARKS.sub(_painted, shown), nl=False)


def _painted(mark: re.Match[str]) -> str:
    """The beginning of a line in the colour of how bad it is."""
    return click.style(mark[0], fg=_MARKED[mark[0].strip()], bold=True)


def write_json(result: Any) -> None:
    """A result as JSON, by the schema that `billpolicy schema` prints."""
    from billpolicy.source.write import to_json

    click.echo(to_json(result), nl=False)
