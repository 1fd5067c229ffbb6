"""Options that commands share, and how what they name is loaded."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.output import use_format
from billpolicy.cli.reading import PLACE, stdin_filename_option
from billpolicy.report.findings.formats import FINDINGS_ONLY
from billpolicy.source.files import Place, place

_F = TypeVar("_F", bound=Callable[..., Any])


class _Day(click.ParamType[datetime.date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        from billpolicy.source.scalars import read_date

        try:
            return read_date(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Line(click.ParamType[str]):
    """A text of one line, under the same rules as a text in a file: what is stored or printed can forge nothing."""

    name = "text"

    def __init__(self, reader: Literal["read_text", "read_free_text", "read_line"]) -> None:
        self.reader = reader

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from billpolicy.source import scalars

        try:
            return str(getattr(scalars, self.reader)(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class PathOf(click.Path):
    """The path of a file beside a ledger, for which the address of one is easily taken."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises `UsageError` for the address of a ledger."""
        if isinstance(value, str) and value.startswith(_FILE_ADDRESS):
            ledger = "" if ctx is None else ctx.params.get("ledger") or ""
            order = "" if not ledger or ":" in ledger else "; LEDGER comes first"
            path = value.removeprefix(_FILE_ADDRESS)
            self.fail(f"{value} is the address of a ledger, and this is a path: write {path}{order}", param, ctx)
        return super().convert(value, param, ctx)


_FILE_ADDRESS = "sqlite:///"


class _Digest(click.ParamType[str]):
    name = "DIGEST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from billpolicy.source.scalars import read_digest

        try:
            return read_digest(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DAY = _Day()
"""The type of a day."""
DIGEST = _Digest()
"""The type of what is confirmed."""
LINE = _Line("read_text")
"""The type of every option and argument that is a name or an id."""
REMARK = _Line("read_free_text")
"""The type of a text that names nothing: a comment, or what to look for."""
AS_WRITTEN = _Line("read_line")
"""The type of what may be a file, whose name may be anything."""


def head_option(command: _F) -> _F:
    """The option that names a head that was kept elsewhere."""
    return click.option(
        "--head",
        type=LINE,
        metavar="HEAD",
        help="A head that was kept: the digest, or the file that `ledger head --format json` wrote.",
    )(command)


def _policies(command: _F, *, required: bool = True) -> _F:
    return click.option(
        "--policy",
        "-p",
        required=required,
        default=_settled if required else None,
        multiple=True,
        type=PLACE,
        metavar="PATH",
        help="Policy folder or file, `standard`, `REV:path` of a revision of git, or `-`. "
        "Repeat it for versions of other days." + (" Default: `policy` in billpolicy.toml." if required else ""),
    )(command)


def _settled() -> tuple[Place, ...]:
    """The policy that the settings of this folder name, for commands that name none. Raises `Refused` where they are
    wrong."""
    policy = billpolicy.settings_for(Path()).policy
    return () if policy is None else (place(policy),)


def policy_option(command: _F) -> _F:
    """`--policy`, for one that is on the disk, in a revision of git, or comes on standard input."""
    return _policies(stdin_filename_option(command))


def own_policy_option(command: _F) -> _F:
    """`--policy` of a command that can do without."""
    return _policies(stdin_filename_option(command), required=False)


book_option = click.option(
    "--book",
    "-b",
    type=click.Path(path_type=Path),
    help="Book file, YAML or JSON. OPERATIONS may bring a book of its own. Default: `book` in billpolicy.toml.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["durable", "python", "both"]),
    help="Who matches the rules: the rules engine, plain Python, or both, which must agree. "
    "Default: both where the engine is installed.",
)
fields_argument = click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...", shell_complete=completing.fields)
"""Where an operation can be typed in the place of a file of operations: its fields."""
actor_option = click.option("--actor", type=LINE, help="Who asks, where an operation names nobody.")
report_option = click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what is refused, and why, as CSV."
)
record_option = click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was decided, and by which facts, as JSON lines for `replay`.",
)
details_option = click.option(
    "--details", is_flag=True, help="Show each operation, also where there are more than 50 of them."
)
today_option = click.option("--today", type=_Day(), help="The day of planning; by default, today in UTC.")
counted_from_option = click.option(
    "--today", type=_Day(), help="The day from which ends count; by default, that of UTC."
)


def format_option(*formats: str) -> Callable[[_F], _F]:
    """`--format`: those of the result, the first by default, and the others that say what was found."""

    def used(ctx: click.Context, param: click.Parameter, value: str) -> str:
        use_format(ctx, value, gathers=value not in formats)
        return value

    every = tuple(dict.fromkeys((*formats, *FINDINGS_ONLY)))
    kind = click.Choice(every)
    # Eager, so that also a mistake in another option is told in it.
    return click.option("--format", type=kind, default=formats[0], show_default=True, callback=used, is_eager=True)


def typed(ctx: click.Context, **other: Any) -> str:
    """The command as it was typed, but for other values of some options; those with their default are left out."""
    words = ctx.command_path.split()
    for param in ctx.command.params:
        value = other.get(param.name or "", ctx.params.get(param.name or ""))
        if isinstance(param, click.Argument):
            words += map(str, value) if isinstance(value, tuple) else (str(value),)
        elif isinstance(value, tuple):
            words += (word for one in value for word in (param.opts[0], str(one)))
        elif value is True:
            words.append(param.opts[0])
        elif value not in (None, False, param.default):
            words += (param.opts[0], str(value))
    return shlex.join(words)


def day_or_today(day: datetime.date | None) -> datetime.date:
    """The day that was given, or that of UTC."""
    from billpolicy.source.today import today

    return day or today()
