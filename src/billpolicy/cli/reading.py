"""What is typed for a policy: a path, `REV:path` for what stood in a revision of git, or `-` for standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from billpolicy.cli import completing
from billpolicy.cli.output import quote_from
from billpolicy.source.files import DISK, STDIN, Place, Texts
from billpolicy.source.revision import place_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_F = TypeVar("_F", bound=Callable[..., Any])
_NAME, _READ = "billpolicy.stdin-filename", "billpolicy.stdin"
_MOST = 64 * 1024 * 1024
"""Bytes of standard input that are read at most; what reads a file has its own limit, which is lower."""


class _Place(click.ParamType[Place]):
    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        if value != "-":
            found = place_of(value)
            quote_from(found.files)
            return found
        if ctx is None or ctx.resilient_parsing or ctx.meta.get(_READ):
            self.fail("standard input can be read only once", param, ctx)
        ctx.meta[_READ] = True
        name = ctx.meta.get(_NAME) or STDIN
        files = Texts({name: sys.stdin.buffer.read(_MOST)}, beside=DISK)
        quote_from(files)
        return Place(files, Path(name))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return completing.policies(ctx, param, incomplete)


PLACE = _Place()
"""The type of every option and argument that names a policy."""


def stdin_filename_option(command: _F) -> _F:
    """`--stdin-filename`, for commands that read a policy."""

    def named(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        ctx.meta[_NAME] = value

    return click.option(
        "--stdin-filename",
        type=click.Path(),
        metavar="NAME",
        callback=named,
        is_eager=True,  # before the `-` that it is about
        expose_value=False,
        help="The file that `-` (standard input) stands for: it is shown by this name, and `extends` is seen from it.",
    )(command)
