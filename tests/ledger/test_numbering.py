"""`ledger numbers` and the gaps that `ledger check` warns of: what is missing, and who says why (docs/numbers.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import billpolicy
from billpolicy.ledger.store import Ledger
from billpolicy.posting.numbering import Missing, Numbering
from billpolicy.report.numbering import gaps_to_warn_of, numbers_text
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy as run
from tests.helpers.ledgers import url_of
from tests.helpers.refusals import codes, refused
from tests.ledger.test_number_formats import BOOK, CHARGES, YEARLY, debited, drawn, ledger, memos, numbering


def void(*numbers: str, reason: str = "torn up", kind: str = "debit_memo") -> str:
    lines = (f"  - {{number: {number}, kind: {kind}, reason: {reason}}}\n" for number in numbers)
    return "void_numbers:\n" + "".join(lines)


def only(opened: Ledger) -> Numbering:
    (found,) = opened.numbering()
    return found


def test_a_gap_is_told_with_its_reason_or_without() -> None:
    text = memos("D-00000001", "D-00000002", "D-00000007", "D-00000008") + void("D-00000004", "D-00000005")
    with ledger(text) as opened:
        drawn(numbering("prefix: D-"), opened, [debited(1, "2026-03-01")])
        assert only(opened) == Numbering(
            name="D-",
            kind="debit_memo",
            source=None,
            first="D-00000001",
            last="D-00000009",
            count=5,
            drawn=1,
            next="D-00000010",
            missing=(
                Missing("D-00000003", "D-00000003", 1, "missing"),
                Missing("D-00000004", "D-00000005", 2, "void", "torn up"),
                Missing("D-00000006", "D-00000006", 1, "missing"),
            ),
        )
        assert opened.check() == []


def test_numbers_are_void_beyond_the_last_one_too() -> None:
    policy = numbering(YEARLY)
    with ledger() as opened:
        opened.import_book(book_from(BOOK + CHARGES + memos("D-2026-0001") + void("D-2026-0002")), policy)
        assert drawn(policy, opened, [debited(1, "2026-03-01")]) == ["D-2026-0003"]
        assert [one.what for one in only(opened).missing] == ["void"]


def test_in_a_book_too() -> None:
    book = book_from(BOOK + CHARGES + memos("D-2026-0001") + void("D-2026-0002"))
    found = billpolicy.plan(numbering(YEARLY), book, debited(1, "2026-03-01"))
    assert found.documents[0].document.number == "D-2026-0003"


def test_a_hole_is_explained_also_after_the_ledger_went_on() -> None:
    policy, text = numbering("prefix: D-"), memos("D-00000001", "D-00000003")
    with ledger(text) as opened:
        drawn(policy, opened, [debited(1, "2026-03-01")])
        assert [one.what for one in only(opened).missing] == ["missing"]
        opened.import_book(book_from(BOOK + CHARGES + void("D-00000002")))
        opened.import_book(book_from(BOOK + CHARGES + void("D-00000002")))  # once more is nothing new
        assert [one.what for one in only(opened).missing] == ["void"]
        # What is not drawn yet is the ledger's to draw.
        later = book_from(BOOK + CHARGES + void("D-00000005"))
        assert codes(refused(lambda: opened.import_book(later))) == ["prefix-drawn"]
        other = book_from(BOOK + CHARGES + void("D-00000002", reason="lost"))
        assert codes(refused(lambda: opened.import_book(other))) == ["import-differs"]


def test_what_a_document_has_is_not_void_whichever_comes_first() -> None:
    text = memos("D-00000001", "D-00000003")
    with ledger(text + void("D-00000002")) as opened:
        taken = book_from(BOOK + CHARGES + void("D-00000001"))
        assert codes(refused(lambda: opened.import_book(taken))) == ["void-number"]
        given_up = book_from(BOOK + CHARGES + memos("D-00000002"))
        assert codes(refused(lambda: opened.import_book(given_up))) == ["void-number"]


def test_where_the_policy_let_numbers_begin_is_no_gap() -> None:
    with ledger(memos("D-00000001")) as opened:
        drawn(numbering("prefix: D-, start: 100"), opened, [debited(1, "2026-03-01")])
        (gap,) = only(opened).missing
        assert (gap.first, gap.last, gap.what) == ("D-00000002", "D-00000099", "start")
        assert gaps_to_warn_of(opened.numbering()) == []


def test_two_kinds_that_share_digits_are_not_each_others_gaps() -> None:
    """INV2026 with 8 digits and INV with 8: of an imported number the longer name counts."""
    text = memos("D202600000001", "D00000007", "D202600000002", "D00000008")
    with ledger(text) as opened:
        assert [(one.name, one.count, one.missing) for one in opened.numbering()] == [("D", 2, ()), ("D2026", 2, ())]


@settings(max_examples=40)
@given(st.sets(st.integers(1, 25), min_size=1), st.sets(st.integers(1, 25)))
def test_every_number_is_told_of_once(given: set[int], given_up: set[int]) -> None:
    """Between the lowest and the highest: each is a document's, void, or missing; by a brute force over all of them."""
    given_up -= given
    text = memos(*(f"D-{n:08d}" for n in sorted(given))) + (void(*(f"D-{n:08d}" for n in given_up)) if given_up else "")
    with ledger(text) as opened:
        found = only(opened)
        told = {
            f"D-{n:08d}": gap.what for gap in found.missing for n in range(int(gap.first[2:]), int(gap.last[2:]) + 1)
        }
        every = given | given_up
        expected = {
            f"D-{n:08d}": "void" if n in given_up else "missing"
            for n in range(min(every), max(every) + 1)
            if n not in given
        }
        assert told == expected
        assert (found.count, found.next) == (len(given), f"D-{max(every) + 1:08d}")
        assert sum(gap.count for gap in found.missing) == len(expected)


def test_a_draft_keeps_its_number_for_itself() -> None:
    """What was a draft elsewhere, under a number of a series, is posted under the next one: both are told."""
    draft = "{number: INV00000014, account: a, date: 2026-03-01, due_date: 2026-03-31, currency: EUR, status: draft,"
    draft += ' attributes: {bill_to_contact: c, sequence_set: DEFAULT}, items: [{id: "1", amount: 9.00}]}'
    with ledger(f"invoices:\n  - {draft}\n") as opened:
        policy = numbering("prefix: DM")
        post = {"id": "p", "operation": "post_draft", "date": "2026-03-02", "draft": "INV00000014"}
        assert drawn(policy, opened, [post]) == ["INV00000015"]
        (gap,) = only(opened).missing
        assert (gap.first, gap.what, gap.reason) == ("INV00000014", "draft", "a draft, posted as INV00000015")


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_commands(format: str, tmp_path: Path) -> None:
    text = memos("D-00000001", "D-00000004") + void("D-00000002")
    with ledger(text) as opened:
        address = url_of(opened)
        checked = run("ledger", "check", address, "--format", format)
        told = run("ledger", "numbers", address, "--format", format)
    assert (checked.code, told.code) == (0, 0)
    if format == "json":
        (warning,) = json.loads(checked.out)["diagnostics"]
        assert (warning["severity"], warning["code"]) == ("warning", "number-missing")
        (counter,) = json.loads(told.out)["counters"]
        assert [one["what"] for one in counter["missing"]] == ["void", "missing"]
        return
    assert "of the debit memos numbered `D-` D-00000003 is missing, and nobody says why" in checked.out + checked.err
    assert told.out == (
        "D-  debit memos\n"
        "  2 documents: D-00000001 to D-00000004, imported\n"
        "  void     D-00000002: torn up\n"
        "  missing  D-00000003: nobody says why (1 number)\n"
        "  next     D-00000005\n"
        "2 documents numbered by 1 counter; 1 number missing without a reason\n"
    )


def test_nothing_numbered() -> None:
    assert numbers_text([], 0) == "0 documents numbered by 0 counters; no number is missing without a reason\n"


def test_what_is_of_no_counter_is_told() -> None:
    """Imported without the policy that has their format, so that nothing is passed over in silence."""
    first, second, total = numbers_text([], 4).splitlines()
    assert f"{first} {second}" == (
        "4 imported documents of no counter: `ledger import` with `--policy` counts them, "
        "where the policy has their format"
    )
    assert total == "0 documents numbered by 0 counters; no number is missing without a reason"
