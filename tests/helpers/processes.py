"""The programs `poster`, `racer`, `batcher`, `importer` and `syncer` as processes, side by side or killed."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.paths import ROOT

PAGE = 4096
"""Bytes, as small as a pipe can be: a program that tells what it did is never far ahead of its reader."""


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A program at work. What it has told and nobody has read is a page at most, else it waits to be read."""
    command = [sys.executable, "-W", "error", "-m", f"tests.helpers.{program}", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, pipesize=PAGE)


def next_lines(child: subprocess.Popen[str], count: int) -> list[str]:
    """Wait until it has told so many lines more."""
    assert child.stdout is not None
    return [child.stdout.readline().rstrip("\n") for _ in range(count)]


def kill(child: subprocess.Popen[str]) -> list[str]:
    """Kill it at once, and give the whole lines that it had written by then and nobody had read."""
    with child:
        child.kill()
        assert child.stdout is not None
        assert child.stderr is not None
        told, complaints = child.stdout.read(), child.stderr.read()
    assert complaints == ""
    return told.split("\n")[:-1]


def finished(child: subprocess.Popen[str], code: int = 0) -> list[str]:
    """All the lines of one that ends by itself."""
    told, complaints = child.communicate(timeout=60)
    assert (child.returncode, complaints) == (code, "")
    return told.splitlines()
