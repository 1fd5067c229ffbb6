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
    printed = re.sub(r"^head [0-9a-f]{64}$", "head (digest)", printed, flags=re.MULTILINE)
    recorded = ROOT / STORY / "approvals.txt"
    if os.environ.get("BILLPOLICY_RECORD") == "1":
        recorded.write_text(printed, encoding="utf-8")
    assert printed == recorded.read_text(encoding="utf-8"), "BILLPOLICY_RECORD=1 records it anew"


POLICY = f"""
policy: own
extends: {ROOT / "policies/standard"}
effective: {{from: 2026-01-01}}
roles: {{clerk: [ines], lead: [maria], cfo: [max]}}
operations:
  create_payment: {{actor: required, permission: {{approval: {{by: [lead]}}}}}}
  apply_credits: {{permission: {{approval: {{by: [cfo]}}}}}}
follow_ups: [{{id: puts-it, after: payment_posted, then: apply_credits, because: it is meant for that}}]
"""
BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: a}]
invoices:
- {number: INV00000001, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 10.00}]}
"""
PAYMENT = (
    "operations: [{id: p, operation: create_payment, account: a, amount: 5.00, currency: EUR, date: 2026-06-01, "
    "actor: ines, approved_by: maria}]"
)


def test_who_approved_one_step_in_the_operation_is_waited_with_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead has approved the payment; what follows it still lacks the cfo."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("policy.yaml", POLICY), ("book.yaml", BOOK), ("payment.yaml", PAYMENT)):
        Path(name).write_text(text, encoding="utf-8")
    url = "sqlite:///ledger.db"
    where = ("--policy", "policy.yaml", "--ledger", url, "--engine", "python", "--today", "2026-06-01")
    for made in (("ledger", "init", url), ("ledger", "import", url, "book.yaml")):
        assert run(*made).code == 0
    assert run("post", "payment.yaml", *where).code == 1
    assert run("post", "payment.yaml", "--wait", *where).code == 0
    with billpolicy.open_ledger(url) as ledger:
        (waits,) = billpolicy.waiting(ledger)
    assert [one.approval for one in waits.awaited] == ["approval by 1 of cfo"]
    assert [one.person for one in waits.approvals] == ["maria"]
    assert run("approve", "p", "--actor", "max", *where).code == 0
    assert run("post", "--waiting", "p", *where).code == 0
