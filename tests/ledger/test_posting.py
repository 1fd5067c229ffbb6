"""Posting into a database: every row is as it must be, and of what is refused no row is left.

What is the same for every store stands in `tests/posting/test_store_contract.py`.
"""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import CHANGES, Change, Reversed, billing, change_name
from billpolicy.book.model import CreditMemo
from billpolicy.ledger.store import Ledger
from tests.helpers.kinds_of_change import EACH
from tests.helpers.ledgers import dump, post, whole
from tests.helpers.refusals import refused
from tests.helpers.sample import NOW, credit_plan, doing


@pytest.mark.parametrize("name", CHANGES)
def test_after_each_kind_of_change_nothing_is_wrong(stocked: Ledger, name: str) -> None:
    post(stocked, EACH[name](whole(stocked), "op-1"), who="ann", now=NOW)
    assert stocked.check() == []


@pytest.mark.parametrize("name", ["reversed", "subscription_canceled", "charged_through"])
def test_a_change_that_no_table_would_keep_is_a_bug(
    stocked: Ledger, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What a change does to a field that posting does not write would be lost; so nothing is posted."""
    plan = EACH[name](whole(stocked), "op-1")
    change = next(one for one in plan.changes if change_name(one) == name)
    on = type(change).on

    def more(self: Change, book: Book) -> Book:
        after = on(self, book)  # type: ignore[arg-type]
        if isinstance(self, Reversed):
            return after.with_posted([replace(billing(after, self.number), comment="lost")])
        return after.with_posted(subscriptions=[replace(after.subscriptions["s1"], plan="lost")])

    monkeypatch.setattr(type(change), "on", more)
    before = dump(stocked)
    with pytest.raises(ValueError, match="a ledger cannot keep what was changed of"):
        post(stocked, plan, who="ann", now=NOW)
    assert dump(stocked) == before


def test_nor_after_all_of_them(stocked: Ledger) -> None:
    for name in EACH:
        if name != "draft_canceled":  # the only one is posted
            post(stocked, EACH[name](whole(stocked), f"op-{name}"), who="ann", now=NOW)
    assert stocked.check() == []


def test_a_repeat_writes_no_row(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000001", reverse=True)
    post(stocked, plan, who="ann", now=NOW)
    before = dump(stocked)
    post(stocked, plan, who="bob", now=NOW + datetime.timedelta(days=3))
    assert dump(stocked) == before


def test_of_what_is_refused_no_row_is_left(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000001")
    before = dump(stocked)
    for wrong in (
        credit_plan(whole(stocked), "op-1", "INV00000003", "10.01"),  # more than is open
        replace(plan, basis={"INV00000001": 1}),  # stale
        credit_plan(whole(stocked), "op-1", "INV00000001", prefix="INV"),  # a number of another kind
    ):
        refused(lambda wrong=wrong: post(stocked, wrong, who="ann", now=NOW))  # type: ignore[misc]
        assert dump(stocked) == before


def test_a_document_that_nobody_knows_is_a_bug(stocked: Ledger) -> None:
    plan = credit_plan(whole(stocked), "op-1", "INV00000001")
    (planned,) = plan.documents
    assert isinstance(planned.document, CreditMemo)
    stranger = replace(planned.document, account="nobody")
    before = dump(stocked)
    with pytest.raises(Exception, match=r"(?i)foreign key|does not fit what `documents` has"):
        post(stocked, doing(plan, (planned._replace(document=stranger),), plan.applications), who="ann", now=NOW)
    assert dump(stocked) == before
