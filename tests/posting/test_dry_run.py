"""A dry run on a ledger reads slices and joins them; what it shows is what the whole book gives, and what is posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.operations.chain import needs_of
from billpolicy.planning.plan import Plan, left_by
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.posting import Job, Outcome, dry_run, post_jobs
from billpolicy.posting.store import Posted, Reader, Store
from tests.helpers.books import book_from
from tests.helpers.jobs import chain, credit, refusing, run, told, wanted
from tests.helpers.ledgers import ledger_of, post, whole
from tests.helpers.planning import plan_on
from tests.helpers.sample import BOOK, NOW, apply_plan, credit_plan, payment_plan, sample
from tests.helpers.scenes import versions
from tests.helpers.walks import TODAY, Record, Walk, asked_for, hold, read, walk
from tests.posting.conftest import StoreOf

GROUPS = (1, 3, 500)


class Spying:
    """A reader that remembers what it was asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.known, self.requests, self.posted = reader.known, reader.requests, reader.posted
        self.parts, self.in_use = reader.parts, reader.in_use
        self.reopened, self.policies = reader.reopened, reader.policies
        self.moved, self.waiting, self.given_elsewhere = reader.moved, reader.waiting, reader.given_elsewhere
        self.subscriptions, self.first_unbilled = reader.subscriptions, reader.first_unbilled
        self.asked: list[Needs] = []

    def book(self, needs: Needs) -> Book:
        self.asked.append(needs)
        return self._reader.book(needs)


# -- any operations ------------------------------------------------------------------------------------------------


def jobs_of(policy: str, operations: Sequence[Record]) -> list[Job]:
    those = versions(policy)

    def job(one: Any) -> Job:
        needs = needs_of(those.policies, one.request)
        return Job(one.request.id, one.data, needs, lambda book: plan_on(those, book, one, TODAY), "ann")

    return [job(one) for one in asked_for(*operations)]


def shown(reader: Reader, jobs: Sequence[Job], group: int = 500) -> list[Any]:
    """All plans and refusals; in a slice there are fewer names to suggest in a hint."""
    return [
        one.plan or [problem._replace(hint=None) for problem in one.problems] for one in dry_run(reader, jobs, group)
    ]


def test_slices_show_what_the_whole_book_shows(empty_file: Path) -> None:
    """Of operations that come after others have been posted; nothing asks for the whole ledger."""

    def holds(found: Walk) -> None:
        half = len(found.operations) // 2
        with ledger_of(read(found.book), empty_file) as ledger:
            list(post_jobs(ledger, jobs_of(found.policy, found.operations[:half]), now=lambda: NOW))
            coming = jobs_of(found.policy, found.operations[half:])
            expected = shown(BookReader(whole(ledger)), coming)
            with ledger.reading() as reader:
                for group in GROUPS:
                    spying = Spying(reader)
                    assert shown(spying, coming, group) == expected
                    assert not any(needs.everything for needs in spying.asked)

    hold(holds, (walk(seed) for seed in (*range(100), 178)))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("posted", range(6))
def test_what_memos_have_paid_back_is_seen_whatever_of_it_is_only_planned(
    empty_file: Path, group: int, posted: int
) -> None:
    """120.00 came in and go out by the memo; the payment is taken off its invoice, put on another one and taken off
    that, and 60.00 go to another account: of neither half anything is left to be paid back."""
    book = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann}}, {id: beta, currency: EUR}]
contacts: [{id: ann, account: acme}]
subscriptions: [{id: s1, account: acme}]
invoices:
- {number: I1, account: acme, date: 2026-05-01, currency: EUR, items: [{id: a, subscription: s1, amount: 120.00}]}
- {number: I2, account: acme, date: 2026-05-02, currency: EUR, items: [{id: a, amount: 50.00}]}
payments: [{number: P1, account: acme, date: 2026-05-02, currency: EUR, amount: 120.00}]
applications: [{from: P1, to: I1, date: 2026-05-02, amount: 120.00}]
credit_memos:
- number: C1
  account: acme
  date: 2026-05-03
  currency: EUR
  bill_run: BR
  items: [{id: "1", source: I1, source_item: a, subscription: s1, amount: 120.00}]
"""
    policy = """exceptions:
- {id: paid, operations: [create_refund], when: {refund.paid: [nothing, part]}, then: {permission: refused}}
"""
    day = {"date": "2026-05-10"}
    on_i2 = [{"document": "I2", "amount": "50.00"}]
    moved = {"payment": "P1", "to_account": "beta", "amount": "60.00"}
    operations: list[Record] = [
        {"id": "memo", "operation": "create_refund", "of": "C1", "amount": "120.00", **day},
        {"id": "off", "operation": "unapply_payment", "payment": "P1", **day},
        {"id": "put", "operation": "apply_payment", "payment": "P1", "apply": on_i2, **day},
        {"id": "off-2", "operation": "unapply_payment", "payment": "P1", "unapply": on_i2, **day},
        {"id": "move", "operation": "transfer_payment", **moved, **day},
        {"id": "again", "operation": "create_refund", "of": "P1", "amount": "0.01", **day},
        {"id": "there", "operation": "create_refund", "of": "P-00000001", "amount": "0.01", **day},
    ]
    with ledger_of(book_from(book), empty_file) as ledger:
        done = list(post_jobs(ledger, jobs_of(policy, operations[:posted]), now=lambda: NOW))
        assert [one.problems for one in done] == [()] * posted
        coming = jobs_of(policy, operations[posted:])
        expected = shown(BookReader(whole(ledger)), coming, group)
        with ledger.reading() as reader:
            found = shown(reader, coming, group)
        assert found == expected
        assert [[one.code for one in refused] for refused in found[-2:]] == [["not-permitted"]] * 2


# -- by hand -------------------------------------------------------------------------------------------------------


def slice_of(store: Store, needs: Needs) -> Book:
    with store.reading() as reader:
        return reader.book(needs)


def test_joined_slices_have_the_money_of_a_document_in_the_order_in_which_it_was_moved(store: Store) -> None:
    """Unapplying takes the last one back first. The first slice has only the last application of the payment."""
    post(store, apply_plan(whole(store), "op-1", "P-00000001", "INV00000002", "1.00"), who="ann", now=NOW)
    first = slice_of(store, Needs(subscriptions=frozenset({"s1"})))
    joined = first.joined(slice_of(store, Needs(numbers=frozenset({"P-00000001"}))))
    targets = [made.to for made in joined.applications_from["P-00000001"]]
    assert targets == ["INV00000003", "DM00000001", "INV00000002"]


def test_joined_slices_say_the_truth_whatever_was_read_first(store: Store) -> None:
    everything = whole(store)
    for first in everything.numbered:
        for second in everything.numbered:
            books = [slice_of(store, Needs(numbers=frozenset({number}))) for number in (first, second)]
            joined = books[0].joined(books[1])
            assert joined.numbered.keys() == books[0].numbered.keys() | books[1].numbered.keys()
            for number, document in joined.numbered.items():
                assert document == everything.numbered[number]
                for index in ("applications_from", "applications_to", "refunds_of"):
                    assert getattr(joined, index).get(number) == getattr(everything, index).get(number)


def test_of_what_both_have_the_planned_one_counts(store: Store) -> None:
    book = slice_of(store, Needs(numbers=frozenset({"INV00000001"})))
    plan = credit_plan(book, "op-1", "INV00000001", "40.00", reverse=True)
    outcome, *_ = dry_run_of(store, [wanted("op-1", Needs(numbers=frozenset({"INV00000001"})), lambda _: plan)])
    assert outcome.plan is not None
    after: list[Book] = []

    def look(book: Book) -> Plan:
        after.append(book)
        return credit_plan(book, "op-2", "INV00000003", "1.00")

    both = Needs(numbers=frozenset({"INV00000001", "INV00000003"}))
    one = wanted("op-1", Needs(numbers=frozenset({"INV00000001"})), lambda book: plan)
    list(dry_run_of(store, [one, wanted("op-2", both, look)], group=1))
    assert [book.revisions["INV00000001"] for book in after] == [1]
    assert [book.balance(book.numbered["INV00000001"]) for book in after] == [110]
    assert [book.counters["CM"] for book in after] == [3]


def dry_run_of(store: Store, jobs: Sequence[Job], group: int = 10) -> list[Outcome]:
    with store.reading() as reader:
        return list(dry_run(reader, jobs, group))


def told_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Of each: the number that it would make, or the codes of its refusal; `=` if it was planned before."""
    return [
        one.plan.documents[0].document.number if one.plan else ",".join(problem.code for problem in one.problems) or "="
        for one in outcomes
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_a_refused_one_leaves_the_others_as_they_are_and_nothing_is_posted(store: Store, group: int) -> None:
    before = whole(store)
    batch = [credit(0), refusing("op-1", "nothing-due"), credit(2), credit(3, "INV00000001")]
    assert told_of(dry_run_of(store, batch, group)) == ["CM00000003", "nothing-due", "CM00000004", "CM00000005"]
    assert whole(store) == before


@pytest.mark.parametrize("group", GROUPS)
def test_what_was_posted_is_given_as_it_was(store: Store, group: int) -> None:
    (first,) = run(store, [credit(0)])
    outcomes = dry_run_of(store, [credit(1), credit(0), replace(credit(0), request={"id": "other"})], group)
    assert told_of(outcomes) == ["CM00000004", "CM00000003", "operation-differs"]
    assert first.posted is not None
    assert outcomes[1].posted == Posted(first.posted.plan, first.posted.audit, repeated=True)
    assert (outcomes[0].posted, outcomes[2].posted) == (None, None)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("ledger", [True, False])
def test_what_comes_twice_is_planned_once_and_refused_if_it_differs(store: Store, group: int, ledger: bool) -> None:
    other = replace(credit(0), request={"id": "op-0", "amount": "2"})
    batch = [credit(0), credit(0), other, credit(1)]
    planned = dry_run_of(store, batch, group) if ledger else list(dry_run(BookReader(sample()), batch, group))
    assert told_of(planned) == ["CM00000003", "=", "operation-differs", "CM00000004"]
    posted = run(store, batch, group)
    assert told(posted) == ["CM00000003", "=CM00000003", "operation-differs", "CM00000004"]
    assert [one.problems for one in posted] == [one.problems for one in planned]


@pytest.mark.parametrize("group", GROUPS)
def test_a_number_that_another_document_has_is_refused_as_it_will_be(store_of: StoreOf, group: int) -> None:
    """Series 2 and 23 meet (docs/domain.md 8). The document that has the number is in no slice."""
    book = book_from(BOOK.replace("INV00000005", "2310000300"))
    store = store_of(book)
    meeting = wanted(
        "op-0",
        Needs(numbers=frozenset({"INV00000004"})),
        lambda book: credit_plan(book, "op-0", "INV00000004", "1", prefix="2", start=310_000_300),
    )
    batch = [meeting, credit(1)]
    planned = dry_run_of(store, batch, group)
    assert told_of(planned) == ["number-taken", "CM00000003"]
    assert told_of(list(dry_run(BookReader(book), batch, group))) == ["number-taken", "CM00000003"]
    posted = run(store, batch, group)
    assert told(posted) == ["number-taken", "CM00000003"]
    assert [one.problems for one in posted] == [one.problems for one in planned]


@pytest.mark.parametrize("group", GROUPS)
def test_so_is_a_number_that_another_one_of_the_same_run_has(store: Store, group: int) -> None:
    def meeting(id: str, prefix: str, start: int) -> Job:
        needs = Needs(numbers=frozenset({"INV00000004"}))
        return wanted(id, needs, lambda book: credit_plan(book, id, "INV00000004", "1", prefix=prefix, start=start))

    batch = [meeting("op-0", "23", 10_000_300), meeting("op-1", "2", 310_000_300), credit(2)]
    assert told_of(dry_run_of(store, batch, group)) == ["2310000300", "number-taken", "CM00000003"]
    assert told(run(store, batch, group)) == ["2310000300", "number-taken", "CM00000003"]


@pytest.mark.parametrize("group", GROUPS)
def test_an_id_that_a_step_would_share_is_refused_as_it_will_be(store: Store, group: int) -> None:
    step = "op-1/another-rule/INV00000001"
    needs = Needs(numbers=frozenset({"INV00000001", "INV00000002"}))
    followed = wanted("op-1", needs, lambda book: chain(book, "op-1"))
    taken = [credit(0, id=step), followed, credit(2)]
    assert told_of(dry_run_of(store, taken, group)) == ["CM00000003", "operation-id-taken", "CM00000004"]
    assert told(run(store, taken, group)) == ["CM00000003", "operation-id-taken", "CM00000004"]


@pytest.mark.parametrize("group", GROUPS)
def test_whoever_asks_for_a_step_that_was_planned_is_not_answered_with_another_one(store: Store, group: int) -> None:
    step = "op-1/another-rule/INV00000001"
    needs = Needs(numbers=frozenset({"INV00000001", "INV00000002"}))
    followed = wanted("op-1", needs, lambda book: chain(book, "op-1"))

    def planner(book: Book) -> tuple[Plan, Book]:
        plan = credit_plan(book, step, "INV00000001", "1.00")
        return plan, left_by(plan, book)

    asked = Job(step, chain(whole(store), "op-1").follow_ups[1].plan.request, needs, planner, "ann")
    assert told_of(dry_run_of(store, [followed, asked], group)) == ["CM00000003", "="]
    assert told(run(store, [followed, asked], group)) == ["CM00000003", "=CM00000006"]


def test_a_document_that_is_only_planned_brings_what_it_hangs_on(store: Store) -> None:
    """Whoever names it later finds its account's open documents and what it was made from."""
    seen: list[set[str]] = []

    def look(book: Book) -> Plan:
        seen.append({*book.numbered})
        return credit_plan(book, "op-1", "INV00000003", "1.00")

    plan = lambda book: payment_plan(book, "op-0", {}, "5.00")  # noqa: E731
    paid = wanted("op-0", Needs(accounts=frozenset({"acme"})), plan)
    named = frozenset({"P-00000003"})
    list(dry_run_of(store, [paid, wanted("op-1", Needs(numbers=named, open_of_owner=named), look)]))
    assert seen[0] >= {"P-00000003", "P-00000001", "INV00000001", "INV00000002", "INV00000003", "CM00000001"}


def test_it_needs_nothing_for_nothing(store: Store) -> None:
    with store.reading() as reader:
        spying = Spying(reader)
        assert list(dry_run(spying, [])) == []
        assert spying.asked == []
