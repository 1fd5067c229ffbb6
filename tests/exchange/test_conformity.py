"""Files held against the published schemas by jsonschema: what we read and write agrees, and a fault has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy
from tests.helpers.command_line import billpolicy as command
from tests.helpers.paths import ROOT, STANDARD

STORIES = sorted(folder.name for folder in (ROOT / "examples").iterdir() if (folder / "operations.yaml").exists())


def told(name: str, path: Path) -> list[str]:
    """Line, column and message of each place that is wrong."""
    found = billpolicy.violations(name, path)
    assert {one.code for one in found} <= {"schema-violated"}
    return [f"{one.position.line}:{one.position.column} {one.message}" for one in found if one.position]


@pytest.mark.parametrize("story", STORIES)
def test_the_files_of_every_story_are_what_the_schemas_say(story: str) -> None:
    folder = ROOT / "examples" / story
    assert told("book", folder / "book.yaml") == []
    assert told("operations", folder / "operations.yaml") == []
    assert told("policy", folder / "policy.yaml") == []


def test_so_are_the_files_of_the_standard_policy_its_tests_and_their_books() -> None:
    for file in sorted(STANDARD.glob("*.yaml")):
        assert told("test" if ".test." in file.name else "policy", file) == []
    for file in sorted((STANDARD / "books").glob("*.yaml")):
        assert told("operations" if file.stem == "operations" else "book", file) == []


@pytest.mark.parametrize("answer", ["plan", "explain"])
@pytest.mark.parametrize("story", ["dispute-credited-from-the-invoice", "bad-debt-written-off"])
def test_and_answers_that_a_program_keeps(answer: str, story: str, tmp_path: Path) -> None:
    folder = ROOT / "examples" / story
    files = ["--policy", str(folder / "policy.yaml"), "--book", str(folder / "book.yaml")]
    ran = command(answer, *files, "--today", "2026-04-01", str(folder / "operations.yaml"), "--format", "json")
    kept = tmp_path / "answer.json"
    kept.write_text(ran.out, encoding="utf-8")
    assert told(answer, kept) == []


BOOK = """\
accounts:
  - id: acme
    currency: EUR
invoices:
  - number: INV00000001
    account: acme
    date: 2026-01-01
    due_date: 2026-01-31
    auto_apply: true
    currency: EUR
    items: [{id: seat, amount: 100.00}]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "places"),
    [
        # An unknown key is shown itself.
        (
            "    due_date",
            "    duedate",
            ["8:5 the schema `book` has no key `duedate` here"],
        ),
        (" date: 2026-01-01", " date: 1 January", ["7:11 "]),
        ("100.00", '"100,00"', ["11:32 "]),
        ("100.00", "[100.00]", ["11:32 the schema `book` says: [100.00] is not of type 'number', 'string'"]),
        ("auto_apply: true", 'auto_apply: "yes"', ["9:17 "]),
        ("    account: acme\n", "", ["5:5 the schema `book` says: 'account' is a required property"]),
        ("items: [{id: seat, amount: 100.00}]", "items: none", ["11:12 "]),
    ],
)
def test_a_fault_is_shown_at_its_place(right: str, wrong: str, places: list[str], tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    assert BOOK.count(right) == 1
    file.write_text(BOOK.replace(right, wrong), encoding="utf-8")
    found = told("book", file)
    assert len(found) == len(places), found
    for one, place in zip(found, places, strict=True):
        assert one.startswith(place)


def test_what_is_written_without_quotes_is_a_number_or_a_truth_as_in_json(tmp_path: Path) -> None:
    """`auto_apply` and `bill_day` take no text: `true` and `31` must have come as JSON's own."""
    file = tmp_path / "book.yaml"
    subscription = "{id: s, account: acme, bill_day: 31, invoice_separately: true}"
    book = f"accounts: [{{id: acme, currency: EUR}}]\nsubscriptions: [{subscription}]\n"
    file.write_text(book, encoding="utf-8")
    assert told("book", file) == []
    file.write_text(book.replace("31", '"31"').replace("true", '"true"'), encoding="utf-8")
    assert [one.partition(" ")[0] for one in told("book", file)] == ["2:50", "2:76"]


def test_a_number_that_nobody_counts_with_is_no_bug_of_ours(tmp_path: Path) -> None:
    """Texts may be written as numbers; that this one is too long, the loader says."""
    file = tmp_path / "operations.json"
    one = '{"id": "a", "operation": "apply_credits", "account": ' + "9" * 5000 + "}"
    file.write_text('{"operations": [' + one + "]}", encoding="utf-8")
    assert billpolicy.violations("operations", file) == []


def test_of_a_thousand_mistakes_the_first_are_told_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text("accounts: []\n" + "".join(f"key{number}: 1\n" for number in range(2000)), encoding="utf-8")
    *first, more = sorted(billpolicy.violations("book", file), key=lambda one: one.code != "schema-violated")
    assert more.code == "problems-more"
    assert [one.position.line for one in first if one.position] == list(range(2, 1002))


def test_a_long_quotation_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(f"accounts: {'x' * 5000}\n", encoding="utf-8")
    (one,) = billpolicy.violations("book", file)
    assert len(one.message) < 300


def test_the_command_tells_it_in_every_way_that_findings_are_told(tmp_path: Path) -> None:
    file = tmp_path / "operations.json"
    file.write_text('{"operations": []}', encoding="utf-8")
    ran = command("schema", "operations", "--validate", file, "--format", "concise")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(f"{file}:1:16: error: ")
    file.write_text('{"operations": [{"id": "a", "operation": "apply_credits", "account": "acme"}]}', encoding="utf-8")
    ran = command("schema", "operations", "--validate", file)
    assert (ran.code, ran.out, ran.err) == (0, "", f"{file} is what the schema `operations` says\n")
    assert command("schema", "--all", "--validate", file).code == 2
