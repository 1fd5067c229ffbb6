"""The command line, run in process: what it prints and the code it exits with."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from billpolicy.cli import main


class Ran(NamedTuple):
    """What a run of `billpolicy` left behind."""

    code: int
    out: str
    err: str


def billpolicy(*arguments: str | Path) -> Ran:
    """Run `billpolicy ARGUMENTS` in the current folder, without a cache, 80 columns wide."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["billpolicy", *map(str, arguments)]),
        mock.patch.dict(os.environ, {"BILLPOLICY_CACHE": "off", "COLUMNS": "80"}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as done:
            code = done.code
    return Ran(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
