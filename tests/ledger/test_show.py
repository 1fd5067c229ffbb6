"""What `ledger show` is told of a document, an account and an operation."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest

import billpolicy
from billpolicy.ledger.store import Ledger
from billpolicy.posting.shown import OpenPlace
from tests.helpers.ledgers import by_hand, post, whole
from tests.helpers.refusals import codes, messages, refused
from tests.helpers.sample import NOW, credit_plan, refund_plan


def test_an_imported_invoice(stocked: Ledger) -> None:
    with stocked.reading() as connection:
        shown = connection.document("INV00000001")
    assert shown is not None
    assert (shown.revision, shown.balance, shown.operation, shown.resolved) == (0, Decimal("150.00"), None, None)
    assert OpenPlace("i1", None, Decimal("84.00")) in shown.open_places
    assert OpenPlace("i1", "t1", Decimal("18.00")) in shown.open_places
    assert [application.from_ for application in shown.applications_to] == ["CM00000002"]
    assert [memo.number for memo in shown.created] == ["CM00000002"]
    assert shown.changed_by == ()


def test_a_posted_memo_and_what_became_of_it(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000002", "20.00", reverse=True)
    post(stocked, plan, who="ann", now=NOW)
    post(stocked, refund_plan(whole(stocked), "op-2", "CM00000001", "5.00"), who="bob", now=NOW)
    with stocked.reading() as connection:
        memo, invoice = connection.document("CM00000003"), connection.document("INV00000002")
        refunded = connection.document("CM00000001")
    assert memo is not None
    assert invoice is not None
    assert refunded is not None
    assert memo.operation is not None
    assert (memo.operation.plan, memo.operation.audit.who) == (plan, "ann")
    assert memo.resolved == plan.documents[0].resolved
    assert (memo.balance, memo.changed_by) == (Decimal("0.00"), ())
    assert [application.to for application in memo.applications_from] == ["INV00000002"]
    assert [audit.operation for audit in invoice.changed_by] == ["op-1"]
    assert [(refund.number, refund.amount) for refund in refunded.refunds] == [("R-00000003", Decimal("5.00"))]
    assert refunded.open_places == (OpenPlace("c1", None, Decimal("25.00")),)


def test_an_account(stocked: Ledger) -> None:
    with stocked.reading() as connection:
        shown = connection.account("acme")
    assert shown is not None
    assert [contact.id for contact in shown.contacts] == ["ann", "bob"]
    assert [subscription.id for subscription in shown.subscriptions] == ["s1", "s2", "s3"]
    assert [document.number for document in shown.documents][:3] == ["INV00000001", "CM00000001", "INV00000002"]
    assert len(shown.documents) == 10
    assert shown.balances["P-00000001"] == Decimal("35.00")


def test_a_book_tells_the_same_as_a_ledger_that_it_was_imported_into(stocked: Ledger) -> None:
    book = whole(stocked)
    for number in book.numbered:
        told, kept = billpolicy.document(book, number), billpolicy.document(stocked, number)
        if kept.history is not None:  # of which a ledger knows, beside, that no operation did any of it
            assert kept.history.done == {}
            kept = replace(kept, history=replace(kept.history, done=None))
        assert told == kept
    assert [billpolicy.account(book, id) for id in sorted(book.accounts)] == billpolicy.accounts(stocked)


@pytest.mark.parametrize("kind", ["book", "ledger"])
def test_accounts_come_in_pages(stocked: Ledger, kind: str) -> None:
    on = stocked if kind == "ledger" else whole(stocked)
    every = sorted(whole(stocked).accounts)
    assert len(every) > 1
    assert [one.account.id for one in billpolicy.accounts(on, most=1)] == every[:1]
    assert [one.account.id for one in billpolicy.accounts(on, after=every[0])] == every[1:]
    assert billpolicy.accounts(on, after=every[-1]) == []
    with pytest.raises(ValueError, match=r"from 1 to 1,000"):
        billpolicy.accounts(on, most=0)


@pytest.mark.parametrize("kind", ["book", "ledger"])
def test_accounts_are_found_by_what_they_and_their_contacts_are_called(stocked: Ledger, kind: str) -> None:
    book = whole(stocked)
    on = stocked if kind == "ledger" else book
    assert [one.account.id for one in billpolicy.accounts(on, called="ACM")] == ["acme"]
    contact = next(one for one in book.contacts.values() if one.account == "acme")
    assert "acme" in [one.account.id for one in billpolicy.accounts(on, called=contact.id.upper())]
    assert billpolicy.accounts(on, called="acme", after="acme") == []
    assert billpolicy.accounts(on, called="nobody is called so") == []


@pytest.mark.parametrize("kind", ["book", "ledger"])
@pytest.mark.parametrize("name", ["aging", "statement", "balances", "open-items"])
def test_reports_on_an_account_are_told_by_its_part_alone(stocked: Ledger, name: str, kind: str) -> None:
    book = whole(stocked)
    on = stocked if kind == "ledger" else book
    for id in book.accounts:
        part = billpolicy.account_book(on, id)
        assert {one.account for one in part.numbered.values()} <= {id} or kind == "ledger"
        for day in (datetime.date(2026, 3, 1), datetime.date(2027, 1, 1)):
            told = billpolicy.accounting_report(part, name, account=id, as_of=day)
            assert told == billpolicy.accounting_report(stocked, name, account=id, as_of=day)


@pytest.mark.parametrize("kind", ["book", "ledger"])
def test_names_of_which_there_is_nothing(stocked: Ledger, kind: str) -> None:
    on = stocked if kind == "ledger" else whole(stocked)
    assert messages(refused(lambda: billpolicy.document(on, "INV0000001"))) == "there is no document `INV0000001`"
    assert messages(refused(lambda: billpolicy.account(on, "acne"))) == "there is no account `acne`"
    (found,) = refused(lambda: billpolicy.account(on, "acne")).diagnostics
    assert found.hint == "did you mean `acme`?"


def test_what_is_not_there(stocked: Ledger) -> None:
    with stocked.reading() as connection:
        assert connection.document("X") is None
        assert connection.account("X") is None
        assert connection.operation("X") is None


def test_what_is_damaged(stocked: Ledger) -> None:
    post(stocked, credit_plan(whole(stocked), "op-1", "INV00000002", "20.00"), who="ann", now=NOW)
    for statement in (
        "UPDATE operations SET plan = '{'",
        "UPDATE operations SET plan = '{}'",
        "UPDATE operations SET plan = '[]'",
        "UPDATE operations SET plan = replace(plan, 'invoice', 'x')",
        "UPDATE documents SET attributes = ''",
    ):
        by_hand(stocked, statement)
        with stocked.reading() as connection:
            refusal = refused(lambda: connection.operation("op-1"))
        assert codes(refusal) == ["ledger-damaged"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE operations SET request = '{'", "what operation `op-1` was asked"),
        ("UPDATE operations SET request = '7'", "what operation `op-1` was asked"),
        ("UPDATE operations SET date = 'today'", "what operation `op-1` posted"),
        ("UPDATE audit SET at = 'yesterday'", "when operation `op-1` was posted"),
        ("DELETE FROM audit", "what operation `op-1` posted"),
    ],
)
def test_what_was_posted_is_damaged_when_it_is_asked_for_again(stocked: Ledger, statement: str, what: str) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000002", "20.00")
    post(stocked, plan, who="ann", now=NOW)
    by_hand(stocked, statement)
    refusal = refused(lambda: post(stocked, plan, who="ann", now=NOW))
    assert codes(refusal) == ["ledger-damaged"]
    assert messages(refusal) == f"{what} cannot be read any more"
