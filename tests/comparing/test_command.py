"""`billpolicy diff` as it is typed: what it prints, and the code it exits with."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

from billpolicy.comparing.side import load_sides
from billpolicy.exchange.schemas import schema_of
from tests.comparing.test_changes import DISPUTES
from tests.comparing.test_impact import BOOK, CREDIT
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.repository import Repository, with_policies
from tests.helpers.scenes import HEAD

NEW = DISPUTES.replace("[subscription, invoice, account]", "[account]")
CONFLICTING = """  - id: germans
    operations: [credit_memo_from_invoice]
    when: {account.country: DE}
    then: {bill_to_contact: [account]}
"""
OPERATIONS = "operations:\n  - id: dispute\n" + "\n".join(
    f"    {line}" for line in CREDIT.replace("AMOUNT", "1000.00").strip().splitlines()
)


def write(folder: Path, name: str, text: str, *, base: object = STANDARD) -> Path:
    place = folder / name
    place.mkdir(exist_ok=True)
    head = f"policy: acme\nextends: {base}\neffective: {{from: 2026-01-01}}\n"
    (place / "policy.yaml").write_text(head + text, encoding="utf-8")
    return place


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path, "old", DISPUTES), write(tmp_path, "new", NEW)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "2026"
    folder.mkdir(parents=True)
    (folder / "book.yaml").write_text(BOOK, encoding="utf-8")
    (folder / "operations.yaml").write_text(OPERATIONS, encoding="utf-8")
    return tmp_path / "data"


def test_what_is_printed(sides: tuple[Path, Path], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data.parent)
    ran = billpolicy("diff", "old", "new", "--data", "data", "--today", "2026-06-01")
    assert (ran.code, ran.err) == (0, "")
    standard = f"{STANDARD}/credit_memos.yaml"
    assert standard not in ran.out
    assert ran.out == (
        "old -> new\n"
        "1 rule changed; 1 decision differs; 1 of 1 operations comes out differently\n"
        "\n"
        "credit_memo_from_invoice: bill-to contact\n"
        "  now      from the account\n"
        "  before   from the subscription, else the invoice, else the account\n"
        "  where    `reason` is Charge Dispute and `amount` is at least 1000.00 EUR\n"
        "  rule     disputes, new/policy.yaml:6\n"
        "  because  FIN-1\n"
        "  was      disputes, old/policy.yaml:6\n"
        "\n"
        "rules\n"
        "  exception disputes says something else, new/policy.yaml:6\n"
        "\n"
        "real operations\n"
        "  1 of 1 comes out differently, of 1 account\n"
        "  in money: 1,000.00 EUR, as before\n"
        "\n"
        "operation                  of                what comes out   count\n"
        "───────────────────────────────────────────────────────────────────\n"
        "credit_memo_from_invoice   bill_to_contact   another value    1\n"
        "\n"
        "dispute: credit_memo_from_invoice on 2026-06-01 (data/2026)\n"
        "  bill_to_contact: ann instead of cleo\n"
        "    now      ann, from account acme, by disputes, new/policy.yaml:9\n"
        "             FIN-1\n"
        "    before   cleo, from subscription crm, by disputes, old/policy.yaml:9\n"
        "             FIN-1\n"
    )


def test_the_summary_has_the_counts_alone(sides: tuple[Path, Path], data: Path) -> None:
    out = billpolicy("diff", *sides, "--data", data, "--summary").out
    assert "1 of 1 operations comes out differently" in out
    assert "another value    1" in out
    assert "instead of" not in out


def test_exit_codes(sides: tuple[Path, Path], tmp_path: Path) -> None:
    """0 nothing found, 1 findings, 2 usage; `--exit-code` adds 4 where outcomes change (docs of `diff`)."""
    old, new = sides
    same = write(tmp_path, "same", DISPUTES.replace("id: disputes", "id: others"))
    conflict = write(tmp_path, "conflict", DISPUTES + CONFLICTING)
    codes = {
        (old, same, "--equivalent"): 0,
        (old, same, "--exit-code"): 0,
        (old, new): 0,
        (old, new, "--exit-code"): 4,
        (old, new, "--equivalent"): 1,
        (old, new, "--equivalent", "--exit-code"): 1,
        (old, conflict): 1,
        (conflict, old): 1,
        (old, tmp_path / "gone"): 1,
        (old,): 2,
    }
    assert {arguments: billpolicy("diff", *arguments).code for arguments in codes} == codes


@pytest.mark.parametrize("format", ["json", "markdown", "html"])
def test_what_is_proposed_is_yaml_and_nothing_else(format: str, sides: tuple[Path, Path]) -> None:
    ran = billpolicy("diff", *map(str, sides), "--propose", "-", "--format", format)
    assert (ran.code, ran.out) == (2, "")
    assert f"--propose writes a file for --allow, which is YAML: leave --format {format} out" in ran.err


def test_a_conflict_is_told_with_what_else_changes(sides: tuple[Path, Path], tmp_path: Path) -> None:
    old, _ = sides
    ran = billpolicy("diff", old, write(tmp_path, "conflict", DISPUTES + CONFLICTING))
    assert "[exceptions-conflict]" in ran.out
    assert "not valid: 1 mistake; 1 rule changed; 1 decision differs" in ran.out
    assert "  now      refused, since two exceptions conflict\n" in ran.out


def test_words_that_are_not_known_are_found_in_both(tmp_path: Path) -> None:
    old = write(tmp_path, "old", DISPUTES.replace("reason:", "reson:"))
    new = write(tmp_path, "new", DISPUTES.replace("amount:", "amont:"))
    ran = billpolicy("diff", old, new)
    assert ran.code == 1
    assert "old/policy.yaml:8" in ran.err
    assert "new/policy.yaml:8" in ran.err


def test_a_base_by_its_name(sides: tuple[Path, Path]) -> None:
    _, new = sides
    ran = billpolicy("diff", "base", new)
    assert f"standard, which {new} extends" in ran.out.replace("\n", " ")
    assert billpolicy("diff", "standard", new).out == ran.out
    wrong = billpolicy("diff", "standrad", new)
    assert (wrong.code, "did you mean `standard`?" in wrong.err) == (1, True)


def test_only_what_is_about_a_name(sides: tuple[Path, Path], tmp_path: Path) -> None:
    old, _ = sides
    both = write(tmp_path, "both", NEW + "every_operation: {permission: approval}\n")
    told = json.loads(billpolicy("diff", old, both, "--only", "bill_to_contact", "--format", "json").out)
    assert [one["key"] for one in told["changed"]] == ["bill_to_contact"]
    # What is left out is counted, so that nobody reads that nothing else changes; nor of a name that is mistyped.
    out = billpolicy("diff", old, both, "--only", "bill_to_contact", "--summary").out
    # The permission of each of 48 operations, but for that to reopen a period, which asks for approval as it is.
    assert "48 decisions differ, 1 about bill_to_contact" in out
    wrong = billpolicy("diff", old, both, "--only", "bil_to_contact")
    assert (wrong.code, "did you mean `bill_to_contact`?" in wrong.err) == (2, True)


def test_json_keeps_to_its_schema_and_each_witness_comes_out_otherwise(
    sides: tuple[Path, Path], data: Path, tmp_path: Path
) -> None:
    told: dict[str, Any] = json.loads(billpolicy("diff", *sides, "--data", data, "--format", "json").out)
    Draft7Validator(schema_of("diff")).validate(told)
    (change,) = told["changed"]
    witness = {key: change["witness"][key] for key in ("today", "book", "operations")}
    file = tmp_path / "witness.json"
    file.write_text(json.dumps(witness), encoding="utf-8")
    again = json.loads(billpolicy("diff", *sides, "--data", file, "--format", "json").out)
    assert again["impact"]["differing"] == 1
    assert again["impact"]["examples"][0]["apart"] == change["witness"]["apart"]


def test_witnesses_are_files_that_commands_take(sides: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "witnesses"
    assert "witness" in billpolicy("diff", *sides, "--witnesses", folder).out
    (file,) = folder.iterdir()
    assert file.name == "01-credit_memo_from_invoice-bill_to_contact.json"
    values = [_value_of(billpolicy("explain", file, "--policy", side)) for side in sides]
    assert len(set(values)) == 2


def _value_of(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    found = re.search(r"bill_to_contact: (\S+)", ran.out)
    assert found is not None
    return found[1]


def test_what_is_beyond_has_its_witness(sides: tuple[Path, Path], tmp_path: Path) -> None:
    allow = tmp_path / "allow.yaml"
    allow.write_text(
        "allow:\n  - operations: [credit_memo_from_invoice]\n    decisions: [bill_to_contact]\n"
        "    when: {account.country: DE}\n    because: FIN-1\n",
        encoding="utf-8",
    )
    ran = billpolicy("diff", *sides, "--allow", allow, "--format", "json")
    assert ran.code == 1
    (beyond,) = json.loads(ran.out)["beyond"]
    assert beyond["finding"]["code"] == "change-not-allowed"
    (account,) = beyond["witness"]["book"]["accounts"]
    assert account.get("country") != "DE"


def test_a_proposal_is_written_and_allows_the_change(sides: tuple[Path, Path], tmp_path: Path) -> None:
    allow = tmp_path / "allow.yaml"
    ran = billpolicy("diff", *sides, "--propose", allow)
    assert (ran.code, ran.out) == (0, "")
    assert billpolicy("diff", *sides, "--allow", allow).code == 0
    assert billpolicy("diff", *sides, "--propose", "-").out == allow.read_text(encoding="utf-8")
    foreign = tmp_path / "notes.txt"
    foreign.write_text("mine", encoding="utf-8")
    assert "[file-foreign]" in billpolicy("diff", *sides, "--propose", foreign).err
    assert foreign.read_text(encoding="utf-8") == "mine"


def test_recordings_and_ledgers_come_out_as_the_operations_do(
    sides: tuple[Path, Path], data: Path, tmp_path: Path
) -> None:
    old, _ = sides
    recording, ledger = tmp_path / "decisions.jsonl", f"sqlite:///{tmp_path / 'ledger.db'}"
    book, operations = data / "2026" / "book.yaml", data / "2026" / "operations.yaml"
    assert billpolicy("plan", operations, "-p", old, "-b", book, "--record", recording).code == 0
    assert billpolicy("ledger", "init", ledger).code == 0
    assert billpolicy("ledger", "import", ledger, book).code == 0
    assert billpolicy("post", operations, "-p", old, "--ledger", ledger, "--actor", "ines").code == 0
    told = [
        json.loads(billpolicy("diff", *sides, "--data", place, "--format", "json").out)["impact"]
        for place in (data, recording, ledger)
    ]
    for key in ("operations", "differing", "groups", "accounts", "old_amounts", "new_amounts"):
        assert told[0][key] == told[1][key] == told[2][key]


def test_what_was_refused_when_it_was_recorded_is_not_taken_for_the_same(
    sides: tuple[Path, Path], data: Path, tmp_path: Path
) -> None:
    """It left no facts, so nobody knows what another policy would make of it."""
    old, _ = sides
    recording, unknown = tmp_path / "decisions.jsonl", tmp_path / "unknown.yaml"
    unknown.write_text("operations: [{id: one, operation: write_off_invoice, date: 2026-06-01, invoice: INV-0}]")
    assert billpolicy("plan", unknown, "-p", old, "-b", data / "2026" / "book.yaml", "--record", recording).code == 1
    out = billpolicy("diff", *sides, "--data", recording).out
    assert "of 1 it cannot be told: it was refused then, and left no facts to decide again by" in " ".join(out.split())


def test_what_no_document_has_is_no_outcome(tmp_path: Path) -> None:
    """Bill runs decide a payment term. In this story they make credit memos, which have none."""
    story, recording = ROOT / "examples" / "goodwill-then-canceled", tmp_path / "decisions.jsonl"
    policies = (STANDARD, tmp_path / "policy.yaml")
    policies[1].write_text(HEAD + "defaults: {payment_term: Net 30}\n", encoding="utf-8")
    data = ("--book", story / "book.yaml", story / "operations.yaml")
    billpolicy(
        "plan", "-p", policies[0], *data, "--record", recording, "--today", "2026-04-01"
    )  # it refuses two of them
    for place in (story, recording):
        ran = billpolicy("diff", *policies, "--data", place, "--today", "2026-04-01", "--format", "json")
        impact = json.loads(ran.out)["impact"]
        assert (impact["operations"], impact["differing"]) == (6, 0)
    assert "no outcome differs" in billpolicy("replay", recording, "-p", policies[1]).err


def test_a_ledger_in_which_nothing_is_posted(sides: tuple[Path, Path], tmp_path: Path) -> None:
    ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert billpolicy("ledger", "init", ledger).code == 0
    out = billpolicy("diff", *sides, "--data", ledger).out
    assert "1 decision differs; there are no operations to compare\n" in out
    assert "real operations\n  there are no operations to compare\n" in out


HOSTILE = "<script>alert(1)</script> | [link](https://example.com) **bold** `code`"


def test_markdown_and_html_run_and_link_nothing(sides: tuple[Path, Path], data: Path, tmp_path: Path) -> None:
    old, _ = sides
    text = NEW.replace("FIN-1", json.dumps(HOSTILE)).replace("id: disputes", f"id: {json.dumps(HOSTILE)}")
    new = write(tmp_path, "hostile", text)
    markdown = billpolicy("diff", old, new, "--data", data, "--format", "markdown").out
    page = str(MarkdownIt("commonmark", {"html": True}).enable(["table"]).render(markdown))
    for shown in (page, billpolicy("diff", old, new, "--data", data, "--format", "html").out):
        assert "<script" not in shown
        assert "<a " not in shown
        assert HOSTILE.split(" | ")[0] in html.unescape(re.sub(r"<(?!/?script)[^>]*>", "", shown))
    assert page.count("<details>") == page.count("</details>") == 2
    assert "<table>" in page


def test_html_is_one_page_that_fetches_nothing(sides: tuple[Path, Path], data: Path) -> None:
    page = billpolicy("diff", *sides, "--data", data, "--format", "html").out
    assert page.startswith('<!doctype html><html lang="en">')
    assert not re.search(r"(src|href|url\()", page)
    assert '<meta name="viewport"' in page


def test_revisions_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    shutil.copytree(STANDARD, repository.root / "standard")
    write(repository.root, "acme", DISPUTES, base="../standard")
    repository.commit("old")
    repository.git("branch", "before")
    write(repository.root, "acme", NEW, base="../standard")
    repository.commit("new")
    ran = billpolicy("diff", "before..HEAD", "acme", "--exit-code")
    assert ran.code == 4, ran.err
    assert ran.out.startswith("before:acme -> HEAD:acme\n1 rule changed; 1 decision differs\n")
    assert billpolicy("diff", "before", "acme").out.startswith("before:acme -> acme\n")
    assert billpolicy("diff", "before:acme", "acme", "--equivalent").code == 1
    assert "[revision-unknown]" in billpolicy("diff", "bfore..HEAD", "acme").err


def test_what_the_rules_engine_would_misread_is_told_and_is_not_given_to_it(tmp_path: Path) -> None:
    """Four lists of ten multiply to ten thousand combinations; a thousand can be matched."""
    texts = ", ".join(f"t{number}" for number in range(10))
    fields = "".join(f"  account.f{number}: {{type: text}}\n" for number in range(4))
    when = ", ".join(f"account.f{number}: [{texts}]" for number in range(4))
    wide = (
        f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\nfields:\n{fields}exceptions:\n"
        f"  - {{id: wide, operations: [credit_memo_from_invoice], when: {{{when}}}, "
        "then: {bill_to_contact: [account]}}\n"
    )
    (tmp_path / "policy.yaml").write_text(wide, encoding="utf-8")
    ran = billpolicy("diff", "base", str(tmp_path / "policy.yaml"))
    assert ran.code == 1
    assert "condition-too-wide" in ran.out + ran.err
    _, new = load_sides("base", str(tmp_path / "policy.yaml"))
    assert new.versions("both").engine == "python"


def test_a_folder_of_the_name_of_a_branch_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = with_policies(tmp_path / "repository")
    repository.write(
        "main/policy.yaml", "policy: other\nextends: ../policies/standard\neffective: {from: 2026-01-01}\n"
    )
    monkeypatch.chdir(repository.root)
    ran = billpolicy("diff", "main", "policies/acme")
    assert ran.code == 1
    assert "[revision-ambiguous]" in ran.err
    assert billpolicy("diff", "./main", "policies/acme").code == 0
