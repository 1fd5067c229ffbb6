"""The id of the request by which a program does something stands in the audit trail: on every store."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy.api.arguments import request_of
from billpolicy.posting.store import Audit, Store
from billpolicy.report.ledger import ledger_report
from billpolicy.report.ledger_text import operation_text
from billpolicy.source.write import plain_data
from tests.helpers.bill_runs import MONTHLY, subscribed
from tests.helpers.books import book_from
from tests.helpers.ledgers import ledger_of
from tests.helpers.scenes import versions
from tests.posting.conftest import StoreOf

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: a}]
invoices:
- {number: INV00000001, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 900.00}]}
- {number: INV00000002, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 50.00}]}
"""
POLICY = versions("""
roles: {clerk: [ines], lead: [maria]}
exceptions:
- id: limit
  operations: [write_off_invoice]
  when: {actor.role: clerk, amount: {above: 100.00 EUR}}
  then: {permission: {approval: {by: [lead]}}}
""")
LARGE = {"id": "large", "operation": "write_off_invoice", "invoice": "INV00000001", "actor": "ines"}
SMALL = {"id": "small", "operation": "write_off_invoice", "invoice": "INV00000002", "actor": "ines"}
RUN = {"id": "BR-1", "operation": "bill_run", "date": "2026-06-01"}
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
DAY = NOON.date()


@pytest.fixture
def place(store_of: StoreOf) -> Store:
    return store_of(book_from(BOOK))


def audits(place: Store, *ids: str) -> list[Audit]:
    with place.reading() as reader:
        return [posted.audit for posted in reader.posted(ids).values()]


def test_an_operation_has_the_request_that_posted_it(place: Store) -> None:
    posted = billpolicy.post(POLICY, place, SMALL, who="ines", request="req-1", now=NOON, today=DAY)
    assert posted.audit == Audit("small", "ines", NOON, None, (), "req-1")
    again = billpolicy.post(POLICY, place, SMALL, who="ines", request="req-2", now=NOON, today=DAY)
    assert (again.repeated, again.audit.request) == (True, "req-1")
    assert audits(place, "small") == [posted.audit]


def test_without_one_it_has_none(place: Store) -> None:
    billpolicy.post(POLICY, place, SMALL, who="ines", now=NOON, today=DAY)
    assert [one.request for one in audits(place, "small")] == [None]


def test_a_plan_that_was_made_before_has_it(place: Store) -> None:
    plan = billpolicy.plan(POLICY, place, SMALL, today=DAY)
    assert billpolicy.post(POLICY, place, plan, who="ines", request="req-1", now=NOON).audit.request == "req-1"


def test_each_part_of_a_batch_has_it(store_of: StoreOf) -> None:
    """Also of a bill run over every account, each part of which is an operation of its own."""
    place = store_of(book_from(subscribed(f"id: s1, {MONTHLY}")))
    asked: list[dict[str, Any]] = [
        {"id": "p-1", "operation": "create_payment", "account": "other", "amount": 5, "currency": "EUR"},
        RUN,
    ]
    done = billpolicy.post_all(versions(""), place, asked, who="ines", request="night", now=lambda: NOON, today=DAY)
    requests = {outcome.job.id: outcome.posted and outcome.posted.audit.request for outcome in done}
    assert requests == {"p-1": "night", "BR-1/acme": "night"}


def test_a_step_has_that_of_what_it_follows(store_of: StoreOf) -> None:
    place = store_of(book_from(BOOK))
    policy = versions("follow_ups:\n- {id: used, after: payment_posted, then: apply_credits}\n")
    paid = {"id": "paid", "operation": "create_payment", "account": "a", "amount": 5, "currency": "EUR"}
    plan = billpolicy.post(policy, place, paid, who="ines", request="req-1", now=NOON, today=DAY).plan
    assert len(plan.follow_ups) == 1
    assert {one.request for one in audits(place, "paid", plan.follow_ups[0].plan.id)} == {"req-1"}


def test_what_waits_has_that_of_each_who_did_something(place: Store) -> None:
    """That of whoever let it wait, of whoever approved it and of whoever posted it, each its own."""
    standing = billpolicy.wait(POLICY, place, LARGE, who="ines", request="w-1", now=NOON, today=DAY).waiting
    assert standing.request_id == "w-1"
    standing = billpolicy.approve(POLICY, place, "large", actor="maria", request="a-1", now=NOON, today=DAY).waiting
    assert [one.request for one in standing.approvals] == ["a-1"]
    posted = billpolicy.post(POLICY, place, LARGE, who="ines", request="p-1", now=NOON, today=DAY)
    assert posted.audit.request == "p-1"


@pytest.mark.parametrize("id", ["a", "A-1_b.c", "0" * 64])
def test_an_id_of_a_request(id: str) -> None:
    assert request_of(id) == id


@pytest.mark.parametrize("id", ["", "0" * 65, "a b", "a\n", "é", "a/b", "a\0", "\u202ea"])
def test_no_id_of_a_request(id: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 letters, digits"):
        request_of(id)


@pytest.mark.parametrize("request_id", ["req-1", None])
def test_it_is_shown_where_there_is_one(empty_file: Path, request_id: str | None) -> None:
    with ledger_of(book_from(BOOK), empty_file) as ledger:
        billpolicy.post(POLICY, ledger, SMALL, who="ines", request=request_id, now=NOON, today=DAY)
        with ledger.reading() as reader:
            shown = reader.operation("small")
    assert shown is not None
    told = plain_data(ledger_report(shown))["audit"]
    assert told.get("request", "none is told") == (request_id or "none is told")
    assert ("  request          req-1\n" in operation_text(shown)) == (request_id is not None)
