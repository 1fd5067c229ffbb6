"""Payments that are reversed and payments with references: what a ledger keeps, finds, takes in again and tells."""

from __future__ import annotations

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import Payment
from billpolicy.book.needs import Needs
from billpolicy.ledger.store import Ledger
from billpolicy.operations.chain import needs_of
from billpolicy.planning.request import request_data
from billpolicy.posting.posting import Job, Outcome, dry_run, job_of, post_jobs
from billpolicy.report.ledger_text import account_text, document_text, operation_text
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, dump, told, unkept, whole
from tests.helpers.planning import plan_on
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import TODAY, operations, versions

ACCOUNTS = "accounts: [{id: a, currency: USD}, {id: b, currency: USD}, {id: c, currency: USD}]"
BOOK = f"""
{ACCOUNTS}
invoices:
- {{number: I1, account: a, date: 2026-03-01, currency: USD, items: [{{id: x, amount: 100.00}}]}}
- {{number: J1, account: b, date: 2026-03-01, currency: USD, items: [{{id: x, amount: 100.00}}]}}
- {{number: K1, account: c, date: 2026-03-01, currency: USD, items: [{{id: x, amount: 100.00}}]}}
payments:
- {{number: P1, account: a, date: 2026-03-02, currency: USD, amount: 90.00, reference: BANK-1}}
"""
ROUND = (
    "operation: transfer_payment\npayment: P1\nto_account: b\namount: 60.00",
    "operation: transfer_payment\npayment: P-00000001\nto_account: c\namount: 20.00",
    "operation: apply_payment\npayment: P1",  # 30 on I1
    "operation: apply_payment\npayment: P-00000001",  # 40 on J1
    "operation: apply_payment\npayment: P-00000002",  # 20 on K1
)
REVERSE = "operation: reverse_payment\npayment: P1\nreason: Chargeback"
PAY = "operation: create_payment\naccount: a\namount: 90.00\nreference: "


@pytest.fixture
def paid(ledger: Ledger) -> Ledger:
    """A ledger that holds the book."""
    ledger.import_book(book_from(BOOK))
    return ledger


def jobs(*texts: str, policy: str = "", first: int = 1) -> list[Job]:
    those = versions(policy)
    named = [f"id: op-{n}\n{text}" for n, text in enumerate(texts, first)]
    return [
        Job(
            id=one.request.id,
            request=request_data(one.request),
            needs=needs_of(those.policies, one.request),
            planner=lambda book, one=one: plan_on(those, book, one, TODAY),  # type: ignore[misc]
            who="ines",
        )
        for one in operations(*named)
    ]


def post(ledger: Ledger, *texts: str, group: int = 500, first: int = 1, policy: str = "") -> list[Outcome]:
    return list(post_jobs(ledger, jobs(*texts, first=first, policy=policy), now=lambda: NOW, group=group))


def outcomes(found: list[Outcome]) -> list[str]:
    """The code of each refusal; of what is planned or posted nothing, or its warning."""
    return [
        " ".join(p.code for p in one.problems)
        or (one.plan is not None and " ".join(w.code for w in one.plan.warnings))
        or ""
        for one in found
    ]


# -- reversed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [1, 2, 500])
def test_a_slice_has_all_that_was_transferred_step_by_step(paid: Ledger, group: int) -> None:
    assert outcomes(post(paid, *ROUND, REVERSE, group=group)) == [""] * 6
    now = whole(paid)
    assert {number: str(now.balance(one)) for number, one in now.numbered.items()} == {
        "I1": "100.00",
        "J1": "100.00",
        "K1": "100.00",
        "P1": "0.00",
        "P-00000001": "0.00",
        "P-00000002": "0.00",
    }
    assert paid.check() == []


def test_a_dry_run_goes_on_with_what_is_only_planned(paid: Ledger) -> None:
    asked = jobs(*ROUND, REVERSE, REVERSE)
    with paid.reading() as reader:
        assert outcomes(list(dry_run(reader, asked, group=1))) == [*[""] * 6, "reversed"]


def test_a_plan_is_stale_where_something_was_transferred_on_since(paid: Ledger) -> None:
    post(paid, *ROUND[:1])
    (job,) = jobs(REVERSE, first=9)
    plan, _ = job.planner(whole(paid))
    post(paid, ROUND[1], first=2)
    before = dump(paid)
    (outcome,) = post_jobs(paid, [job_of(plan, "ines")], now=lambda: NOW)
    assert [problem.code for problem in outcome.problems] == ["plan-stale"]
    assert dump(paid) == before


def test_made_and_reversed_in_one_group(paid: Ledger) -> None:
    gone = "operation: reverse_payment\npayment: P-00000001"
    assert outcomes(post(paid, f"{PAY} NEW\napply_to_open: true", gone)) == ["", ""]
    found = whole(paid).numbered["P-00000001"]
    assert isinstance(found, Payment)
    assert (found.reversed_, found.reversed_reason) == (True, "Payment Reversal")
    assert paid.check() == []


def test_who_reversed_it_is_told_also_where_no_money_moved(paid: Ledger) -> None:
    post(paid, REVERSE)
    with paid.reading() as reader:
        shown, account, operation = reader.document("P1"), reader.account("a"), reader.operation("op-1")
    assert shown is not None
    assert account is not None
    assert operation is not None
    text = document_text(shown)
    assert text.startswith("payment P1, posted, reversed\n")
    for line in (
        "  unapplied        0.00 USD",
        "  reversed for     Chargeback",
        "  reference        BANK-1",
        "    2026-07-01 12:30 UTC  op-1 by ines",
    ):
        assert line in text
    assert "P1                       90.00 USD  unapplied 0.00, reversed" in account_text(account)
    assert "  changed\n    P1: reversed, reason Chargeback" in operation_text(operation)


def test_so_is_who_canceled_a_draft(ledger: Ledger) -> None:
    ledger.import_book(
        book_from(
            "accounts: [{id: a, currency: USD}]\ninvoices:\n- {number: D1, account: a, date: 2026-03-01, "
            "currency: USD, status: draft, bill_run: B, items: [{id: x, amount: 1.00}]}"
        )
    )
    assert outcomes(post(ledger, "operation: cancel_draft\ndraft: D1")) == [""]
    with ledger.reading() as reader:
        shown = reader.document("D1")
    assert shown is not None
    assert [audit.operation for audit in shown.changed_by] == ["op-1"]
    assert ledger.check() == []


def test_the_same_book_comes_in_again(paid: Ledger) -> None:
    post(paid, *ROUND, REVERSE)
    before = dump(paid)
    assert paid.import_book(book_from(BOOK)).added == {}
    assert paid.import_book(whole(paid)).added == {}
    assert dump(paid) == before


def test_what_is_reversed_elsewhere_is_not_taken_over(paid: Ledger) -> None:
    """An operation does that, so that its money is taken back."""
    book = book_from(BOOK.replace("reference: BANK-1", "reference: BANK-1, reversed: true"))
    assert codes(refused(lambda: paid.import_book(book))) == ["import-differs"]


REVERSED = f"""
{ACCOUNTS}
invoices: [{{number: I1, account: a, date: 2026-03-01, currency: USD, items: [{{id: x, amount: 100.00}}]}}]
payments:
- {{number: P1, account: a, date: 2026-03-02, currency: USD, amount: 90.00, reversed: true, balance: 0.00,
   reversed_reason: Chargeback, reference: BANK-1}}
- {{number: P2, account: b, date: 2026-03-03, currency: USD, amount: 20.00, reversed: true, source: P1}}
applications:
- {{from: P1, to: I1, date: 2026-03-02, amount: 70.00}}
- {{from: P1, to: P2, date: 2026-03-03, amount: 20.00}}
- {{from: P1, to: I1, date: 2026-03-04, amount: -70.00}}
- {{from: P1, to: P2, date: 2026-03-04, amount: -20.00}}
"""


def test_a_book_with_a_reversed_payment_comes_in_as_it_is(ledger: Ledger) -> None:
    book = book_from(REVERSED)
    ledger.import_book(book)
    assert unkept(whole(ledger)) == book
    assert ledger.check() == []
    assert ledger.import_book(book).added == {}
    assert outcomes(post(ledger, REVERSE, f"{PAY} BANK-1")) == ["reversed", "reference-known"]
    assert ledger.check() == []
    by_hand(ledger, "UPDATE documents SET reversed = 0, reversed_reason = NULL WHERE number = 'P1'")
    assert [problem.code for problem in told(ledger)] == ["journal-differs"]


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("amount: -70.00", "amount: -60.00", "P1 was reversed, but some of it is on I1"),
        ("amount: -20.00", "amount: -10.00", "P1 was reversed, but some of it is on P2"),
        ("reversed: true, source: P1", "source: P1", "P2 amounts to 20.00, but 0.00 was transferred to it"),
        ("reversed: true, balance", "balance", "the balance of P1 is stated as 0.00, but comes out as 90.00"),
        ("reversed: true, balance", "balance", "P1 says why it was reversed, but not that it was"),
        ("reversed: true, source", "status: draft, reversed: true, source", "P2 is draft, so it cannot have been"),
        (
            "applications:",
            "refunds: [{number: R1, account: a, date: 2026-03-05, currency: USD, amount: 1.00, of: P1}]\napplications:",
            "P1 was reversed, but some of it was refunded",
        ),
    ],
)
def test_a_book_that_contradicts_itself_is_refused(written: str, instead: str, message: str) -> None:
    assert REVERSED.count(written) == 1
    text = REVERSED.replace(written, instead)
    if "balance of P1" in message:
        text = text.replace("   reversed_reason: Chargeback, ", "   ")
    assert any(one.startswith(message) for one in messages(refused(lambda: book_from(text))).splitlines())


def test_also_of_billing_documents_only_what_is_posted_was_reversed() -> None:
    text = "accounts: [{id: a, currency: USD}]\ninvoices:\n- {number: D1, account: a, date: 2026-03-01, currency: USD, "
    wrong = refused(lambda: book_from(f"{text}status: draft, reversed: true, items: [{{id: x, amount: 1.00}}]}}"))
    assert codes(wrong) == ["reversal-odd"]


# -- references ----------------------------------------------------------------------------------------------------


def test_a_reference_is_kept(paid: Ledger) -> None:
    post(paid, f"{PAY} ' BANK   2'")
    back = "operation: create_refund\nof: P1\namount: 5.00\nreference: BACK-1"
    post(paid, back, first=2)
    references = {number: getattr(one, "reference", None) for number, one in whole(paid).numbered.items()}
    assert references | {"I1": None, "J1": None, "K1": None} == references
    assert [references[number] for number in ("P1", "P-00000001", "R-00000001")] == ["BANK-1", "BANK 2", "BACK-1"]
    assert paid.check() == []


@pytest.mark.parametrize("group", [1, 2, 500])
def test_the_same_again_is_found(paid: Ledger, group: int) -> None:
    """What was imported, what an earlier group has posted, and what the same one makes; of the account only."""
    back = "operation: create_refund\nof: P1\namount: 5.00\nreference: BACK-1"
    texts = (f"{PAY} BANK-1", f"{PAY} NEW", f"{PAY} NEW", f"{PAY.replace('account: a', 'account: b')} NEW", back, back)
    told = ["reference-repeated", "", "reference-repeated", "", "", "reference-repeated"]
    with paid.reading() as reader:
        assert outcomes(list(dry_run(reader, jobs(*texts), group=group))) == told
    assert outcomes(post(paid, *texts, group=group)) == told
    assert outcomes(post(paid, *texts, group=group, first=11)) == ["reference-repeated"] * 6
    assert paid.check() == []


def test_a_refund_of_what_is_only_planned_finds_those_of_its_account(paid: Ledger) -> None:
    back = "operation: create_refund\namount: 5.00\nreference: BACK-1\nof: "
    post(paid, f"{back}P1")
    with paid.reading() as reader:
        found = list(dry_run(reader, jobs(f"{PAY} NEW", f"{back}P-00000001", first=11), group=1))
    assert outcomes(found) == ["", "reference-repeated"]


def test_a_slice_says_the_truth_of_what_has_the_reference(paid: Ledger) -> None:
    """A follow-up that spends all money of the account must not take a refunded payment for one that is not."""
    post(paid, "operation: create_refund\nof: P1\namount: 90.00")
    with paid.reading() as reader:
        book = reader.book(Needs(references=frozenset({("a", "BANK-1"), ("b", "BANK-1"), ("a", "OTHER")})))
    assert set(book.numbered) == {"P1", "R-00000001"}
    assert book.balance(book.numbered["P1"]) == 0
    assert book.referenced == {("a", "BANK-1"): ("P1",)}


def test_two_plans_with_the_same_reference_are_not_both_posted(paid: Ledger) -> None:
    """Each was made before the other was posted; they would have the same number, too."""
    book = whole(paid)
    one, other = (job.planner(book)[0] for job in jobs(f"{PAY} NEW", f"{PAY} NEW"))
    first, second = post_jobs(paid, [job_of(one, "ines"), job_of(other, "ines")], now=lambda: NOW)
    assert first.posted is not None
    assert [problem.code for problem in second.problems] == ["plan-stale"]


def test_the_same_text_of_many_accounts_is_looked_up_for_one(ledger: Ledger) -> None:
    """Everybody writes `rent`; a payment of one account reads its own."""
    lines = [ACCOUNTS, "payments:"]
    lines += [
        f"- {{number: X{n}, account: {account}, date: 2026-03-02, currency: USD, amount: 1.00, reference: rent}}"
        for n, account in enumerate("ab" * 50)
    ]
    ledger.import_book(book_from("\n".join(lines)))
    with ledger.reading() as reader:
        book: Book = reader.book(Needs(references=frozenset({("c", "rent")})))
    assert book.numbered == {}
