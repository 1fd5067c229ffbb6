"""A file that brings its book, as `explain` and `plan` take it, and `explain --unproven`: both sides of a conflict."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest

import billpolicy
from billpolicy.witness.witness import witness
from tests.helpers.command_line import billpolicy as command
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.refusals import refused

DAY = datetime.date(2026, 3, 1)
CONFLICT = f"""\
policy: clash
extends: {STANDARD}
effective: {{from: 2026-01-01}}
exceptions:
  - id: disputes
    operations: [credit_memo_from_invoice]
    when: {{reason: Charge Dispute}}
    then: {{bill_to_contact: [subscription, account]}}
    because: FIN-1
  - id: germany
    operations: [credit_memo_from_invoice]
    when: {{account.country: DE}}
    then: {{bill_to_contact: [account]}}
    because: FIN-2
"""


@pytest.fixture
def clash(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(CONFLICT, encoding="utf-8")
    return file


@pytest.fixture
def shown(clash: Path, tmp_path: Path) -> Path:
    """A witness of the conflict."""
    versions, _ = billpolicy.load_unproven(clash)
    facts = {"reason": "Charge Dispute", "account.country": "DE"}
    operation = "credit_memo_from_invoice"
    found = witness(versions.policies, operation, facts, date=DAY, attribute="bill_to_contact")
    assert found is not None
    file = tmp_path / "witness.json"
    file.write_text(found.json(), encoding="utf-8")
    return file


def test_the_commands_take_its_book_and_its_day(shown: Path) -> None:
    for name in ("plan", "explain"):
        ran = command(name, "--policy", str(STANDARD), str(shown))
        assert ran.code == 0
        assert "invoice-bill-to-contact" in ran.out
    planned = command("plan", "--policy", str(STANDARD), str(shown), "--format", "json")
    (outcome,) = json.loads(planned.out)["plans"]
    assert outcome["date"] == "2026-03-01"


def test_another_book_is_never_taken_in_silence(shown: Path, tmp_path: Path) -> None:
    other = tmp_path / "book.yaml"
    other.write_text("accounts: [{id: acme, currency: EUR}]\n", encoding="utf-8")
    ran = command("plan", "--policy", str(STANDARD), "--book", str(other), str(shown))
    assert ran.code == 1
    assert f"note: the book in {shown} is left alone" in ran.err
    assert "there is no invoice `INV00000001`" in ran.out
    assert command("plan", "--policy", str(STANDARD), "--book", str(shown), str(shown)).code == 0


def test_a_ledger_is_made_of_its_book_and_its_operations_are_posted(shown: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert command("ledger", "init", url).code == 0
    assert command("ledger", "import", url, str(shown)).code == 0
    ran = command("post", "--policy", str(STANDARD), "--ledger", url, "--actor", "ines", str(shown))
    assert ran.code == 0
    assert "CM00000001" in ran.out


def test_a_ledger_follows_its_book(shown: Path, tmp_path: Path) -> None:
    """What no operation follows is told at its place in the file."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    for typed in (("init", url), ("import", url, str(shown))):
        assert command("ledger", *typed).code == 0
    text = shown.read_text(encoding="utf-8")
    shown.write_text(text.replace('"119.00"', '"120.00"', 1), encoding="utf-8")
    ran = command("ledger", "sync", url, str(shown), "--policy", str(STANDARD))
    line = next(n for n, line in enumerate(text.splitlines(), start=1) if '"number": "INV00000001"' in line)
    assert f"{shown}:{line}:" in ran.out


def test_every_mistake_in_the_file_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(
        "today: yesterday\nbook:\n  accounts: [{id: acme}]\noperations:\n- {id: a, operation: undo}\n".replace(
            "\\\n", "\n"
        ),
        encoding="utf-8",
    )
    told = refused(lambda: billpolicy.load_with_book(file)).diagnostics
    assert [(one.code, one.position and one.position.line) for one in told] == [
        ("value-wrong", 1),
        ("key-missing", 3),
        ("operation-unknown", 5),
    ]
    file.write_text("book: {accounts: []}\nmore: 1\noperations:\n- {id: a, operation: apply_credits, account: b}\n")
    (problem,) = refused(lambda: billpolicy.load_with_book(file)).diagnostics
    assert problem.code == "operations-file"


def test_a_place_in_its_book_is_told(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    book = "book:\n  accounts: [{id: acme, currency: EUR}]\n  contacts:\n  - {id: ann, account: acne}\n"
    file.write_text(f"{book}operations:\n- {{id: a, operation: apply_credits, account: acme}}\n", encoding="utf-8")
    (problem,) = refused(lambda: billpolicy.load_with_book(file)).diagnostics
    assert problem.code == "reference-unknown"
    assert problem.position is not None
    assert (problem.position.line, problem.hint) == (4, "did you mean `acme`?")


def test_the_file_that_the_docs_show(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(today: .*?)```", page, re.DOTALL)
    file = tmp_path / "shown.yaml"
    file.write_text(text, encoding="utf-8")
    assert billpolicy.violations("witness", file) == []
    assert command("plan", "--policy", str(STANDARD), str(file)).out.startswith("pay: create_payment on 2026-03-01")


# -- not proven ----------------------------------------------------------------------------------------------------


def test_both_sides_of_a_conflict(clash: Path, shown: Path) -> None:
    assert "exceptions-conflict" in command("explain", "--policy", str(clash), str(shown)).err
    ran = command("explain", "--unproven", "--policy", str(clash), str(shown))
    assert ran.code == 1  # a conflict is a finding
    assert "exceptions-conflict" in ran.err
    refused, _, both = ran.out.partition("\n\n")
    assert "exceptions-conflict" in refused
    assert max(map(len, both.splitlines())) <= 80 + len(str(clash))  # a place is not broken
    told = " ".join(both.split())
    of = "about `bill_to_contact` of `credit_memo_from_invoice`:"
    first, second = told.split(f"If `germany` overrode `disputes` {of}")
    assert first.startswith(f"If `disputes` overrode `germany` {of}")
    assert "bill_to_contact: subscription-bill-to-contact" in first
    assert "bill_to_contact: account-bill-to-contact" in second


def test_it_is_told_in_every_format(clash: Path, shown: Path) -> None:
    ran = command("explain", "--unproven", "--policy", str(clash), str(shown), "--format", "json")
    answer = json.loads(ran.out)
    rules = [
        decision["rule"]["id"]
        for explanation in answer["explanations"]
        for decision in explanation["decisions"]
        if decision["key"] == "bill_to_contact"
    ]
    assert rules == ["disputes", "germany"]
    assert [one["code"] for refusal in answer["refused"] for one in refusal["diagnostics"]] == ["exceptions-conflict"]
    markdown = command("explain", "--unproven", "--policy", str(clash), str(shown), "--format", "markdown").out
    assert markdown.count("## If `") == 2


def test_any_other_mistake_is_refused_all_the_same(clash: Path, shown: Path) -> None:
    clash.write_text(CONFLICT.replace("account.country", "account.county"), encoding="utf-8")
    ran = command("explain", "--unproven", "--policy", str(clash), str(shown))
    assert ran.code == 1
    assert ran.out == ""
    assert "account.county" in ran.err


def test_a_policy_that_is_proven_is_explained_as_ever(shown: Path) -> None:
    one, other = (command("explain", *how, "--policy", str(STANDARD), str(shown)).out for how in ((), ("--unproven",)))
    assert one.replace("engine both", "engine python") == other.replace("engine both", "engine python")


def test_what_makes_no_sense_is_a_wrong_usage(clash: Path, shown: Path) -> None:
    for more in (("--why-not", "disputes"), ("--engine", "both")):
        ran = command("explain", "--unproven", *more, "--policy", str(clash), str(shown))
        assert ran.code == 2
