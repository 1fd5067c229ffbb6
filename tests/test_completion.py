"""What a shell offers after TAB: asked as click's protocol has it, and in real shells."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.installed import environment
from tests.helpers.tools import needs

BOOK = """
accounts: [{id: acme, currency: EUR}]
invoices:
  - {number: INV-1, account: acme, date: 2026-01-05, currency: EUR, items: [{id: a, amount: 1.00}]}
  - {number: "INV 2", account: acme, date: 2026-01-05, currency: EUR, items: [{id: a, amount: 1.00}]}
"""
URL = "sqlite:///books.db"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("acme").mkdir()
    Path("acme/policy.yaml").write_text(
        "policy: acme\nextends: standard\neffective: {from: 2026-01-01}\n", encoding="utf-8"
    )
    Path("book.yaml").write_text(BOOK, encoding="utf-8")
    assert billpolicy("ledger", "init", URL).code == 0
    assert billpolicy("ledger", "import", URL, "book.yaml").code == 0
    return tmp_path


def asked(line: str, breaks: str = "") -> list[str]:
    """What is offered for a line up to the cursor, without the kind of plain ones. Nothing else is ever said."""
    surroundings = {**environment(Path("bin")), **asking(line, breaks)}
    program = [sys.executable, "-m", "billpolicy"]
    done = subprocess.run(program, env=surroundings, input="no: policy", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [offer.removeprefix("plain,") for offer in done.stdout.splitlines() if offer]


def asking(line: str, breaks: str = "") -> dict[str, str]:
    """What a shell says in its environment."""
    words = {"COMP_WORDS": f"billpolicy {line}", "COMP_WORDBREAKS": breaks}
    return {**words, "_BILLPOLICY_COMPLETE": "bash_complete"}


@pytest.mark.parametrize("line", ["led", "explain write_off_in", "explain --acto", "rule key-un"])
def test_nothing_that_takes_long_is_imported_for_names(line: str) -> None:
    program = [sys.executable, "-X", "importtime", "-m", "billpolicy"]
    surroundings = {**environment(Path("bin")), **asking(line)}
    done = subprocess.run(program, env=surroundings, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sqlalchemy" not in imported


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("le", ["ledger"]),
        ("validate --stdin", ["--stdin-filename"]),
        ("validate ac", ["acme", "file,ac"]),
        ("validate stan", ["standard", "file,stan"]),
        ("plan write_off_in", ["write_off_invoice", "file,write_off_in"]),
        ("test acme --operation reverse_i", ["reverse_invoice"]),
        ("rule key-unk", ["key-unknown"]),
        ("ledger sh", ["show"]),
        ("ledger show sq", [URL]),
        (f"ledger show {URL} INV", ["INV 2", "INV-1"]),
        (f"ledger explain {URL} INV-", ["INV-1"]),
        ("explain write_off_invoice --book book.yaml invoice=INV-", ["invoice=INV-1"]),
        (f"plan write_off_invoice --ledger {URL} invoice=INV-", ["invoice=INV-1"]),
        ("explain write_off_invoice -p acme --why-not create_account.act", ["create_account.actor"]),
    ],
)
def test_what_is_known_is_offered(line: str, offered: list[str]) -> None:
    assert asked(line) == offered


@pytest.mark.parametrize(
    "line",
    [
        "nonsense ",
        "ledger show sqlite:///missing.db INV",
        "ledger show nonsense://x INV",
        "explain write_off_invoice -p missing --why-not x",
        "explain write_off_invoice --book missing.yaml invoice=INV",
        f"approve --ledger {URL} ",
        "test --rule ",
    ],
)
def test_where_nothing_is_known_nothing_is_offered_and_nothing_said(line: str) -> None:
    assert asked(line) == []


def test_a_name_that_would_steer_the_terminal_is_not_offered() -> None:
    for name in ("a\x1b]0;owned\x07.db", "b\u202ec.db", "d\ne.db", "f\u200b.db", "other.db"):
        Path(name).touch()
    assert asked("ledger show sq") == [URL, "sqlite:///other.db"]


def test_a_policy_on_standard_input_is_not_read_for_it() -> None:
    assert asked("validate - --form") == ["--format"]


def test_what_bash_has_typed_already_is_not_repeated() -> None:
    assert asked("ledger show sqlite:", breaks=":=") == ["///books.db"]
    assert asked("explain write_off_invoice --book book.yaml invoice=INV-", breaks=":=") == ["INV-1"]


def test_a_ledger_that_is_completed_is_not_made() -> None:
    asked("ledger show sqlite:///missing.db INV")
    assert not Path("missing.db").exists()


def test_only_shells_that_are_known_have_a_script() -> None:
    ran = billpolicy("completion", "tcsh")
    assert ran.code == 2
    assert "bash" in ran.err


def begun(shell: str) -> list[str]:
    """A shell that has loaded what it is to load at its start, and shows `READY>` then."""
    path = needs(shell)
    load = f"source <(billpolicy completion {shell})"
    if shell == "bash":
        Path(".bashrc").write_text(f"PS1='READY>'\nbind 'set enable-bracketed-paste off'\n{load}\n", encoding="utf-8")
        return [path, "--noprofile", "--rcfile", ".bashrc", "-i"]
    if shell == "zsh":
        Path(".zshrc").write_text(f"PS1='READY>'\nautoload -U compinit\ncompinit -u -D\n{load}\n", encoding="utf-8")
        return [path, "-d", "-i"]
    started = "function fish_prompt; echo -n 'READY>'; end; set -g fish_greeting; billpolicy completion fish | source"
    return [path, "--private", "-i", "-C", started]


def typed(shell: str, line: str) -> str:
    """What a shell in a terminal shows when a line is typed into it, and then `exit`."""
    command = begun(shell)
    child, terminal = pty.fork()
    if child == 0:
        surroundings = environment(Path.cwd() / "bin", HOME=str(Path.cwd()), ZDOTDIR=str(Path.cwd()), TERM="dumb")
        os.execve(command[0], command, surroundings)
    shown = b""
    ahead = [line.encode(), b"exit\r"]
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the shell is gone
            break
        if ahead and shown.count(b"READY>") > 2 - len(ahead):
            os.write(terminal, ahead.pop(0))
    os.close(terminal)
    os.waitpid(child, 0)
    return shown.decode(errors="replace")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_real_shell_completes_a_document_of_a_ledger(shell: str) -> None:
    shown = typed(shell, f"billpolicy ledger sho\t{URL} INV-\t\r")
    assert "invoice INV-1" in shown
