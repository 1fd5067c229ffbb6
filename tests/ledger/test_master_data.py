"""A ledger whose master data lives: rows as they came, what was given since, and both imported and checked."""

from __future__ import annotations

import datetime
import sqlite3
from contextlib import closing

import pytest

from billpolicy.book.book import Book
from billpolicy.ledger.store import Ledger, create_ledger
from billpolicy.operations.chain import needs_of
from billpolicy.planning.request import request_data
from billpolicy.posting.posting import Job, job_of, post_jobs, post_one
from billpolicy.report.ledger_text import account_text
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, dump, file_of, told, unkept, whole
from tests.helpers.planning import plan_on
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import operations, plan, versions

TODAY = datetime.date(2026, 6, 1)
BOOK = """
accounts:
- {id: acme, currency: USD, name: Acme, attributes: {bill_to_contact: ann, payment_term: Net 30}}
contacts: [{id: ann, account: acme}]
charges: [{id: seats, name: Seats}]
subscriptions:
- {id: S1, account: acme, start: 2026-05-01, charges: [{id: seat, charge: seats, rate: 10.00}]}
accounting_periods: [{from: 2026-01-01, until: 2026-02-01}]
"""
CHANGES = (
    "id: new\noperation: create_account\naccount: bolt\ncurrency: EUR",
    "id: bob\noperation: create_contact\ncontact: bob\naccount: bolt\nname: Bob",
    "id: term\noperation: change_account\ndate: 2026-05-10\naccount: acme\nattributes: {payment_term: Net 60}",
    "id: name\noperation: change_contact\ndate: 2026-05-10\ncontact: ann\nname: Ann",
    "id: more\noperation: change_subscribed_charge\ndate: 2026-05-16\nsubscription: S1\ncharge: seat\nrate: 12.00",
    "id: day\noperation: change_subscription\ndate: 2026-05-16\nsubscription: S1\nbill_day: 15",
    "id: called\noperation: change_charge\ndate: 2026-05-16\ncharge: seats\nname: Users",
    "id: closed\noperation: close_accounting_period\ndate: 2026-05-16\nfrom: 2026-01-01",
)


def post_all(ledger: Ledger, *texts: str) -> None:
    """Post these operations in one group, of which none is refused."""
    those = versions("")
    jobs = [
        Job(
            id=one.request.id,
            request=request_data(one.request),
            needs=needs_of(those.policies, one.request),
            planner=lambda book, one=one: plan_on(those, book, one, TODAY),  # type: ignore[misc]
            who="tester",
        )
        for one in operations(*texts)
    ]
    for outcome in post_jobs(ledger, jobs, now=lambda: NOW):
        assert outcome.posted is not None, [str(problem) for problem in outcome.problems]


@pytest.fixture
def changed(ledger: Ledger) -> Ledger:
    """The book, and every kind of change of it."""
    ledger.import_book(book_from(BOOK))
    post_all(ledger, *CHANGES)
    assert ledger.check() == []
    return ledger


def test_an_account_shows_what_was_given_from_which_day_on(changed: Ledger) -> None:
    post_all(changed, "id: later\noperation: change_account\nfrom: 2026-08-01\naccount: acme\nname: Acme AG")
    with changed.reading() as connection:
        shown = connection.account("acme")
    assert shown is not None
    _, given = account_text(shown).split("values from a day on\n")
    assert given.partition("\n\n")[0].splitlines() == [
        "    ~ account acme: payment_term Net 60 from 2026-05-10 on, by `term`",
        "    ~ account acme: name Acme AG from 2026-08-01 on, by `later`",
        "    ~ contact ann: name Ann from 2026-05-10 on, by `name`",
        "    ~ S1/seat: ends before 2026-05-16, by `more`",
        "    ~ subscription S1: bill_day 15 from 2026-05-16 on, by `day`",
    ]


# -- importing -----------------------------------------------------------------------------------------------------


def test_the_same_book_is_known_after_changes(changed: Ledger) -> None:
    before = dump(changed)
    assert changed.import_book(book_from(BOOK)).added == {}
    assert changed.import_book(whole(changed)).added == {}
    assert dump(changed) == before


def test_another_value_is_refused_also_after_changes(changed: Ledger) -> None:
    found = refused(lambda: changed.import_book(book_from(BOOK.replace("Net 30", "Net 7"))))
    assert codes(found) == ["import-differs"]


HISTORY = BOOK.replace(
    "payment_term: Net 30}}",
    "payment_term: Net 60}, history: [{field: attributes.payment_term, value: Net 30}, {field: name}, "
    "{field: attributes.payment_term, value: Net 60, since: 2026-05-10, operation: old-1}, "
    "{field: name, value: Acme, since: 2026-04-01}]}",
)


def test_a_book_with_a_history_comes_in_twice_and_goes_on(ledger: Ledger) -> None:
    book = book_from(HISTORY)
    ledger.import_book(book)
    assert ledger.check() == []
    before = dump(ledger)
    assert ledger.import_book(book).added == {}
    assert ledger.import_book(unkept(whole(ledger))).added == {}
    assert dump(ledger) == before
    post_all(ledger, CHANGES[2].replace("Net 60", "Net 90"))
    assert ledger.check() == []
    assert ledger.import_book(book).added == {}
    held = [(one.value, one.since) for one in whole(ledger).accounts["acme"].history if one.field.endswith("term")]
    assert held == [("Net 30", None), ("Net 60", datetime.date(2026, 5, 10)), ("Net 90", datetime.date(2026, 5, 10))]


def test_what_a_ledger_holds_is_a_book_that_another_one_takes(changed: Ledger, url: str) -> None:
    with create_ledger(url) as other:
        other.import_book(unkept(whole(changed)))
        assert other.check() == []
        assert whole(other).accounts["acme"].attributes == {"bill_to_contact": "ann", "payment_term": "Net 60"}


# -- corruption ----------------------------------------------------------------------------------------------------

PLANTED = {
    "UPDATE held SET value = 'Net 7' WHERE field = 'attributes.payment_term' AND value = 'Net 60'": {"journal-differs"},
    "UPDATE held SET since = '2026-05-11' WHERE field = 'attributes.payment_term'": {"journal-differs"},
    "UPDATE held SET operation = 'other' WHERE scope = 'contact'": {"journal-differs"},
    "DELETE FROM held WHERE scope = 'charge'": {"journal-differs"},
    "DELETE FROM held WHERE scope = 'accounting_period'": {"journal-differs"},
    "UPDATE held SET posted_by = NULL WHERE scope = 'account'": {"journal-differs"},
    "INSERT INTO held (scope, id, position, field, value, since, operation, posted_by) "
    "VALUES ('account', 'bolt', 0, 'name', 'Bolt', '2026-05-01', 'new', 'new')": {"journal-differs"},
    "UPDATE accounts SET currency = 'USD' WHERE id = 'bolt'": {"journal-differs"},
    "UPDATE accounts SET created_by = NULL WHERE id = 'bolt'": {"journal-differs"},
    "UPDATE accounts SET created_by = 'term' WHERE id = 'acme'": {"journal-differs", "operation-differs"},
    "UPDATE contacts SET name = 'Rob' WHERE id = 'bob'": {"journal-differs"},
    "UPDATE subscribed_charges SET rate = '99.00' WHERE id = 'seat-2'": {"journal-differs"},
    "DELETE FROM subscribed_charges WHERE id = 'seat-2'": {"journal-differs"},
}


@pytest.mark.parametrize("statement", PLANTED)
def test_what_is_changed_by_hand_is_found(changed: Ledger, statement: str) -> None:
    by_hand(changed, statement)
    found = {one.code for one in told(changed)}
    assert found
    assert found <= PLANTED[statement] | {"operation-differs"}


@pytest.mark.in_a_file
def test_what_was_given_stays_as_it_is(changed: Ledger) -> None:
    """The guards of the database itself: nobody changes or deletes what was held."""
    with closing(sqlite3.connect(file_of(changed))) as connection:
        for statement in ("UPDATE held SET value = 'x'", "DELETE FROM held"):
            with pytest.raises(sqlite3.DatabaseError):
                connection.execute(statement)


# -- plans made before ---------------------------------------------------------------------------------------------


def prepared(book: Book, text: str) -> Job:
    return job_of(plan(book, text, today=TODAY), "tester")


JANUARY = "operation: create_payment\ndate: 2026-01-10\naccount: acme\namount: 5.00"


@pytest.mark.parametrize(
    ("planned", "since"),
    [
        (JANUARY, CHANGES[7]),
        (CHANGES[0].replace("id: new", "id: same"), CHANGES[0]),
        ("operation: create_charge\ncharge: c\nname: C", "id: c\noperation: create_charge\ncharge: c\nname: Other"),
        (CHANGES[6].replace("id: called", "id: again"), CHANGES[6]),
        (CHANGES[7].replace("id: closed", "id: again"), CHANGES[7]),
        (CHANGES[2].replace("id: term", "id: again"), CHANGES[2]),
        (CHANGES[4].replace("id: more", "id: again"), CHANGES[4]),
    ],
)
def test_a_plan_is_stale_once_what_it_relied_on_is_another(ledger: Ledger, planned: str, since: str) -> None:
    ledger.import_book(book_from(BOOK))
    job = prepared(whole(ledger), planned)
    post_all(ledger, since)
    before = dump(ledger)
    assert codes(refused(lambda: post_one(ledger, job, now=NOW))) == ["plan-stale"]
    assert dump(ledger) == before


@pytest.mark.parametrize("text", CHANGES)
def test_a_plan_that_still_holds_is_posted(ledger: Ledger, text: str) -> None:
    ledger.import_book(book_from(BOOK))
    others = [CHANGES[0]] if "bob" in text.partition("\n")[0] else []
    if others:
        post_all(ledger, *others)
    post_one(ledger, prepared(whole(ledger), text), now=NOW)
    assert ledger.check() == []
