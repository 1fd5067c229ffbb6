"""Due dates that a book does not say: worked out from payment terms on import or planning, kept, and never a change."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy
from billpolicy import Book, Versions
from billpolicy.deciding.due_dates import with_due_dates
from billpolicy.ledger.store import Ledger
from billpolicy.policy.model import Policy
from billpolicy.report.ledger_text import document_text
from tests.helpers.books import book_from
from tests.helpers.command_line import billpolicy as command
from tests.helpers.ledgers import dump, unkept, whole
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import HEAD, operations, versions
from tests.helpers.scenes import policy as policy_of

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices:
- {number: I1, account: a, date: 2026-01-01, currency: EUR, attributes: {payment_term: Net 30},
   items: [{id: x, amount: 50.00}]}
- {number: I2, account: a, date: 2025-12-15, due_date: 2026-03-03, currency: EUR, items: [{id: x, amount: 50.00}]}
debit_memos:
- {number: D1, account: a, date: 2026-01-05, currency: EUR, attributes: {payment_term: Net 60},
   items: [{id: x, amount: 50.00}]}
"""
PAY = "operation: create_payment\naccount: a\namount: 60.00\napply_to_open: true\ndate: 2026-03-01"


@pytest.fixture
def policy() -> Versions:
    return versions()


def book() -> Book:
    return book_from(BOOK)


def dues(of: Book) -> dict[str, tuple[str, str | None]]:
    return {n: (str(of.numbered[n].due_date), of.numbered[n].due_date_from) for n in ("I1", "I2", "D1")}  # type: ignore[union-attr]


def test_a_book_that_meets_a_policy_has_them(policy: Versions) -> None:
    """30 days after 1 January; 60 after the 5th are 26 more of January, 28 of February and 6 of March."""
    dated = billpolicy.with_due_dates(policy, book())
    assert dues(dated) == {"I1": ("2026-01-31", "Net 30"), "I2": ("2026-03-03", None), "D1": ("2026-03-06", "Net 60")}
    assert billpolicy.with_due_dates(policy, dated) == dated
    assert billpolicy.due_dates_missing(dated) == []
    (missing,) = billpolicy.due_dates_missing(book())
    assert missing.message == "D1 (`Net 60`) and 1 more have a payment term and no due date"


def test_what_cannot_be_worked_out_is_still_missing(policy: Versions) -> None:
    """A term that the policy does not have, and a day past the calendar."""
    text = BOOK.replace("Net 60", "Net 75").replace("date: 2026-01-01", "date: 9999-12-20")
    dated = billpolicy.with_due_dates(policy, book_from(text))
    (missing,) = billpolicy.due_dates_missing(dated)
    assert missing.message == "D1 (`Net 75`) and 1 more have a payment term and no due date"
    assert billpolicy.with_due_dates(versions("payment_terms: {Net 75: {net: 75}}\n"), dated) != dated


def test_a_ledger_keeps_what_was_imported(ledger: Ledger, policy: Versions) -> None:
    dated = billpolicy.with_due_dates(policy, book())
    ledger.import_book(dated)
    assert unkept(whole(ledger)) == dated
    with ledger.reading() as reader:
        shown, said = reader.document("I1"), reader.document("I2")
    assert shown is not None
    assert said is not None
    assert "  due              2026-01-31, from Net 30\n" in document_text(shown)
    assert "  due              2026-03-03\n" in document_text(said)
    assert ledger.check() == []


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True), (True, True), (False, False)])
def test_the_same_book_with_a_policy_or_without_is_no_other_content(
    ledger: Ledger, policy: Versions, first: bool, then: bool
) -> None:
    one, other = (billpolicy.with_due_dates(policy, book()) if dated else book() for dated in (first, then))
    ledger.import_book(one)
    before = dump(ledger)
    assert ledger.import_book(other).added == {}
    assert dump(ledger) == before
    found = billpolicy.sync(policy, ledger, book())
    assert (found.steps, found.not_followed) == ((), ())


def test_a_term_that_means_something_else_by_now_moves_no_date(ledger: Ledger, policy: Versions) -> None:
    ledger.import_book(billpolicy.with_due_dates(policy, book()))
    other = versions("payment_terms: {Net 30: {net: 45}}\n")
    assert ledger.import_book(billpolicy.with_due_dates(other, book())).added == {}
    assert dues(whole(ledger))["I1"] == ("2026-01-31", "Net 30")


def test_a_date_that_the_book_says_by_now_is_other_content(ledger: Ledger, policy: Versions) -> None:
    ledger.import_book(billpolicy.with_due_dates(policy, book()))
    said = "attributes: {payment_term: Net 30},"
    ledger.import_book(book_from(BOOK.replace(said, f"due_date: 2026-01-31, {said}")))  # the same day
    refusal = refused(lambda: ledger.import_book(book_from(BOOK.replace(said, f"due_date: 2026-02-05, {said}"))))
    assert codes(refusal) == ["import-differs"]
    assert "due_date" in str(messages(refusal))


@pytest.mark.parametrize("dated", [True, False])
def test_what_is_posted_sees_them_and_changes_nothing_of_the_documents(
    ledger: Ledger, policy: Versions, dated: bool
) -> None:
    ledger.import_book(billpolicy.with_due_dates(policy, book()) if dated else book())
    before = dues(whole(ledger))
    (asked,) = operations(PAY)
    tried = billpolicy.plan(policy, ledger, asked)
    assert tried == billpolicy.plan(policy, book(), asked)
    posted = billpolicy.post(policy, ledger, asked, who="ann", now=NOW)
    assert [(one.to, str(one.amount)) for one in posted.plan.applications] == [("I1", "50.00"), ("I2", "10.00")]
    after = whole(ledger)
    assert dues(after) == before
    assert {number: after.revisions.get(number, 0) for number in ("I1", "I2", "D1")} == {"I1": 1, "I2": 1, "D1": 0}
    assert ledger.check() == []


def test_a_plan_that_was_made_before_can_be_posted(ledger: Ledger, policy: Versions) -> None:
    ledger.import_book(book())
    (asked,) = operations(PAY)
    posted = billpolicy.post(policy, ledger, billpolicy.plan(policy, ledger, asked), who="ann", now=NOW)
    assert posted.plan.applications
    assert ledger.check() == []


def test_a_reversed_invoice_keeps_what_it_had(ledger: Ledger, policy: Versions) -> None:
    """It is written as it is then: with nothing of what was only worked out for the plan."""
    ledger.import_book(book())
    (asked,) = operations("operation: reverse_invoice\ninvoice: I1\ndate: 2026-03-01")
    billpolicy.post(policy, ledger, asked, who="ann", now=NOW)
    assert dues(whole(ledger))["I1"] == ("None", None)
    assert ledger.check() == []


# -- on the command line ---------------------------------------------------------------------------------------------


def test_an_import_says_what_has_no_due_date(tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text(BOOK.replace("Net 60", "Net 75"))
    url = f"sqlite:///{tmp_path}/books.db"
    assert command("ledger", "init", url).code == 0
    with_policy = command("ledger", "import", url, tmp_path / "book.yaml", "--policy", STANDARD)
    assert with_policy.code == 0
    assert "warning: D1 has the payment term `Net 75` and no due date [due-date-missing]" in with_policy.err
    again = command("ledger", "import", url, tmp_path / "book.yaml")
    assert (again.code, "due-date-missing" in again.err) == (0, False)  # nothing is new
    assert "due              2026-01-31, from Net 30" in command("ledger", "show", url, "I1").out

    other = f"sqlite:///{tmp_path}/other.db"
    assert command("ledger", "init", other).code == 0
    without = command("ledger", "import", other, tmp_path / "book.yaml")
    assert "warning: D1 (`Net 75`) and 1 more have a payment term and no due date" in without.err
    assert "named with --policy at the first import" in without.err
    too_late = command("ledger", "import", other, tmp_path / "book.yaml", "--policy", STANDARD)
    assert (too_late.code, "imported nothing new" in too_late.out) == (0, True)
    assert "warning: I1 has the payment term `Net 30` and no due date [due-date-missing]" in too_late.err
    assert "make the ledger anew" in too_late.err


# -- which version of the policy -----------------------------------------------------------------------------------


def in_force(days: str, net: int) -> Policy:
    head = HEAD.replace("from: 2000-01-01", days).replace("policy: acme", f"policy: net-{net}")
    return policy_of(f"payment_terms: {{Net 30: {{net: {net}}}}}\n", head)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2025-06-01", "2025-06-11"),  # none was in force yet: the first
        ("2026-01-31", "2026-02-10"),
        ("2026-02-10", "2026-02-20"),  # between the two: the last before
        ("2026-03-01", "2026-03-21"),
    ],
)
def test_the_version_of_the_document_s_day_counts(day: str, due: str) -> None:
    both = [in_force("from: 2026-01-01, until: 2026-02-01", 10), in_force("from: 2026-03-01", 20)]
    dated = with_due_dates(book_from(BOOK.replace("date: 2026-01-01,", f"date: {day},")), both)
    assert dues(dated)["I1"] == (due, "Net 30")
