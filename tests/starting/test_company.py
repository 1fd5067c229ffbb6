"""What somebody begins with is right whatever was answered: it validates, its tests pass, it is planned and posted."""

from __future__ import annotations

import datetime
import json
import os
import pty
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.money import minor_digits
from billpolicy.source.scalars import read_currency, read_text
from billpolicy.source.tree import parse_text
from billpolicy.starting.company import Answers, company_files, read_entity
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT

TODAY = datetime.date(2026, 11, 27)
LEDGER = "sqlite:///books.db"
TRAPS = ["no", "1.10", "Null", "~", "Müller & Söhne", "a: b # c", 'it\'s "quoted"', "- [x]", "{0} %s $HOME", "株式"]


def is_text(text: str) -> bool:
    try:
        read_text(text)
    except ValueError:
        return False
    return True


names = st.one_of(st.sampled_from(TRAPS), st.text(min_size=1, max_size=255).filter(is_text))
currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
entities = st.lists(st.from_regex(r"[A-Z][A-Z0-9]{0,7}", fullmatch=True), max_size=3, unique=True)
answers = st.builds(
    Answers,
    name=names,
    currency=currencies,
    country=st.sampled_from([None, "DE", "NO"]),
    entities=entities.map(lambda found: [one for one in found if one != "DEFAULT"]),
    approvals=st.booleans(),
)


@given(answers, st.dates(datetime.date(1970, 3, 1), datetime.date(2200, 1, 1)))
def test_files_hold_what_was_answered(answered: Answers, today: datetime.date) -> None:
    made = company_files(answered, today)
    policy = parse_text(made["policy/policy.yaml"], "policy.yaml").data
    assert policy["policy"] == answered.name
    assert list(policy.get("sequence_sets", {})) == list(answered.entities)
    assert ("roles" in policy) == answered.approvals
    book = parse_text(made["book.yaml"], "book.yaml").data
    assert {invoice["currency"] for invoice in book["invoices"]} == {answered.currency}
    amount = Decimal(book["invoices"][0]["items"][0]["amount"])
    assert amount == 200
    assert -int(amount.as_tuple().exponent) == minor_digits(answered.currency)
    for one in operations_of(parse_text(made["operations.yaml"], "operations.yaml")):
        assert datetime.date.fromisoformat(book["invoices"][0]["date"]) < one.document_date(today) <= today


def run(*arguments: str, code: int = 0) -> Ran:
    ran = billpolicy(*arguments)
    assert ran.code == code, ran
    return ran


@pytest.mark.parametrize(
    "answered",
    [
        Answers("no", "EUR"),
        Answers("1.10", "JPY", "NO", ("NO", "N0"), approvals=True),
        Answers("a: b # c", "KWD", "DE", ("ON",)),
        Answers("Müller & Söhne", "CLF", approvals=True),
    ],
    ids=lambda one: one.name,
)
def test_everything_works_with_it(answered: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--name", answered.name, "--currency", answered.currency, "--today", str(TODAY)]
    words += [word for one in answered.entities for word in ("--entity", one)]
    words += ["--country", answered.country] if answered.country else []
    words += ["--approvals"] if answered.approvals else []
    run("init", "acme", *words)
    monkeypatch.chdir("acme")
    made = {str(path): path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file()}
    assert made == company_files(answered, TODAY)
    run("validate", "policy", "--fail-level", "hint")
    run("lint", "policy", "--fail-level", "hint", "--today", str(TODAY))
    run("analyze", "policy")
    assert f"{5 if answered.approvals else 3} passed" in run("test", "policy").out
    assert "3 planned, 0 refused" in run("plan", "operations.yaml").out
    number = f"{answered.entities[0]}-INV00000001" if answered.entities else "INV00000001"
    dispute = ("explain", "credit_memo_from_invoice", f"invoice={number}", "--today", str(TODAY))
    assert "bill_to_contact: ann" in run(*dispute, "reason=Charge Dispute").out
    assert "bill_to_contact: bob" in run(*dispute).out
    run("ledger", "init", LEDGER)
    run("ledger", "import", LEDGER, "book.yaml")
    assert "3 posted, 0 refused" in run("post", "operations.yaml", "--ledger", LEDGER, "--today", str(TODAY)).out
    run("ledger", "check", LEDGER)
    for name in ("policy", "test", "book", "operations"):
        file = {"policy": "policy/policy.yaml", "test": "policy/policy.test.yaml"}.get(name, f"{name}.yaml")
        run("schema", name, "--validate", file)


def test_a_changed_exception_changes_the_explanation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "--yes")
    policy = Path("policy/policy.yaml")
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("[account, invoice]", "[invoice]"), encoding="utf-8")
    asked = ("explain", "credit_memo_from_invoice", "invoice=INV00000001", "reason=Charge Dispute")
    assert "bill_to_contact: bob" in run(*asked).out
    assert "FAILED   a dispute goes to the contact of the account" in run("test", "policy", code=1).out


@pytest.mark.parametrize("there", ["book.yaml", "policy", "ci/review.sh", ".vscode"])
def test_nothing_is_overwritten(there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, one where a folder is needed, a link that leads nowhere: none of the files is written."""
    monkeypatch.chdir(tmp_path)
    path = Path("acme", there)
    path.parent.mkdir(parents=True)
    if there == "ci/review.sh":
        path.symlink_to("nowhere")
    else:
        path.write_text("mine", encoding="utf-8")
    before = sorted(Path("acme").rglob("*"))
    refused = run("init", "acme", "--yes", code=1)
    assert f"acme/{there}: error: this is there already" in refused.err
    assert sorted(Path("acme").rglob("*")) == before
    assert os.path.lexists(path)


def test_every_file_in_the_way_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "--yes")
    count = len([path for path in Path().rglob("*") if path.is_file()])
    told = json.loads(run("init", "--yes", "--format", "json", code=1).out)["diagnostics"]
    assert [one["code"] for one in told] == ["file-there"] * count


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Path.open

    def full(self: Path, *how: str, **more: str) -> object:
        if self.name == "operations.yaml":
            raise OSError(28, "No space left on device", str(self))
        return kept(self, *how, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    assert "no space left" in run("init", "acme", "--yes", code=1).err
    assert [path for path in Path("acme").rglob("*") if path.is_file()] == []


def test_where_nobody_can_be_asked_the_currency_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "nobody can be asked here: say --currency CODE, or --yes for EUR" in run("init", "a", code=2).err
    assert not Path("a").exists()
    assert "`EURO`" in run("init", "a", "--currency", "EURO", code=2).err
    assert "write up to 8 capitals" in run("init", "a", "--yes", "--entity", "de", code=2).err


@pytest.mark.parametrize("text", ["", "de", "1A", "ABCDEFGHI", "A-B", "DEFAULT"])
def test_codes_of_entities_that_cannot_be_in_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be before numbers"):
        read_entity(text)


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """A real one: what is wrong is asked again, what was said by an option is not asked."""
    ours, theirs = pty.openpty()
    os.write(ours, b"Smith: Sons\nEURO\nUSD\n\nUS, CA\ny\n")
    command = [sys.executable, "-m", "billpolicy", "init", "acme"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 0
    policy = yaml.safe_load((tmp_path / "acme/policy/policy.yaml").read_text(encoding="utf-8"))
    assert policy["policy"] == "Smith: Sons"
    assert list(policy["sequence_sets"]) == ["US", "CA"]
    assert "roles" in policy
    assert "currency: USD" in (tmp_path / "acme/book.yaml").read_text(encoding="utf-8")


def test_without_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = json.loads(run("init", "acme", "--yes", "--no-ci", "--format", "json").out)
    assert answer["folder"] == "acme"
    assert not [file for file in answer["files"] if "ci" in file or "github" in file]


def test_settings_of_editors_and_services_are_read() -> None:
    made = company_files(Answers("acme", "EUR"), TODAY)
    for name in (".vscode/settings.json", ".vscode/extensions.json"):
        json.loads(made[name])
    github, gitlab = yaml.safe_load(made[".github/workflows/policy.yml"]), yaml.safe_load(made[".gitlab-ci.yml"])
    assert github["jobs"]["review"]["env"]["BELOW"] == gitlab["policy-review"]["variables"]["BELOW"] == "policy"
    assert tomllib.loads(made["billpolicy.toml"]) == {"policy": "policy", "book": "book.yaml"}


def test_currencies_are_those_of_books() -> None:
    with pytest.raises(ValueError, match="EURO"):
        read_currency("EURO")


@pytest.mark.parametrize("settings", ['polcy = "policy"', 'policy = ["a"]'])
def test_settings_that_are_wrong_are_told(settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "--yes")
    Path("billpolicy.toml").write_text(settings, encoding="utf-8")
    assert "billpolicy.toml:1:" in run("plan", "operations.yaml", code=1).err


def test_what_is_typed_goes_before_what_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "--yes")
    asked = ("explain", "credit_memo_from_invoice", "invoice=INV00000001", "reason=Charge Dispute")
    assert "bill_to_contact: bob" in run(*asked, "--policy", "standard").out
    Path("other.yaml").write_text("accounts: [{id: a, currency: EUR}]\n", encoding="utf-8")
    assert "there is no invoice" in run(*asked, "--book", "other.yaml", code=1).out
    monkeypatch.chdir("policy")
    assert "bill_to_contact: ann" in run(*asked).out, "as seen from the folder of the settings"


def test_a_book_that_comes_with_its_operations_goes_before_that_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("init", "--yes")
    Path("own.yaml").write_text(
        "today: 2026-03-01\nbook:\n  accounts: [{id: own, currency: EUR}]\n"
        "operations: [{id: pay, operation: create_payment, account: own, amount: 1.00}]\n",
        encoding="utf-8",
    )
    assert "1 planned, 0 refused" in run("plan", "own.yaml").out


def test_a_policy_test_of_a_trap_is_read_back() -> None:
    """Every name of a company is a text in its policy, also where YAML would take it for something else."""
    for name in TRAPS:
        made = company_files(Answers(name, "EUR"), TODAY)
        try:
            assert parse_text(made["policy/policy.yaml"], "p").data["policy"] == name
        except Refused as refused:
            pytest.fail(f"{name}: {refused}")
