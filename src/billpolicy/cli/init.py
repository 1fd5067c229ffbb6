"""`billpolicy init`: a folder to begin with, for a company or as a copy of a story. It overwrites nothing."""

from __future__ import annotations

import datetime
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from billpolicy.cli.logs import log
from billpolicy.cli.options import LINE, day_or_today, format_option, today_option
from billpolicy.cli.output import conclude, write, write_json
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.sentences import counted
from billpolicy.diagnostics.visible import visible
from billpolicy.report.started import StartedReport, StoryReport
from billpolicy.source.scalars import read_country, read_currency
from billpolicy.starting.company import Answers, company_files, read_entity
from billpolicy.starting.stories import stories, story_files

_CURRENCY = "EUR"
"""What is offered to whoever is asked for a currency, and taken with `--yes`."""


class _Word(click.ParamType[str]):
    """A word of a form of its own, as the same in a file is read."""

    def __init__(self, name: str, read: Callable[[Any], str]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


CURRENCY = _Word("CODE", read_currency)
COUNTRY = _Word("CODE", read_country)
ENTITY = _Word("CODE", read_entity)


class _Entities(click.ParamType[tuple[str, ...]]):
    """Several, as they are typed in one answer."""

    name = "codes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        found = (ENTITY.convert(one.strip(), param, ctx) for one in str(value).split(",") if one.strip())
        return tuple(dict.fromkeys(found))


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--name", type=LINE, help="The company. Default: the name of the folder.")
@click.option("--currency", type=CURRENCY, help="What it bills in, like EUR.")
@click.option("--country", type=COUNTRY, help="Where the customer of the sample book is, like DE.")
@click.option(
    "--entity",
    "entities",
    multiple=True,
    type=ENTITY,
    help="A legal entity that numbers its own documents: DE-INV00000001. Repeat it.",
)
@click.option("--approvals/--no-approvals", default=None, help="Let a second person approve large write-offs.")
@click.option("--ci/--no-ci", default=True, help="Also what GitHub and GitLab run on a change. By default, they come.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not said is as it is offered.")
@click.option("--example", type=LINE, metavar="NAME", help="Instead: copy this story.")
@click.option("--examples", is_flag=True, help="Instead: list the stories.")
@today_option
@format_option("text", "json")
def command(
    folder: Path,
    name: str | None,
    currency: str | None,
    country: str | None,
    entities: tuple[str, ...],
    approvals: bool | None,
    ci: bool,
    yes: bool,
    example: str | None,
    examples: bool,
    today: datetime.date | None,
    format: str,
) -> None:
    """Write a policy on the standard one into FOLDER, with a book, operations and tests to try it on.

    On a terminal it asks a few questions; what is said by options is not asked, and --yes asks nothing. What is there
    already stays as it is: if a file is in the way, nothing is written.
    """
    if examples:
        _list(format)
        return
    if example is not None:
        files = _story(example)
    else:
        answers = _asked(_Said(folder, name, currency, country, entities, approvals), ask=not yes)
        files = company_files(answers, day_or_today(today), review=ci)
    _write_all(folder, files)
    if format == "json":
        write_json(StartedReport(folder=str(folder), files=tuple(sorted(files))))
        return
    write("".join(f"{visible(str(folder / file))}\n" for file in sorted(files)))
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))}; "
    then = "its README.md tells it" if example is not None else f"go on with: {there}billpolicy plan operations.yaml"
    conclude(f"wrote {counted(len(files), 'file')}; {then}")


class _Said:
    """What was said by options; None of what was not."""

    def __init__(
        self,
        folder: Path,
        name: str | None,
        currency: str | None,
        country: str | None,
        entities: tuple[str, ...],
        approvals: bool | None,
    ) -> None:
        self.name, self.currency, self.country = name, currency, country
        self.entities, self.approvals = tuple(dict.fromkeys(entities)), approvals
        self.folder = folder


def _asked(said: _Said, *, ask: bool) -> Answers:
    """The answers, of which those that were not said are asked for, or taken as they are offered."""
    offered = _name_of(said.folder)
    if not ask:
        return Answers(
            name=said.name or offered,
            currency=said.currency or _CURRENCY,
            country=said.country,
            entities=said.entities,
            approvals=bool(said.approvals),
        )
    if log() is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        if said.currency is None:
            raise click.UsageError(f"nobody can be asked here: say --currency CODE, or --yes for {_CURRENCY}")
        return _asked(said, ask=False)
    ask_for = click.prompt
    return Answers(
        name=said.name or ask_for("Company", default=offered, type=LINE, err=True),
        currency=said.currency or ask_for("Currency that it bills in", default=_CURRENCY, type=CURRENCY, err=True),
        country=said.country or _country(),
        entities=said.entities
        or ask_for(
            "Legal entities with numbers of their own, like DE,AT (none: Enter)",
            default="",
            show_default=False,
            type=_Entities(),
            err=True,
        ),
        approvals=click.confirm("Shall a second person approve large write-offs?", default=False, err=True)
        if said.approvals is None
        else said.approvals,
    )


def _country() -> str | None:
    def read(value: str) -> str:
        return COUNTRY.convert(value, None, None) if value else ""

    asked = "Country of most customers, like DE (none: Enter)"
    return click.prompt(asked, default="", show_default=False, value_proc=read, err=True) or None


def _name_of(folder: Path) -> str:
    """The name that a folder suggests for a company."""
    try:
        return LINE.convert(folder.resolve().name, None, None)
    except click.ClickException:  # `/`, or a name that may not stand in a file
        return "company"


def _story(name: str) -> dict[str, str]:
    known = stories()
    if name not in known:
        hint = did_you_mean(name, known) or "`billpolicy init --examples` lists them"
        raise Refused([Diagnostic("unknown", f"there is no story `{name}`", hint=hint)])
    return story_files(name)


def _list(format: str) -> None:
    found = stories()
    if format == "json":
        write_json(StartedReport(stories=tuple(StoryReport(name=name, title=title) for name, title in found.items())))
        return
    wide = max(map(len, found))
    write("".join(f"{name:{wide}}  {title}\n" for name, title in found.items()))


def _write_all(folder: Path, files: Mapping[str, str]) -> None:
    """Write these files where none of them is yet: all of them, or nothing. Raises `Refused` with each in the way."""
    in_the_way = sorted({there for file in files if (there := _in_the_way(folder, Path(file))) is not None})
    if in_the_way:
        hint = "name another folder, or move what is there"
        message = "this is there already, and `init` overwrites nothing"
        raise Refused(Diagnostic("file-there", message, Position(str(path)), hint) for path in in_the_way)
    written: list[Path] = []
    try:
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                written.append(path)
                stream.write(text)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise


def _in_the_way(folder: Path, file: Path) -> Path | None:
    """The file itself, or what is no folder where it needs one."""
    for above in (*reversed(file.parents), file):
        path = folder / above
        if os.path.lexists(path) and (above == file or not path.is_dir()):
            return path
    return None
