"""A file that is wrong everywhere: the first thousand mistakes are told, and no more are even looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.analysis.proofs import PROOFS
from billpolicy.book.load import load_book
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.limit import MAX_PROBLEMS, first_of, stop_at_limit
from billpolicy.exchange.operations_file import load_operations
from billpolicy.policy.load import load_policy
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused

SIZE = 500_000
"""Bytes of each file."""
ACCOUNT = "accounts: [{id: a, currency: EUR}]\n"
ITEMS = "items: [{id: x, amount: 1.505}]"

OPERATIONS = {
    "words": ("operations:\n", "- a\n"),
    "nothing": ("operations:\n", "-\n"),
    "empty": ("operations:\n", "- {}\n"),
    "lists": ("operations:\n", "- [a]\n"),
    "unknown": ("operations:\n", "- {{operation: writ_off_{}}}\n"),
    "unknown keys": ("operations:\n", "- {{id: a{}, operation: write_off_invoice, x: 1, y: 2, z: 3, date: q}}\n"),
    "unknown keys of one": ("operations:\n- id: a\n  operation: write_off_invoice\n", "  k{}: 1\n"),
    "the same id": ("operations:\n", "- {{id: a, operation: write_off_invoice, invoice: I}}\n"),
    "wrong parts of one": (
        "operations:\n- id: a\n  operation: create_payment\n  account: a\n  amount: 1.00\n  apply:\n",
        "  - a\n",
    ),
}
BOOKS = {
    "words": ("accounts:\n", "- a\n"),
    "unknown keys": (ACCOUNT, "k{}: 1\n"),
    "unknown keys of one": ("accounts:\n- id: a\n", "  k{}: 1\n"),
    "unknown references": (ACCOUNT + "contacts:\n", "- {{id: c{0}, account: b{0}}}\n"),
    "the same id": ("accounts:\n", "- {{id: a, currency: EUR}}\n"),
    "amounts": (
        ACCOUNT + "invoices:\n",
        "- {{number: I{}, account: a, date: 2026-01-01, currency: EUR, "
        + ITEMS.replace("{", "{{").replace("}", "}}")
        + "}}\n",
    ),
    "the same key": (ACCOUNT, "accounts: []\n"),
    "aliases": ("accounts:\n", "- *a\n"),
}
HEADER = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
EXCEPTION = "exceptions:\n- id: a\n  operations: [write_off_invoice]\n  then: {bill_to_contact: [account]}\n"
POLICIES = {
    "words": ("exceptions:\n", "- a\n"),
    "unknown keys": ("", "k{}: 1\n"),
    "unknown defaults": ("defaults:\n", "  k{}: x\n"),
    "unknown operations": ("operations:\n", "  k{}: {{a: x}}\n"),
    "unknown decisions": ("operations:\n  write_off_invoice:\n", "    k{}: x\n"),
    "unknown decisions of all": ("every_operation:\n", "  k{}: x\n"),
    "unknown levels": ("operations:\n  write_off_invoice:\n    bill_to_contact:\n", "    - k{}\n"),
    "unknown fields": (EXCEPTION + "  when:\n", "    k{}: x\n"),
    "unknown rules": (EXCEPTION + "  overrides:\n", "  - k{}\n"),
    "unknown events": ("follow_ups:\n", "- {{id: f{0}, after: nothing_{0}, then: some_{0}}}\n"),
    "unknown categories": ("reason_codes:\n", "  k{}: [x]\n"),
    "one person in many roles": ("roles:\n", "  k{}: [x]\n"),
    "one person many times in a role": ("roles:\n  a:\n", "  - x\n"),
    "terms": ("payment_terms:\n", "  k{}: {{}}\n"),
    "the same prefix": ("sequence_sets:\n", "  k{}: {{invoice: {{prefix: INV}}}}\n"),
    "limits": ("batch_limits:\n", "  k{}: {{count: 1}}\n"),
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many diagnostics were made, in one place."""
    count = [0]
    new = Diagnostic.__new__

    def counted(cls: type[Diagnostic], *args: object, **named: object) -> Diagnostic:
        count[0] += 1
        return new(cls, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Diagnostic, "__new__", counted)
    return count


def file_of(folder: Path, start: str, line: str) -> Path:
    lines: list[str] = []
    size = 0
    while size < SIZE:
        lines.append(line.format(len(lines)))
        size += len(lines[-1])
    path = folder / "file.yaml"
    path.write_text(start + "".join(lines))
    return path


def check_enough(found: list[Diagnostic], made: list[int], path: Path) -> None:
    told = [one for one in found if one.code != "problems-more"]
    (more,) = (one for one in found if one.code == "problems-more")
    assert MAX_PROBLEMS * 0.9 <= len(told) <= MAX_PROBLEMS  # some may be said twice, and are told once
    assert made[0] <= 2 * MAX_PROBLEMS + 10
    assert more.position == Position(str(path))
    assert more.message == "there may be more mistakes than the first 1,000, which are told; nothing more was looked at"


@pytest.mark.parametrize(("start", "line"), OPERATIONS.values(), ids=OPERATIONS)
def test_operations(tmp_path: Path, made: list[int], start: str, line: str) -> None:
    path = file_of(tmp_path, start, line)
    check_enough(refused(lambda: load_operations(path)).diagnostics, made, path)


@pytest.mark.parametrize(("start", "line"), BOOKS.values(), ids=BOOKS)
def test_a_book(tmp_path: Path, made: list[int], start: str, line: str) -> None:
    path = file_of(tmp_path, start, line)
    check_enough(refused(lambda: load_book(path)).diagnostics, made, path)


@pytest.mark.parametrize(("start", "line"), POLICIES.values(), ids=POLICIES)
def test_a_policy(tmp_path: Path, made: list[int], start: str, line: str) -> None:
    path = file_of(tmp_path, HEADER + start, line)
    check_enough(refused(lambda: load_policy(path, VOCABULARY, PROOFS)).diagnostics, made, path)


def test_a_policy_of_many_files(tmp_path: Path, made: list[int]) -> None:
    for number in range(50):
        (tmp_path / f"{number}.yaml").write_text("".join(f"k{key}: 1\n" for key in range(100)))
    found = refused(lambda: load_policy(tmp_path, VOCABULARY, PROOFS)).diagnostics
    assert len(found) == MAX_PROBLEMS + 1
    assert made[0] <= 2 * MAX_PROBLEMS


def test_a_long_list_is_right_or_wrong_as_a_short_one(tmp_path: Path) -> None:
    accounts = "".join(f"- {{id: a{number}, currency: EUR}}\n" for number in range(20_000))
    (tmp_path / "book.yaml").write_text("accounts:\n" + accounts)
    assert len(load_book(tmp_path / "book.yaml").accounts) == 20_000
    (tmp_path / "book.yaml").write_text("accounts:\n- x\n" + accounts + "- y\n")
    lines = [
        one.position and one.position.line for one in refused(lambda: load_book(tmp_path / "book.yaml")).diagnostics
    ]
    assert lines == [2, 20_003]


def test_a_book_with_many_names_that_no_policy_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = "- {{id: a{0}, currency: EUR, attributes: {{x{0}: y}}, custom: {{z{0}: y}}}}\n"
    book = file_of(tmp_path, "accounts:\n", line)
    (tmp_path / "operations.yaml").write_text(
        "operations: [{id: o, operation: adjust_credit_balance, type: increase, amount: 1.00, account: a1}]"
    )
    ran = billpolicy("plan", "--engine", "python", "--policy", STANDARD, "--book", book, "operations.yaml")
    assert ran.code == 0
    assert ran.err.count("is no attribute that the policy declares") == 50
    assert "... and more than 50 such names in all" in ran.err


def test_json_says_too_that_it_stopped(tmp_path: Path) -> None:
    path = file_of(tmp_path, "operations:\n", "- a\n")
    ran = billpolicy("plan", "--policy", STANDARD, "--book", "none.yaml", path, "--format", "json")
    told = [one["code"] for one in json.loads(ran.out)["diagnostics"]]
    assert (len(told), told[0]) == (MAX_PROBLEMS + 1, "problems-more")


def test_exactly_as_many_mistakes_as_are_told_are_all() -> None:
    at = Position("f.yaml")
    one = Diagnostic("key-unknown", "message", at)
    assert first_of([one] * MAX_PROBLEMS, at) == [one] * MAX_PROBLEMS
    stop_at_limit([one] * (MAX_PROBLEMS - 1), at)

    def endless() -> Iterator[Diagnostic]:
        while True:
            yield one

    assert [found.code for found in first_of(endless(), at)] == ["key-unknown"] * MAX_PROBLEMS + ["problems-more"]
