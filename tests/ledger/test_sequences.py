"""Numbers: no gaps, no number twice, and a prefix belongs to one kind of document for ever."""

from __future__ import annotations

import pytest

from billpolicy.book.numbers import split_number
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan
from tests.helpers.books import book_from
from tests.helpers.ledgers import dump, post, whole
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import BOOK, NOW, credit_plan, doing


def number_of(plan: Plan) -> str:
    (planned,) = plan.documents
    return planned.document.number


def post_next(ledger: Ledger, id: str, prefix: str = "CM", start: int = 1, amount: str = "0.01") -> str:
    plan = credit_plan(whole(ledger), id, "INV00000001", amount, prefix=prefix, start=start)
    return number_of(post(ledger, plan, who="ann", now=NOW).plan)


def test_they_go_on_after_imported_ones(stocked: Ledger) -> None:
    assert [post_next(stocked, f"op-{n}") for n in range(3)] == ["CM00000003", "CM00000004", "CM00000005"]


def test_lower_ones_that_are_imported_later_do_not_count_back(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK.replace("CM00000001", "CM00000009")))
    memo = "account: other, date: 2026-06-01, currency: USD, items: [{id: a, amount: 1.00}]"
    text = f"accounts: [{{id: other, currency: USD}}]\ncredit_memos: [{{number: CM00000004, {memo}}}]"
    ledger.import_book(book_from(text))
    assert whole(ledger).counters["CM"] == 9
    assert post_next(ledger, "op-1") == "CM00000010"
    assert ledger.check() == []


def test_a_new_prefix_begins_at_its_start(stocked: Ledger) -> None:
    assert [post_next(stocked, f"op-{n}", "DE-", 500) for n in range(2)] == ["DE-00000500", "DE-00000501"]
    assert post_next(stocked, "op-3", "DE-", 1) == "DE-00000502"
    assert post_next(stocked, "op-4", "DE-", 1000) == "DE-00001000"
    assert stocked.check() == []


def test_beyond_eight_digits_they_just_grow(stocked: Ledger) -> None:
    assert post_next(stocked, "op-1", "DE-", 99_999_999) == "DE-99999999"
    assert post_next(stocked, "op-2", "DE-", 1) == "DE-100000000"
    assert stocked.check() == []


def test_a_refused_posting_draws_none(stocked: Ledger) -> None:
    assert post_next(stocked, "op-1") == "CM00000003"
    before = dump(stocked)
    for n in range(3):
        refused(lambda n=n: post_next(stocked, f"bad-{n}", amount="1000.00"))  # type: ignore[misc]
    assert dump(stocked) == before
    assert post_next(stocked, "op-2") == "CM00000004"
    assert stocked.check() == []


@pytest.mark.parametrize("prefix", ["INV", "P-"])
def test_a_prefix_stays_with_its_kind(stocked: Ledger, prefix: str) -> None:
    refusal = refused(lambda: post_next(stocked, "op-1", prefix))
    assert codes(refusal) == ["prefix-bound"]
    assert f"the prefix `{prefix}` has numbered" in messages(refusal)


def test_two_series_that_meet_are_noticed(ledger: Ledger) -> None:
    """docs/domain.md 8: prefix 23 and 10000300 make the number that prefix 2 and 310000300 make."""
    ledger.import_book(book_from(BOOK.replace("INV00000005", "2310000300")))
    refusal = refused(lambda: post_next(ledger, "op-1", "2", 310_000_300))
    assert codes(refusal) == ["number-taken"]
    assert "2310000300 is already in use" in messages(refusal)
    assert post_next(ledger, "op-2", "2", 310_000_301) == "2310000301"


def test_a_prefix_that_ends_in_digits_leaves_shorter_ones_alone(stocked: Ledger) -> None:
    assert post_next(stocked, "op-1", "DE2026") == "DE202600000001"
    assert post_next(stocked, "op-2", "DE") == "DE00000001"
    assert post_next(stocked, "op-3", "DE2026") == "DE202600000002"
    assert stocked.check() == []


@pytest.mark.parametrize(
    ("number", "split"),
    [
        ("CM00000042", ("CM", 42)),
        ("DE-INV12345678", ("DE-INV", 12_345_678)),
        ("INV202600000001", ("INV2026", 1)),
        ("CM0000042", None),
        ("00000042", None),
        ("CM00000042-1", None),
        ("CM٠٠٠٠٠٠٤٢", None),
    ],
)
def test_prefix_and_counter_of_a_number(number: str, split: tuple[str, int] | None) -> None:
    assert split_number(number) == split


def test_several_numbers_in_one_plan(stocked: Ledger) -> None:
    one = credit_plan(whole(stocked), "op-1", "INV00000001", "1.00")
    book = whole(stocked).with_posted([], counters={"CM": 3})
    other = credit_plan(book, "op-1", "INV00000002", "1.00")
    documents, applications = one.documents + other.documents, one.applications + other.applications
    both = doing(one, documents, applications, basis={**one.basis, **other.basis})
    post(stocked, both, who="ann", now=NOW)
    assert {"CM00000003", "CM00000004"} <= set(whole(stocked).numbered)
    assert stocked.check() == []


def test_numbers_that_are_of_no_series_do_not_count(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK.replace("CM00000001", "10000001").replace("INV00000005", "DRAFT-5")))
    assert whole(ledger).counters == {"CM": 2, "DM": 1, "INV": 4, "P-": 2, "R-": 2}
