"""The second half of the story who-may-do-what: approvals given apart from the operation, as the README types it."""

from __future__ import annotations

import os
import re
import shlex
from decimal import Decimal
from pathlib import Path

import pytest

import billpolicy
from tests.helpers.command_line import billpolicy as run
from tests.helpers.ledgers import whole
from tests.helpers.paths import ROOT

STORY = Path("examples/who-may-do-what")


def test_what_the_readme_types_prints_what_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LOGNAME", "cleo")
    (block,) = re.findall(r"^```shell\n(.*?)^```$", (STORY / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    url, printed, codes = f"sqlite:///{tmp_path / 'ledger.db'}", "", []
    first, *lines = block.splitlines()
    assert first == f"story={STORY.as_posix()}"
    for line in lines:
        arguments = shlex.split(line.replace("$story", STORY.as_posix()).replace("$ledger", url))[1:]
        if arguments[0] in ("post", "approve"):
            arguments += ["--engine", "python", "--today", "2026-04-01"]
        ran = run(*arguments)
        codes.append(ran.code)
        printed += f"$ {line}\n{ran.out}{ran.err}\n".replace(url, "LEDGER")
    assert codes == [0, 0, 1, 0, 1, 0, 0, 0, 0, 0]
    with billpolicy.open_ledger(url) as ledger:
        assert billpolicy.waiting(ledger) == []
        book = whole(ledger)
    balances = {number: book.balance(book.numbered[number]) for number in ("P-00000001", "INV00000001")}
    assert balances == {"P-00000001": Decimal("1300.01"), "INV00000001": Decimal("3500.01")}
    # The moment is that of the run, and the digest has that of the standard policy in it.
    printed = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "(then) UTC", printed)
    printed = re.sub(r", as [0-9a-f]{12}$", ", as (digest)", printed, flags=re.MULTILINE)
    recorded = ROOT / STORY / "approvals.txt"
    if os.environ.get("BILLPOLICY_RECORD") == "1":
        recorded.write_text(printed, encoding="utf-8")
    assert printed == recorded.read_text(encoding="utf-8"), "BILLPOLICY_RECORD=1 records it anew"
