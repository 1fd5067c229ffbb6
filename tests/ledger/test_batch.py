"""Batches in a database: a slice for each group, and whatever kills a batch, the next one finishes it.

What is the same for every store stands in `tests/posting/test_store_contract.py`.
"""

from __future__ import annotations

import pytest

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan
from billpolicy.posting.posting import Job, post_jobs
from tests.helpers.batcher import credits_of
from tests.helpers.jobs import credit, refusing, run, told, wanted
from tests.helpers.ledgers import dump, url_of, whole
from tests.helpers.processes import kill, next_lines, started
from tests.helpers.sample import DAY, NOW, credit_plan, doing, many_invoices, refund_plan
from tests.helpers.scenes import versions


def test_what_names_a_new_document_begins_a_group(stocked: Ledger) -> None:
    """Planned without reading the ledger again, it would not find what hangs on that document."""
    seen: list[set[str]] = []

    def refund(book: Book) -> Plan:
        seen.append({*book.subscriptions})
        return refund_plan(book, "op-1", "CM00000003", "1.00")

    unapplied = wanted(
        "op-0",
        Needs(numbers=frozenset({"INV00000001"})),
        lambda book: doing(
            credit_plan(book, "op-0", "INV00000001", "1.00"), credit_plan(book, "op-0", "INV00000001", "1.00").documents
        ),
    )
    later = wanted("op-1", Needs(numbers=frozenset({"CM00000003"})), refund)
    third = credit(2)
    assert told(run(stocked, [unapplied, later, third])) == ["CM00000003", "R-00000003", "CM00000004"]
    assert seen == [{"s1", "s2"}]  # those of INV00000001, from which it was made


def test_what_needs_everything_is_alone(stocked: Ledger) -> None:
    books: list[int] = []

    def plan(n: int, needs: Needs) -> Job:
        def make(book: Book) -> Plan:
            books.append(len(book.numbered))
            return credit_plan(book, f"op-{n}", "INV00000004", "1")

        return wanted(f"op-{n}", needs, make)

    one = Needs(numbers=frozenset({"INV00000004"}))
    run(stocked, [plan(0, one), plan(1, Needs(everything=True)), plan(2, one)])
    assert books == [1, 13, 3]  # all 12 of the sample and one memo; then the invoice with its two memos


@pytest.mark.parametrize(("group", "atomic"), [(1, False), (3, False), (100, False), (3, True)])
def test_a_batch_leaves_a_ledger_with_nothing_wrong(stocked: Ledger, group: int, atomic: bool) -> None:
    run(stocked, [credit(n) for n in range(7)], group, atomic=atomic)
    assert stocked.check() == []
    before = dump(stocked)
    run(stocked, [credit(n) for n in range(7)], group, atomic=atomic)
    assert dump(stocked) == before


@pytest.mark.parametrize("group", [1, 100])
def test_what_is_created_and_changed_in_one_group_is_at_the_revision_that_the_journal_says(
    stocked: Ledger, group: int
) -> None:
    contact = {"operation": "create_contact", "account": "new"}
    charge = {"operation": "add_subscribed_charge", "subscription": "s-new"}
    asked: list[dict[str, object]] = [
        {"id": "op-0", "operation": "create_account", "account": "new", "currency": "USD"},
        {"id": "op-1", **contact, "contact": "nell"},
        {
            "id": "op-2",
            "operation": "create_subscription",
            "subscription": "s-new",
            "account": "new",
            "start": str(DAY),
        },
        {"id": "op-3", **charge, "charge": {"id": "seats"}},
        {"id": "op-4", **charge, "charge": {"id": "calls"}},
    ]
    done = list(billpolicy.post_all(versions(), stocked, asked, who="ann", today=DAY, group=group, now=lambda: NOW))
    assert [one.problems for one in done] == [()] * len(asked)
    book = whole(stocked)
    # The contact changes the account, and each charge the subscription.
    assert (book.revisions["account:new"], book.revisions["subscription:s-new"]) == (1, 2)
    assert stocked.check() == []


@pytest.mark.parametrize("atomic", [False, True])
def test_of_a_batch_that_is_refused_no_row_is_left(stocked: Ledger, atomic: bool) -> None:
    before = dump(stocked)
    run(stocked, [credit(0, amount="5001"), refusing("op-1", "nothing-due")], atomic=atomic)
    assert dump(stocked) == before


@pytest.mark.parametrize("count_told", [1, 41, 201])
def test_killed_and_started_again_it_finishes_the_rest(ledger: Ledger, count_told: int) -> None:
    """A real process, killed with SIGKILL after it told of so many; groups of 20 of 1000 operations."""
    count, group = 1000, 20
    ledger.import_book(many_invoices(count, items=1))
    before = len(whole(ledger).numbered)
    child = started("batcher", url_of(ledger), str(count), str(group))
    lines = [*next_lines(child, count_told), *kill(child)]
    assert lines[0].split() == ["op-0", "CM00000003"]
    after = whole(ledger)
    there = len(after.numbered) - before
    assert 0 < there < count, "it was not killed in the middle"
    assert there % group == 0
    assert there >= len(lines)
    assert ledger.check() == []
    outcomes = list(post_jobs(ledger, credits_of(count), now=lambda: NOW, group=group))
    numbers = [f"CM{n:08d}" for n in range(3, 3 + count)]
    assert told(outcomes) == [("=" if n < there else "") + number for n, number in enumerate(numbers)]
    assert len(whole(ledger).numbered) == before + count
    assert ledger.check() == []
