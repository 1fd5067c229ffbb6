"""A newer book is followed by operations: each kind of difference, what is not followed, and what never moves."""

from __future__ import annotations

import datetime
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.history import on_day
from billpolicy.book.model import Contact, Held, MasterRecord
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.operations.sync.sync import Sync
from billpolicy.posting.store import Store
from tests.helpers.books import book_from
from tests.helpers.ledgers import dump, ledger_of, whole
from tests.helpers.memory_store import MemoryStore
from tests.helpers.paths import STANDARD
from tests.helpers.processes import kill, next_lines, started
from tests.helpers.properties import examples
from tests.helpers.synced import DAY, a_book, a_newer_one

VERSIONS = Versions([Resolver(prove(STANDARD), "python")])
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
LATER = DAY + datetime.timedelta(days=1)
BOOK = """
accounts:
- {id: acme, currency: EUR, name: Acme, country: DE, attributes: {bill_to_contact: ann, payment_term: Net 30}}
- {id: other, currency: EUR}
contacts:
- {id: ann, account: acme, name: Ann}
- {id: bob, account: acme, name: Bob, retired_on: 2026-05-01}
charges: [{id: seat, name: Seats, type: recurring}]
subscriptions:
- {id: crm, account: acme, plan: gold, start: 2026-01-01, term_end: 2027-01-01,
   charges: [{id: seats, charge: seat, rate: 30.00, charged_through: 2026-08-01}]}
invoices:
- {number: INV1, account: acme, date: 2026-06-01, currency: EUR, items: [{id: a, subscription: crm, amount: 30.00}]}
payments: [{number: P1, account: acme, date: 2026-06-02, currency: EUR, amount: 30.00}]
accounting_periods:
- {from: 2026-05-01, until: 2026-06-01, status: closed}
- {from: 2026-06-01, until: 2026-07-01}
"""
CHAIN = """
  {id: seats, charge: seat, rate: 30.00, charged_through: 2026-08-01, until: 2026-09-01},
  {id: s2, continues: seats, charge: seat, rate: 35.00, start: 2026-09-01, until: 2026-11-01},
  {id: s3, continues: seats, charge: seat, rate: 40.00, start: 2026-11-01, until: 2026-12-01}"""
NEW = "- {id: web, account: other, start: 2026-01-01, charges: [{id: w, charged_through: 2026-02-01}]}\n"
PAID = "{number: P2, account: acme, date: 2026-06-03, currency: EUR, amount: 1.00}, "
APPLIED = "applications: [{from: P1, to: INV1, date: 2026-06-03, amount: 30.00}]\n"
CRM = "charges: [{id: seats, charge: seat, rate: 30.00, charged_through: 2026-08-01}]}"


def sync(on: Store | Book, book: Book, day: datetime.date = DAY) -> Sync:
    return billpolicy.sync(VERSIONS, on, book, today=day)


def follow(store: Store, book: Book, day: datetime.date = DAY, **how: Any) -> Sync:
    """Post all that follows the book; all of it must be postable."""
    found = sync(store, book, day)
    steps = [step.operation for step in found.steps]
    for outcome in billpolicy.post_all(VERSIONS, store, steps, who="ann", now=lambda: NOW, today=day, **how):
        assert outcome.posted is not None, outcome.problems
    return found


def changed(*replaced: tuple[str, str], more: str = "") -> Book:
    text = BOOK
    for there, here in replaced:
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    return book_from(text + more)


def operations(found: Sync) -> list[dict[str, Any]]:
    """What is asked for, without what all steps have."""
    return [
        {key: value for key, value in step.operation.items() if key not in ("id", "date", "from") or key == "from"}
        for step in found.steps
    ]


def asked(operation: str, **keys: Any) -> dict[str, Any]:
    return {"operation": operation, **{key.rstrip("_"): value for key, value in keys.items()}}


@pytest.fixture
def ledger(tmp_path: Path, empty_file: Path) -> Iterator[Ledger]:
    with ledger_of(book_from(BOOK), empty_file) as opened:
        yield opened


# -- each kind of difference ---------------------------------------------------------------------------------------

MONTHLY = {"quantity": "1", "period": "month", "timing": "in_advance", "start": "2026-01-01"}
EACH = {
    "account": (
        [("name: Acme, country: DE", "name: Acme AG, region: BY"), ("payment_term: Net 30", "payment_term: Net 60")],
        [
            asked(
                "change_account",
                account="acme",
                from_="2026-07-01",
                name="Acme AG",
                region="BY",
                clear=["country"],
                attributes={"payment_term": "Net 60"},
            )
        ],
    ),
    "attribute-held-no-more": (
        [(", payment_term: Net 30", "")],
        [asked("change_account", account="acme", from_="2026-07-01", attributes={"payment_term": None})],
    ),
    "contact": (
        [("name: Ann}", "name: Ann B., email: ann@acme.test}")],
        [asked("change_contact", contact="ann", from_="2026-07-01", name="Ann B.", email="ann@acme.test")],
    ),
    "contact-retired": (
        [("name: Ann}", "name: Ann, retired_on: 2026-07-15}")],
        [asked("retire_contact", contact="ann", from_="2026-07-15")],
    ),
    "contact-back": (
        [(", retired_on: 2026-05-01", "")],
        [asked("retire_contact", contact="bob", clear=["retired_on"], from_="2026-07-01")],
    ),
    "contact-retired-later": (
        [("retired_on: 2026-05-01", "retired_on: 2026-08-01")],
        [
            asked("retire_contact", contact="bob", clear=["retired_on"], from_="2026-07-01"),
            asked("retire_contact", contact="bob", from_="2026-08-01"),
        ],
    ),
    "contact-retired-on-another-day-that-is-past": ([("retired_on: 2026-05-01", "retired_on: 2026-04-01")], []),
    "contact-new": (
        [("- {id: ann, account", "- {id: carl, account: acme}\n- {id: ann, account")],
        [asked("create_contact", contact="carl", account="acme")],
    ),
    "account-new-with-its-contact": (
        [
            ("- {id: other", "- {id: beta, currency: USD, attributes: {bill_to_contact: dora}}\n- {id: other"),
            ("- {id: ann, account", "- {id: dora, account: beta, name: Dora}\n- {id: ann, account"),
        ],
        [
            asked(
                "create_account",
                account="beta",
                currency="USD",
                attributes={"bill_to_contact": "dora"},
                contacts=[{"id": "dora", "name": "Dora"}],
            )
        ],
    ),
    "charge": (
        [("name: Seats", "name: Seats of the CRM, tax_code: standard")],
        [asked("change_charge", charge="seat", from_="2026-07-01", name="Seats of the CRM", tax_code="standard")],
    ),
    "charge-new": (
        [("charges: [{id: seat,", "charges: [{id: call, name: Calls, tax_code: standard}, {id: seat,")],
        [asked("create_charge", charge="call", name="Calls", type="one_time", tax_code="standard")],
    ),
    "subscription": (
        [("plan: gold", "bill_day: 5, invoice_separately: true")],
        [
            asked(
                "change_subscription",
                subscription="crm",
                from_="2026-07-01",
                invoice_separately=True,
                clear=["plan"],
            ),
            # By its old bill day it is billed through July.
            asked("change_subscription", subscription="crm", from_="2026-08-01", bill_day=5),
        ],
    ),
    "subscription-renewed": (
        [("term_end: 2027-01-01", "term_end: 2028-01-01")],
        [asked("renew_subscription", subscription="crm", term_end="2028-01-01")],
    ),
    "subscription-canceled": (
        [("term_end: 2027-01-01", "term_end: 2027-01-01, canceled_on: 2026-09-01")],
        [asked("cancel_subscription", subscription="crm", at="date", effective_date="2026-09-01", final_bill=False)],
    ),
    "charge-added": (
        [
            (
                CRM,
                CRM[:-2] + ", {id: off, discounts: extra, rate: -1.00}, {id: cap, item: extra, bills: maximum,"
                " rate: 4.00, timing: in_arrears, profile: p, tax_code: exempt}, {id: pool, rate: 1.00,"
                " drawn_by: [calls]}, {id: calls, rate: 0.10, usage: true}, {id: extra, rate: 5.00}]}",
            )
        ],
        [
            asked("add_subscribed_charge", subscription="crm", charge=charge)
            for charge in (
                {**MONTHLY, "id": "calls", "rate": "0.10", "usage": True},
                {**MONTHLY, "id": "extra", "rate": "5.00"},
                {**MONTHLY, "id": "pool", "rate": "1.00", "drawn_by": ["calls"]},
                {
                    **MONTHLY,
                    "id": "cap",
                    "rate": "4.00",
                    "timing": "in_arrears",
                    "item": "extra",
                    "bills": "maximum",
                    "profile": "p",
                    "tax_code": "exempt",
                },
                {**MONTHLY, "id": "off", "rate": "-1.00", "discounts": "extra"},
            )
        ],
    ),
    "charge-ends": (
        [("charged_through: 2026-08-01}", "charged_through: 2026-08-01, until: 2026-10-01}")],
        [asked("end_subscribed_charge", subscription="crm", charge="seats", until="2026-10-01")],
    ),
    "charge-ends-and-another-begins": (
        [
            (
                "charged_through: 2026-08-01}",
                "charged_through: 2026-08-01, until: 2026-10-01}, {id: more, rate: 1.00, start: 2026-10-01}",
            )
        ],
        [
            asked("end_subscribed_charge", subscription="crm", charge="seats", until="2026-10-01"),
            asked(
                "add_subscribed_charge",
                subscription="crm",
                charge={**MONTHLY, "id": "more", "rate": "1.00", "start": "2026-10-01"},
            ),
        ],
    ),
    "price-of-now": (
        [("rate: 30.00", "rate: 35.00, quantity: 2, tax_code: standard")],
        [
            asked(
                "change_subscribed_charge",
                subscription="crm",
                charge="seats",
                from_="2026-07-01",
                as_="seats-2",
                rate="35.00",
                quantity="2",
                tax_code="standard",
            )
        ],
    ),
    "prices-with-their-days": (
        [
            (
                "{id: seats, charge: seat, rate: 30.00, charged_through: 2026-08-01}",
                CHAIN,
            )
        ],
        [
            asked("end_subscribed_charge", subscription="crm", charge="seats", until="2026-12-01"),
            asked(
                "change_subscribed_charge",
                subscription="crm",
                charge="seats",
                from_="2026-09-01",
                as_="s2",
                rate="35.00",
            ),
            asked(
                "change_subscribed_charge", subscription="crm", charge="s2", from_="2026-11-01", as_="s3", rate="40.00"
            ),
        ],
    ),
    "period-closed": (
        [("- {from: 2026-06-01, until: 2026-07-01}", "- {from: 2026-06-01, until: 2026-07-01, status: closed}")],
        [asked("close_accounting_period", from_="2026-06-01")],
    ),
    "periods-new": (
        [("until: 2026-07-01}", "until: 2026-07-01}\n- {from: 2026-07-01, until: 2026-08-01}")],
        [asked("create_accounting_period", from_="2026-07-01", until="2026-08-01")],
    ),
    "without-a-contact-it-is-none-that-is-deleted": (
        [("- {id: bob, account: acme, name: Bob, retired_on: 2026-05-01}", "")],
        [],
    ),
}


@pytest.mark.parametrize("name", EACH)
def test_each_kind_of_difference_is_followed_by_its_operation(name: str, ledger: Ledger) -> None:
    replaced, expected = EACH[name]
    newer, before = changed(*replaced), whole(ledger)
    found = follow(ledger, newer)
    assert operations(found) == expected
    assert found.not_followed == ()
    assert sync(ledger, newer).steps == ()
    assert_only_master_data_moved(before, whole(ledger))
    assert ledger.check() == []


def test_a_new_subscription_comes_with_its_prices_and_its_end(ledger: Ledger) -> None:
    web = (
        "- {id: web, account: other, start: 2026-07-01, canceled_on: 2027-07-01, charges: [{id: page, rate: 10.00,"
        " until: 2026-10-01}, {id: page-2, continues: page, start: 2026-10-01, rate: 12.00}]}\n- {id: crm"
    )
    newer = changed(("- {id: crm", web))
    found = follow(ledger, newer)
    names = [step["operation"] for step in operations(found)]
    assert names == ["create_subscription", "change_subscribed_charge", "cancel_subscription"]
    made = whole(ledger).subscriptions["web"]
    assert [(one.id, one.continues, str(one.rate), str(one.start), str(one.until)) for one in made.charges] == [
        ("page", None, "10.00", "2026-07-01", "2026-10-01"),
        ("page-2", "page", "12.00", "2026-10-01", "None"),
    ]
    assert str(made.canceled_on) == "2027-07-01"
    assert sync(ledger, newer).steps == ()
    assert ledger.check() == []


def test_reopening_goes_from_the_last_to_the_first() -> None:
    known = changed(
        ("- {from: 2026-06-01, until: 2026-07-01}", "- {from: 2026-06-01, until: 2026-07-01, status: closed}")
    )
    newer = changed((", status: closed", ""))
    assert operations(sync(known, newer)) == [
        asked("reopen_accounting_period", from_="2026-06-01"),
        asked("reopen_accounting_period", from_="2026-05-01"),
    ]


def test_a_contact_is_there_before_it_is_named_and_named_no_more_before_it_is_retired(ledger: Ledger) -> None:
    newer = changed(
        ("bill_to_contact: ann", "bill_to_contact: bob"),
        (", retired_on: 2026-05-01", ""),
        ("name: Ann}", "name: Ann, retired_on: 2026-07-01}"),
    )
    found = follow(ledger, newer)
    assert [(step["operation"], "clear" in step) for step in operations(found)] == [
        ("retire_contact", True),
        ("change_account", False),
        ("retire_contact", False),
    ]


def test_a_value_holds_since_the_day_that_the_history_of_the_book_says(ledger: Ledger) -> None:
    """Net 60 since 20 June, and Net 90 from 1 August on; the name, of which no day is told, from today on."""
    terms = [("Net 30", None), ("Net 60", "2026-06-20"), ("Net 90", "2026-08-01")]
    held = tuple(
        Held(field="attributes.payment_term", value=value, since=datetime.date.fromisoformat(since) if since else None)
        for value, since in terms
    )
    newer = changed(("payment_term: Net 30", "payment_term: Net 90"), ("name: Acme,", "name: Acme AG,"))
    acme = replace(newer.accounts["acme"], history=held)
    newer = newer.with_records([acme])
    found = follow(ledger, newer)
    assert operations(found) == [
        asked("change_account", account="acme", from_="2026-06-20", attributes={"payment_term": "Net 60"}),
        asked("change_account", account="acme", from_="2026-07-01", name="Acme AG"),
        asked("change_account", account="acme", from_="2026-08-01", attributes={"payment_term": "Net 90"}),
    ]
    known = whole(ledger).accounts["acme"]
    days = ("2026-06-19", "2026-06-20", "2026-07-01", "2026-08-01")
    then = [on_day(known, datetime.date.fromisoformat(day)) for day in days]
    assert [(one.attributes["payment_term"], one.name) for one in then] == [
        ("Net 30", "Acme"),
        ("Net 60", "Acme"),
        ("Net 60", "Acme AG"),
        ("Net 90", "Acme AG"),
    ]
    assert sync(ledger, newer).steps == ()


def test_an_accent_that_is_a_character_of_its_own_makes_no_difference(ledger: Ledger) -> None:
    composed, apart = "Caf\u00e9", "Cafe\u0301"
    assert composed != apart
    follow(ledger, changed(("name: Acme,", f"name: {composed},"), ("id: other", f"id: {composed}")))
    found = sync(ledger, changed(("name: Acme,", f"name: {apart},"), ("id: other", f"id: {apart}")))
    assert (found.steps, found.not_followed) == ((), ())


def test_an_id_that_a_ledger_has_in_another_spelling_becomes_no_second_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be a second account that looks like the first. The ledger is of a time before names had one spelling."""
    with monkeypatch.context() as patched:
        patched.setattr("billpolicy.source.scalars.composed", lambda text: text)
        follow(ledger, changed(("id: other", "id: Cafe\u0301")))
    found = sync(ledger, changed(("id: other", "id: Caf\u00e9")))
    assert (found.steps, codes(found)) == ((), ["sync-differs"])


# -- ids -----------------------------------------------------------------------------------------------------------


def ids(found: Sync) -> list[str]:
    return [step.operation["id"] for step in found.steps]


def test_the_same_difference_is_the_same_operation_until_the_ledger_has_moved_on(ledger: Ledger) -> None:
    newer, older = changed(("name: Acme,", "name: Acme AG,")), book_from(BOOK)
    first = ids(follow(ledger, newer))
    back = ids(follow(ledger, older))
    (again,) = ids(sync(ledger, newer))
    assert ids(sync(ledger, newer)) == [again]
    assert len({*first, *back, again}) == 3
    assert follow(ledger, newer).steps != ()
    assert whole(ledger).accounts["acme"].name == "Acme AG"


# -- what is not followed ------------------------------------------------------------------------------------------


def codes(found: Sync) -> list[str]:
    return [one.diagnostic.code for one in found.not_followed]


NOT = {
    "document-other": (
        [("crm, amount: 30.00", "crm, amount: 31.00")],
        "sync-money",
        "invoices",
        "`30.00` there, but `31.00`",
    ),
    "document-new": (
        [("payments: [", "payments: [" + PAID)],
        "sync-money",
        "payments",
        "payment P2 is not in the ledger",
    ),
    "billed-further": (
        [("charged_through: 2026-08-01", "charged_through: 2026-09-01")],
        "sync-money",
        "subscriptions",
        "billed through 2026-09-01 in the book, but through 2026-08-01",
    ),
    "applied": (
        [("accounting_periods:", APPLIED + "accounting_periods:")],
        "sync-money",
        "payments",
        "30.00 of P1 is on INV1 in the book, but not in the ledger",
    ),
    "new-and-billed": (
        [("- {id: crm", NEW + "- {id: crm")],
        "sync-money",
        "subscriptions",
        "is new, but its charge `w` is billed through 2026-02-01",
    ),
    "charge-new-and-billed": (
        [(CRM, CRM[:-2] + ", {id: w, charged_through: 2026-02-01}]}")],
        "sync-money",
        "subscriptions",
        "charge `w` of subscription `crm` is new, but it is billed already",
    ),
    "new-without-a-start": (
        [("- {id: crm", "- {id: web, account: other}\n- {id: crm")],
        "sync-differs",
        "subscriptions",
        "does not say when it starts",
    ),
    "start": (
        [("start: 2026-01-01, term", "start: 2026-02-01, term")],
        "sync-differs",
        "subscriptions",
        "`start` of subscription `crm` is 2026-02-01 in the book, but 2026-01-01 in the ledger",
    ),
    "currency": (
        [("plan: gold", "plan: gold, currency: USD")],
        "sync-differs",
        "subscriptions",
        "`currency` of subscription `crm` is USD in the book, but none in the ledger",
    ),
    "term-shorter": (
        [("term_end: 2027-01-01", "term_end: 2026-12-01")],
        "sync-differs",
        "subscriptions",
        "`term_end` of subscription `crm` is 2026-12-01 in the book",
    ),
    "period-of-a-charge": (
        [("rate: 30.00", "rate: 30.00, period: year")],
        "sync-differs",
        "subscriptions",
        "`period` of charge `seats` of subscription `crm` is year in the book, but month",
    ),
    "item-of-a-charge": (
        [("rate: 30.00", "rate: 30.00, item: i1")],
        "sync-differs",
        "subscriptions",
        "`item` of charge `seats` of subscription `crm` is i1 in the book, but none in the ledger",
    ),
    "start-of-a-charge": (
        [("rate: 30.00", "rate: 30.00, start: 2026-02-01")],
        "sync-differs",
        "subscriptions",
        "`start` of charge `seats` of subscription `crm` is 2026-02-01 in the book, but 2026-01-01",
    ),
    "no-rate": (
        [("rate: 30.00, ", "")],
        "sync-differs",
        "subscriptions",
        "`rate` of charge `seats` of subscription `crm` is none in the book, but 30.00",
    ),
    "contact-of-another": (
        [("{id: bob, account: acme", "{id: bob, account: other")],
        "sync-differs",
        "contacts",
        "`account` of contact `bob` is other in the book, but acme in the ledger",
    ),
    "until-of-a-period": (
        [("until: 2026-07-01}", "until: 2026-07-15}")],
        "sync-differs",
        "accounting_periods",
        "`until` of accounting period `2026-06-01` is 2026-07-15 in the book",
    ),
}


def test_what_a_charge_is_drawn_by_does_not_change() -> None:
    calls = (CRM, CRM[:-2] + ", {id: calls, rate: 0.10, usage: true}]}")
    known, newer = changed(calls), changed(calls, ("{id: seats, ", "{id: seats, drawn_by: [calls], "))
    (found,) = sync(known, newer).not_followed
    told = "`drawn_by` of charge `seats` of subscription `crm` is calls in the book, but none in the ledger"
    assert told in found.diagnostic.message


@pytest.mark.parametrize("name", NOT)
def test_what_is_not_followed_is_told_and_the_rest_goes_on(name: str, ledger: Ledger) -> None:
    replaced, code, section, told = NOT[name]
    found = follow(ledger, changed(*replaced, ("name: Acme,", "name: Acme AG,")))
    assert [step.operation["operation"] for step in found.steps] == ["change_account"]
    assert [(one.section, one.diagnostic.code) for one in found.not_followed] == [(section, code)]
    assert told in found.not_followed[0].diagnostic.message
    assert found.counts[section].not_followed == (0 if name == "applied" else 1)
    assert ledger.check() == []


def test_a_cancellation_stays(ledger: Ledger) -> None:
    canceled = changed(("term_end: 2027-01-01", "term_end: 2027-01-01, canceled_on: 2026-09-01"))
    follow(ledger, canceled)
    found = sync(ledger, book_from(BOOK))
    assert (found.steps, codes(found)) == ((), ["sync-differs"])
    assert "`canceled_on` of subscription `crm` is none in the book, but 2026-09-01" in (
        found.not_followed[0].diagnostic.message
    )


def test_a_price_changes_once_a_day(ledger: Ledger) -> None:
    follow(ledger, changed(("rate: 30.00", "rate: 35.00")))
    third = changed(("rate: 30.00", "rate: 40.00"))
    found = sync(ledger, third)
    assert (found.steps, codes(found)) == ((), ["sync-differs"])
    follow(ledger, third, LATER)
    charges = whole(ledger).subscriptions["crm"].charges
    assert [(one.id, str(one.rate), str(one.start), str(one.until)) for one in charges] == [
        ("seats", "30.00", "None", "2026-07-01"),
        ("seats-2", "35.00", "2026-07-01", "2026-07-02"),
        ("seats-3", "40.00", "2026-07-02", "None"),
    ]
    assert sync(ledger, third, LATER).not_followed == ()  # also as to what is billed: seats are, through 1 August


def test_a_document_that_was_reversed_here_is_still_the_one_that_came(ledger: Ledger) -> None:
    billpolicy.post(
        VERSIONS,
        ledger,
        {"id": "wrong", "operation": "reverse_invoice", "date": "2026-07-01", "invoice": "INV1"},
        who="ann",
        today=DAY,
    )
    assert sync(ledger, book_from(BOOK)).not_followed == ()


def test_usage_is_the_ledgers_own(empty_file: Path) -> None:
    """5 is recorded, the book says 6 of it and has another record; what a charge includes cannot change."""
    text = """
accounts: [{id: acme, currency: EUR}]
subscriptions:
- {id: s, account: acme, start: 2026-01-01, charges: [
    {id: calls, rate: 0.10, usage: true, timing: in_arrears, included: 2}]}
usage: [{id: u1, subscription: s, charge: calls, date: 2026-06-01, quantity: 5}]
"""
    second = "quantity: 6}, {id: u2, subscription: s, charge: calls, date: 2026-06-02, quantity: 1}"
    with ledger_of(book_from(text), empty_file) as ledger:
        found = sync(ledger, book_from(text.replace("quantity: 5}", second).replace("included: 2", "included: 3")))
        assert found.steps == ()
        assert [(one.section, one.id, one.diagnostic.code) for one in found.not_followed] == [
            ("subscriptions", "s", "sync-differs"),
            ("usage", "u1", "sync-money"),
            ("usage", "u2", "sync-money"),
        ]
        assert found.counts["usage"].not_followed == 2
        assert sync(ledger, book_from(text)).not_followed == ()


def test_what_the_policy_does_not_declare_is_told_and_passed_over() -> None:
    told: list[Diagnostic] = []
    newer = changed(("payment_term: Net 30", "payment_term: Net 30, colour: red"))
    found = billpolicy.sync(VERSIONS, book_from(BOOK), newer, today=DAY, warn=told.append)
    assert found.steps == ()
    assert [one.code for one in told] == ["attribute-unused"]


def test_a_charge_that_the_book_does_not_have_goes_on_and_is_counted(ledger: Ledger) -> None:
    found = sync(ledger, changed((CRM, "charges: []}")))
    assert (found.steps, found.not_followed) == ((), ())
    assert found.counts["subscribed_charges"].left == 1


def test_atomic_it_is_all_or_nothing(ledger: Ledger) -> None:
    """The policy does not know the term Net 45: that is refused, and with `atomic` the contact is not changed too."""
    newer = changed(("payment_term: Net 30", "payment_term: Net 45"), ("name: Ann}", "name: Ann B.}"))
    before = dump(ledger)
    steps = [step.operation for step in sync(ledger, newer).steps]
    done = list(billpolicy.post_all(VERSIONS, ledger, steps, who="ann", today=DAY, atomic=True))
    assert [[problem.code for problem in one.problems] for one in done] == [[], ["payment-term-unknown"]]
    assert dump(ledger) == before
    done = list(billpolicy.post_all(VERSIONS, ledger, steps, who="ann", today=DAY))
    assert [one.posted is not None for one in done] == [True, False]


# -- properties ----------------------------------------------------------------------------------------------------


def assert_only_master_data_moved(before: Book, after: Book) -> None:
    """Nothing is deleted, and no document and no money is another one."""
    assert dict(after.numbered) == dict(before.numbered)
    assert dict(after.applications_from) == dict(before.applications_from)
    for section in ("accounts", "contacts", "subscriptions", "charges"):
        assert getattr(before, section).keys() <= getattr(after, section).keys()
    for id, subscription in before.subscriptions.items():
        now = after.subscriptions[id].charges
        assert [one.id for one in subscription.charges] == [one.id for one in now[: len(subscription.charges)]]
        assert [one.charged_through for one in subscription.charges] == [
            one.charged_through for one in now[: len(subscription.charges)]
        ]
    assert {one.from_ for one in before.periods} <= {one.from_ for one in after.periods}


def held(record: MasterRecord) -> Any:
    """What the record holds, without how it came to that; a day of retirement that is to come holds on no day yet."""
    plain = replace(record, created_by=None, history=())
    return replace(plain, retired_on=None) if isinstance(plain, Contact) else plain


SEEDS = st.integers(min_value=0, max_value=10**9)


@examples(30)
@given(SEEDS)
def test_what_was_followed_is_what_the_book_says(empty_file: Path, seed: int) -> None:
    chance = random.Random(seed)
    book = a_book(chance)
    newer = a_newer_one(chance, book)
    memory = MemoryStore(book)
    with ledger_of(book, empty_file) as ledger:
        before, rows = whole(ledger), dump(ledger)
        found = sync(ledger, newer)
        steps = [step.operation for step in found.steps]
        assert all(outcome.plan for outcome in billpolicy.plan_all(VERSIONS, ledger, steps, today=DAY))
        assert dump(ledger) == rows  # a dry run changes nothing
        for store in (ledger, memory):
            assert follow(store, newer, group=chance.choice((1, 3, 500))) == found
            again = sync(store, newer)
            assert again.steps == ()
            assert again.not_followed == found.not_followed
            after = whole(store)
            assert_only_master_data_moved(before, after)
            for section in ("accounts", "contacts", "charges"):
                known = getattr(after, section)
                assert {id: held(on_day(known[id], DAY)) for id in getattr(newer, section)} == {
                    id: held(one) for id, one in getattr(newer, section).items()
                }
            assert {id: after.contacts[id].retired_on for id in newer.contacts} == {
                id: one.retired_on for id, one in newer.contacts.items()
            }
        rows = dump(ledger)
        follow(ledger, newer)
        assert dump(ledger) == rows  # the same book twice changes nothing
        assert ledger.check() == []


def test_killed_half_way_it_is_finished_by_the_same_command(tmp_path: Path, empty_file: Path) -> None:
    chance = random.Random(20260701)
    book = a_book(chance, accounts=60)
    newer = a_newer_one(chance, book)
    file = tmp_path / "killed.db"
    shutil.copy(empty_file, file)
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.import_book(book)
        before = whole(ledger)
        steps = len(sync(ledger, newer).steps)
    with ledger_of(book, empty_file) as ledger:
        follow(ledger, newer)
        expected = whole(ledger)
    child = started("syncer", f"sqlite:///{file}", "60")
    told = [*next_lines(child, 5), *kill(child)]
    with open_ledger(f"sqlite:///{file}") as ledger:
        left = len(sync(ledger, newer).steps)
        assert 0 < left <= steps - len(told)
        follow(ledger, newer)
        after = whole(ledger)
        assert sync(ledger, newer).steps == ()
        assert ledger.check() == []
    assert_only_master_data_moved(before, after)
    for section in ("accounts", "contacts", "charges", "subscriptions"):
        assert {id: shape(one) for id, one in getattr(after, section).items()} == {
            id: shape(one) for id, one in getattr(expected, section).items()
        }


def shape(record: Any) -> Any:
    """A record without the ids of the operations that made it: those of a later day, or after others, differ."""
    charges = getattr(record, "charges", None)
    if charges is not None:
        record = replace(record, charges=tuple(replace(one, created_by=None) for one in charges))
    return replace(record, created_by=None, history=())
