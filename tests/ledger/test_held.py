"""What master data hold on a ledger, changed by hand: `ledger check` finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy
from billpolicy.book.history import value_on
from billpolicy.ledger.store import Ledger
from tests.helpers.books import book_from
from tests.helpers.ledgers import by_hand, ledger_of, whole
from tests.helpers.sample import DAY, NOW
from tests.helpers.scenes import versions

CHANGED = (
    {"id": "op-1", "operation": "change_account", "account": "acme", "name": "Acme Ltd", "country": "CA"},
    {"id": "op-2", "operation": "retire_contact", "contact": "bob"},
    {"id": "op-3", "operation": "end_subscribed_charge", "subscription": "s1", "charge": "s1-seat"},
)
OF_ACME = "scope = 'account' AND id = 'acme'"
PLANTED = {
    f"UPDATE held SET value = 'Other' WHERE {OF_ACME} AND field = 'name'": {"journal-differs"},
    f"UPDATE held SET since = '2026-01-01' WHERE {OF_ACME} AND field = 'name'": {"journal-differs"},
    f"UPDATE held SET operation = 'op-2' WHERE {OF_ACME} AND field = 'name'": {"journal-differs", "operation-differs"},
    f"UPDATE held SET posted_by = 'op-2' WHERE {OF_ACME} AND field = 'name'": {"operation-differs"},
    f"UPDATE held SET position = 7 WHERE {OF_ACME} AND field = 'country'": {"journal-differs"},
    f"DELETE FROM held WHERE {OF_ACME} AND field = 'name'": {"journal-differs"},
    f"UPDATE held SET field = 'plan' WHERE {OF_ACME} AND field = 'name'": {"record-unreadable"},
    f"UPDATE held SET field = 'nothing' WHERE {OF_ACME} AND field = 'name'": {"record-unreadable"},
    "UPDATE held SET value = 'soon' WHERE field = 'retired_on'": {"record-unreadable"},
    "UPDATE held SET value = 'soon' WHERE field = 'charges.s1-seat.until'": {"record-unreadable"},
}


@pytest.mark.parametrize("statement", PLANTED, ids=range(len(PLANTED)))
def test_what_was_changed_by_hand_is_found(stocked: Ledger, statement: str) -> None:
    done = list(billpolicy.post_all(versions(), stocked, CHANGED, who="ann", today=DAY, now=lambda: NOW))
    assert [one.problems for one in done] == [()] * len(CHANGED)
    assert stocked.check() == []
    by_hand(stocked, statement)
    found = stocked.check()
    assert {problem.code for problem in found} == PLANTED[statement], "\n".join(map(str, found))


NONE = """
accounts: [{id: a, currency: USD, attributes: {payment_term: null}}]
subscriptions: [{id: s, account: a, start: 2026-01-01, attributes: {payment_term: null}, custom: {segment: null}}]
"""
TERM = {"attributes": {"payment_term": "Net 30"}, "from": "2026-05-01"}


def test_what_says_that_it_holds_none_can_be_given_a_value(empty_file: Path) -> None:
    """To say so and to say nothing is the same (docs/domain.md 1.1)."""
    with ledger_of(book_from(NONE), empty_file) as ledger:
        asked = [
            {"id": "op-1", "operation": "change_account", "account": "a", **TERM},
            {"id": "op-2", "operation": "change_subscription", "subscription": "s", **TERM},
            {
                "id": "op-3",
                "operation": "create_subscription",
                "subscription": "t",
                "account": "a",
                "start": "2026-01-01",
                "attributes": {"payment_term": None},
            },
            {"id": "op-4", "operation": "change_subscription", "subscription": "t", **TERM},
        ]
        done = list(billpolicy.post_all(versions(), ledger, asked, who="ann", today=DAY, now=lambda: NOW))
        assert [one.problems for one in done] == [()] * len(asked)
        book = whole(ledger)
        for record in (book.accounts["a"], book.subscriptions["s"], book.subscriptions["t"]):
            assert value_on(record, "attributes.payment_term", DAY) == "Net 30"
        assert ledger.check() == []
        assert ledger.import_book(book_from(NONE)).added == {}
        assert ledger.import_book(book).added == {}
