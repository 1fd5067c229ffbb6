"""What goes beyond a limit over time can be approved apart from the operation, as what a rule asks to approve."""

from __future__ import annotations

import datetime

import pytest

import billpolicy
from billpolicy.posting.store import Store
from tests.helpers.books import book_from
from tests.helpers.refusals import refused
from tests.helpers.scenes import versions
from tests.posting.conftest import StoreOf

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: a}]
invoices:
- {number: INV00000001, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 300.00}]}
- {number: INV00000002, account: a, date: 2026-05-01, currency: EUR, items: [{id: x, amount: 300.00}]}
"""
POLICY = versions("""
roles: {clerk: [ines, ana], lead: [maria]}
every_operation: {actor: required}
limits:
  clerks-a-day:
    {operations: [write_off_invoice], per: day, by: actor, roles: [clerk], amounts: {EUR: 500.00}, beyond: approval}
""")
FIRST, SECOND = (
    {"id": f"w{n}", "operation": "write_off_invoice", "invoice": f"INV0000000{n}", "actor": "ines"} for n in (1, 2)
)
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
JUNE = NOON.date()


@pytest.fixture
def store(store_of: StoreOf) -> Store:
    return store_of(book_from(BOOK))


def post(store: Store, operation: dict[str, str]) -> billpolicy.Posted:
    return billpolicy.post(POLICY, store, operation, who="ines", now=NOON, today=JUNE)


def codes(store: Store, operation: dict[str, str]) -> list[str]:
    return [one.code for one in refused(lambda: post(store, operation)).diagnostics]


def approve(store: Store, person: str) -> billpolicy.ForApproval:
    return billpolicy.approve(POLICY, store, "w2", actor=person, now=NOON, today=JUNE)


def test_a_lead_lets_it_pass_and_another_clerk_does_not(store: Store) -> None:
    post(store, FIRST)  # 300.00 of 500.00: the next 300.00 would make 600.00
    assert codes(store, SECOND) == ["approval-missing"]
    (awaited,) = billpolicy.wait(POLICY, store, SECOND, who="ines", now=NOON, today=JUNE).waiting.awaited
    assert (awaited.approval, awaited.rule) == ("approval", "clerks-a-day")
    for person, code in (("ines", "approval-own"), ("marja", "approver-unknown"), ("ana", "approver-not-permitted")):
        found = refused(lambda person=person: approve(store, person))  # type: ignore[misc]
        assert [one.code for one in found.diagnostics] == [code]
    assert codes(store, SECOND) == ["approval-missing"]
    assert approve(store, "maria").complete
    assert post(store, SECOND).audit.approved_by == ("maria",)


def test_on_another_day_there_is_nothing_to_approve(store: Store) -> None:
    post(store, FIRST)
    billpolicy.wait(POLICY, store, SECOND, who="ines", now=NOON, today=JUNE)
    morning = NOON + datetime.timedelta(days=1)
    found = refused(lambda: billpolicy.approve(POLICY, store, "w2", actor="maria", now=morning, today=JUNE))
    assert [one.code for one in found.diagnostics] == ["approval-complete"]
    posted = billpolicy.post(POLICY, store, SECOND, who="ines", now=morning, today=morning.date())
    assert posted.audit.approved_by == ()


def test_who_asks_for_an_approval_apart_is_named(store: Store) -> None:
    """Or whoever asks could approve it under their name."""
    policy = versions(
        "limits: {a-day: {operations: [write_off_invoice], per: day, by: all, count: 1, beyond: approval}}"
    )
    first, second = ({key: value for key, value in one.items() if key != "actor"} for one in (FIRST, SECOND))
    billpolicy.post(policy, store, first, who="ines", now=NOON, today=JUNE)
    found = refused(lambda: billpolicy.wait(policy, store, second, who="ines", now=NOON, today=JUNE))
    assert [one.code for one in found.diagnostics] == ["actor-missing"]
    assert billpolicy.waiting(store) == []
