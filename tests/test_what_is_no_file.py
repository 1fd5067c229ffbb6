"""A pipe, a device, a socket or a folder where a file is wanted is refused at once: no command waits for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest

from billpolicy.deciding.proven import load_proven
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.plain_file import read_plain
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD

PATIENCE = 30
"""Seconds; a command that waits for a pipe is ended then, and its test fails."""
BOOK = "accounts: [{id: a, currency: EUR}]\n"
OPERATIONS = """
operations:
- {id: o, operation: adjust_credit_balance, date: 2026-01-02, type: increase, amount: 1.00, account: a}
"""
KINDS = ("pipe", "link to a pipe", "socket", "device", "endless device", "folder")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BILLPOLICY_CACHE", "off")  # of the commands that run apart
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "operations.yaml").write_text(OPERATIONS)
    for name in ("base", "policy"):
        (tmp_path / name).mkdir()
        base = "../base" if name == "policy" else STANDARD
        text = f"policy: {name}\nextends: {base}\neffective: {{from: 2026-01-01}}\n"
        (tmp_path / name / "policy.yaml").write_text(text)
    return tmp_path


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sockets() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        yield opened


def make(kind: str, path: str, opened: socket.socket) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        os.mkfifo("elsewhere")
        Path(path).symlink_to(Path("elsewhere").absolute())
    elif kind == "socket":
        opened.bind(path)
    elif kind in ("device", "endless device"):
        Path(path).symlink_to("/dev/null" if kind == "device" else "/dev/zero")
    else:
        Path(path).mkdir()


@pytest.fixture(autouse=True)
def _guard() -> Iterator[None]:
    """A command that waits is interrupted."""

    def waited(_: int, frame: FrameType | None) -> None:
        pytest.fail(f"the command still waits after {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_apart(*arguments: str, stdin: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "billpolicy", *arguments]
    return subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False)


def told(kind: str, path: str) -> str:
    if kind == "folder":
        return f"{path}: error: this is a folder; a file is wanted here [file-is-folder]\n    hint: name a file in it\n"
    return (
        f"{path}: error: this is a pipe, a device or a socket; a plain file is wanted here [file-not-plain]\n"
        "    hint: write what it gives into a file, and name that\n"
    )


PLAN = ("plan", "--engine", "python", "--policy", "policy", "--book", "book.yaml")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("odd.yaml", (*PLAN[:-1], "odd.yaml", "operations.yaml")),
        ("odd.yaml", (*PLAN, "odd.yaml")),
        ("odd.yaml", ("explain", *PLAN[1:], "odd.yaml")),
        ("odd.yaml", ("post", "--policy", "policy", "--ledger", "sqlite:///no.db", "odd.yaml")),
        ("odd.yaml", ("ledger", "import", "sqlite:///no.db", "odd.yaml")),
        ("policy/odd.yaml", ("validate", "policy")),
        ("policy/odd.yml", ("matrix", "policy")),
        ("base/odd.yaml", (*PLAN, "operations.yaml")),
    ],
)
def test_it_is_refused_wherever_a_file_is_read(
    kind: str, path: str, command: tuple[str, ...], sockets: socket.socket
) -> None:
    make(kind, path, sockets)
    ran = billpolicy(*command)
    # To find what is wrong is what `validate` is for; to any other command it is in the way.
    answer, beside = (ran.out, ran.err) if command[0] == "validate" else (ran.err, ran.out)
    assert (ran.code, beside) == (1, "")
    assert told(kind, path) in answer


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_it_is_no_policy_and_no_base_of_one(kind: str, folder: Path, sockets: socket.socket) -> None:
    make(kind, "odd.yaml", sockets)
    assert billpolicy("validate", "odd.yaml").out == told(kind, "odd.yaml")
    text = "policy: own\nextends: odd.yaml\neffective: {from: 2026-01-01}\n"
    (folder / "own.yaml").write_text(text)
    ran = billpolicy("validate", "own.yaml")
    assert (ran.code, ran.out) == (1, told(kind, "odd.yaml"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_a_kept_policy_whose_file_became_one_is_read_again(
    kind: str, folder: Path, sockets: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLPOLICY_CACHE", str(folder / "cache"))
    load_proven(Path("policy"))
    assert len(list((folder / "cache").iterdir())) == 1
    (folder / "policy" / "policy.yaml").unlink()
    make(kind, "policy/policy.yaml", sockets)
    with pytest.raises(Refused) as refused:
        load_proven(Path("policy"))
    assert told(kind, "policy/policy.yaml").strip() in str(refused.value)


def test_schemas_are_not_compared_with_it(kind: str, folder: Path, sockets: socket.socket) -> None:
    assert billpolicy("schema", "--all", "--output", "schemas").code == 0
    (folder / "schemas" / "book.schema.json").unlink()
    make(kind, "schemas/book.schema.json", sockets)
    ran = billpolicy("schema", "--all", "--check", "schemas")
    assert ran.code == 1
    assert "schemas/book.schema.json: error: this is not the schema of this program [schema-stale]\n" in ran.out
    ran = billpolicy("schema", "--all", "--output", "schemas")
    assert ran.code == 1
    assert "this is not a plain file [file-not-plain]" in ran.err


def test_a_ledger_is_not_made_in_it(kind: str, sockets: socket.socket) -> None:
    make(kind, "odd.db", sockets)
    for command in (("init", "sqlite:///odd.db"), ("check", "sqlite:///odd.db")):
        ran = billpolicy("ledger", *command)
        assert ran.code == 1
        assert "odd.db: error: " in ran.out + ran.err


def test_standard_input_is_read_where_it_is_a_file(folder: Path) -> None:
    with (folder / "operations.yaml").open() as stream:
        ran = run_apart(*PLAN, "/dev/stdin", stdin=stream.fileno())
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "o: adjust_credit_balance on 2026-01-02")


def test_a_pipe_that_is_typed_is_refused_too() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb"):
        ran = run_apart(*PLAN, "/dev/stdin", stdin=reading)
    assert (ran.returncode, ran.stderr) == (1, told("pipe", "/dev/stdin"))


def test_no_file_is_left_open() -> None:
    os.mkfifo("pipe")
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for path in ("pipe", "base", "/dev/null"):
        with pytest.raises(OSError, match=r"plain file|directory"):
            read_plain(Path(path))
    assert read_plain(Path("book.yaml"), 8) == b"accounts"
    after = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    assert after == before
