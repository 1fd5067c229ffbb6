"""A bill run over every account, as a batch: an operation for each account that it finds something on."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy.book.book import Book
from billpolicy.book.model import AccountingPeriod, Document
from billpolicy.ledger.store import Ledger
from billpolicy.posting.posting import Outcome
from billpolicy.posting.store import Store
from tests.helpers.bill_runs import MONTHLY, charges
from tests.helpers.books import book_from
from tests.helpers.ledgers import dump, ledger_of, whole
from tests.helpers.refusals import refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.posting.conftest import StoreOf

DAY = datetime.date(2026, 1, 31)
RUN: dict[str, Any] = {"id": "BR-1", "operation": "bill_run", "date": "2026-01-31"}
DUE = f"start: 2026-01-01, {MONTHLY}"
"""January is due: 100.00."""
BILLED = f"start: 2026-01-01, {charges('id: c, rate: 100.00, charged_through: 2026-02-01')}"
"""February begins after the run."""
NO_START = MONTHLY
"""Nothing says since when: a mistake in the book."""
COMES_TO_NOTHING = (
    "start: 2026-01-01, canceled_on: 2026-01-20, "
    f"{charges('id: c, period: one_time, rate: 5.00, charged_through: 2026-01-02')}"
)
"""A setup that was charged and is not given back: the standard policy has `credit_one_time: false`."""


@pytest.fixture
def ledger(empty_file: Path) -> Iterator[Ledger]:
    """A ledger that holds nothing yet."""
    with ledger_of(Book(), empty_file) as made:
        yield made


def accounts(**each: str) -> Book:
    """A book of these accounts, each with one subscription, `S-` and its name."""
    return book_from(written(**each))


def written(**each: str) -> str:
    """The same as text."""
    lines = ["accounts:"]
    lines += [f"- {{id: {name}, currency: USD, attributes: {{bill_to_contact: c-{name}}}}}" for name in each]
    lines += ["contacts:", *(f"- {{id: c-{name}, account: {name}}}" for name in each), "subscriptions:"]
    lines += [f"- {{id: S-{name}, account: {name}, {said}}}" for name, said in each.items()]
    return "\n".join(lines)


def post(
    store: Store, *operations: dict[str, Any], policy: str = "", today: datetime.date = DAY, **how: Any
) -> list[str]:
    return told(
        billpolicy.post_all(versions(policy), store, operations, who="ann", now=lambda: NOW, today=today, **how)
    )


def plan(on: Book | Store, *operations: dict[str, Any], policy: str = "") -> list[str]:
    return told(billpolicy.plan_all(versions(policy), on, operations, today=DAY))


def told(outcomes: Iterable[Outcome]) -> list[str]:
    """Of each its id, and what it made, `before` or the codes of its refusal; nothing where others were refused."""
    return [f"{one.job.id}: {_told(one)}".rstrip() for one in outcomes]


def _told(one: Outcome) -> str:
    if one.posted is not None and one.posted.repeated:
        return "before"
    numbers: Sequence[str] = [made.document.number for made in one.plan.documents] if one.plan is not None else []
    return " ".join(numbers or (problem.code for problem in one.problems))


def runs(store: Store) -> dict[str, str | None]:
    """Number -> the bill run that a document names."""
    return {one.number: one.bill_run for one in whole(store).numbered.values() if isinstance(one, Document)}


class TestParts:
    def test_each_account_is_an_operation_of_its_own_and_its_documents_name_the_run(self, store_of: StoreOf) -> None:
        store = store_of(accounts(bo=DUE, ana=DUE, cy=BILLED))
        shown = plan(store, RUN)
        assert post(store, RUN) == shown == ["BR-1/ana: INV00000001", "BR-1/bo: INV00000002"]
        assert runs(store) == {"INV00000001": "BR-1", "INV00000002": "BR-1"}

    def test_the_same_again_changes_nothing(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        post(store, RUN)
        before = whole(store)
        assert post(store, RUN) == plan(store, RUN) == ["BR-1/ana: before", "BR-1/bo: before"]
        assert whole(store) == before

    def test_what_is_new_is_billed_and_what_was_posted_is_known(self, ledger: Ledger) -> None:
        ledger.import_book(accounts(bo=DUE))
        assert post(ledger, RUN) == ["BR-1/bo: INV00000001"]
        ledger.import_book(accounts(ana=DUE, bo=DUE))
        assert post(ledger, RUN) == ["BR-1/ana: INV00000002", "BR-1/bo: before"]

    def test_a_refused_account_does_not_stop_the_others(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=NO_START, cy=DUE))
        assert post(store, RUN) == ["BR-1/ana: INV00000001", "BR-1/bo: start-missing", "BR-1/cy: INV00000002"]
        assert post(store, RUN) == ["BR-1/ana: before", "BR-1/bo: start-missing", "BR-1/cy: before"]

    def test_all_or_nothing(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=NO_START, cy=DUE))
        assert post(store, RUN, atomic=True, group=1) == ["BR-1/ana:", "BR-1/bo: start-missing", "BR-1/cy:"]
        assert runs(store) == {}

    def test_all_of_it_at_once_passes_over_what_comes_to_nothing(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=COMES_TO_NOTHING, cy=DUE))
        assert post(store, RUN, atomic=True, group=1) == ["BR-1/ana: INV00000001", "BR-1/cy: INV00000002"]

    @pytest.mark.parametrize("group", [1, 2, 3, 500])
    def test_it_is_one_of_several_operations(self, store_of: StoreOf, group: int) -> None:
        """What the ones before it have done is seen when its turn comes; those after it come after all its parts."""
        store = store_of(accounts(ana=DUE, bo=DUE, cy=BILLED, di=BILLED))
        asked = [
            {**RUN, "id": "early", "accounts": ["bo"]},
            {
                "id": "stop",
                "operation": "cancel_subscription",
                "subscription": "S-cy",
                "effective_date": "2026-01-31",
                "final_bill": False,
                "date": "2026-01-31",
            },
            RUN,
            {**RUN, "id": "late", "accounts": ["ana"]},
            {**RUN, "id": "BR-2"},
            {**RUN, "id": "BR-3", "target_date": "2026-02-01"},
        ]
        # The last day of January: 100.00 / 31 = 3.23 of cy's month.
        expected = [
            "early: INV00000001",
            "stop:",
            "BR-1/ana: INV00000002",
            "BR-1/cy: CM00000001",
            "late: nothing-due",
            "BR-2: nothing-due",
            "BR-3/ana: INV00000003",
            "BR-3/bo: INV00000004",
            "BR-3/di: INV00000005",
        ]
        assert plan(store, *asked) == expected
        assert post(store, *asked, group=group) == expected
        assert whole(store).numbered["CM00000001"].amount == Decimal("3.23")


REOPENED = """
invoices:
- {number: I-1, account: bo, date: 2026-01-01, currency: USD,
   items: [{id: '1', subscription: S-bo, subscribed_charge: c, quantity: 1, unit_price: 90.00, amount: 90.00,
            service_start: 2026-01-01, service_end: 2026-01-31}]}
credit_memos:
- {number: C-1, account: bo, date: 2026-01-02, currency: USD, source: I-1,
   items: [{id: '1', source_item: '1', amount: 90.00}]}
charge_periods:
- {id: I-1/1, subscription: S-bo, charge: c, from: 2026-01-01, until: 2026-02-01, currency: USD, status: reopened,
   document: I-1, item: '1', memo: C-1, memo_item: '1'}
"""
"""Of Bo January was billed at 90.00, and is to be billed again."""


class TestReopened:
    @pytest.mark.parametrize("group", [1, 2, 500])
    def test_an_account_on_which_nothing_else_is_due_has_a_part(self, store_of: StoreOf, group: int) -> None:
        store = store_of(book_from(f"{written(ana=BILLED, bo=BILLED)}{REOPENED}"))
        assert plan(store, RUN) == post(store, RUN, group=group) == ["BR-1/bo: INV00000001"]
        assert whole(store).numbered["INV00000001"].amount == Decimal("100.00")
        assert post(store, RUN, {**RUN, "id": "BR-2"}) == ["BR-1/bo: before", "BR-2: nothing-due"]

    def test_it_is_not_due_before_it_was(self, store_of: StoreOf) -> None:
        store = store_of(book_from(f"{written(ana=BILLED, bo=BILLED)}{REOPENED}"))
        assert plan(store, {**RUN, "target_date": "2025-12-31"}) == ["BR-1: nothing-due"]

    def test_what_is_reopened_in_the_same_batch_is_seen(self, store_of: StoreOf) -> None:
        """January is written off while February is billed."""
        store = store_of(accounts(ana=BILLED, bo=DUE))
        asked = [
            {**RUN, "id": "january"},
            {**RUN, "id": "february", "target_date": "2026-02-01"},
            {"id": "off", "operation": "write_off_invoice", "invoice": "INV00000001", "date": "2026-01-31"},
            {**RUN, "id": "again", "target_date": "2026-02-01"},
        ]
        expected = [
            "january/bo: INV00000001",
            "february/ana: INV00000002",
            "february/bo: INV00000003",
            "off: CM00000001",
            "again/bo: INV00000004",
        ]
        assert plan(store, *asked) == post(store, *asked) == expected


class TestNothing:
    def test_nothing_due_at_all_is_said_once_of_the_run(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=BILLED, bo=BILLED))
        assert post(store, RUN) == plan(store, RUN) == ["BR-1: nothing-due"]
        (outcome,) = billpolicy.plan_all(versions(), store, [RUN], today=DAY)
        (problem,) = outcome.problems
        assert problem.message == "nothing is due on 2026-01-31 that has not been billed"
        assert problem.hint is not None
        assert problem.hint.startswith("`c` of `S-ana` is charged through 2026-02-01; `c` of `S-bo` is charged through")

    def test_nor_on_a_ledger_without_any_subscription(self, store_of: StoreOf) -> None:
        assert post(store_of(Book()), RUN) == plan(Book(), RUN) == ["BR-1: nothing-due"]

    @pytest.mark.parametrize("group", [1, 2, 500])
    def test_what_the_policy_rates_at_nothing_is_passed_over(self, store_of: StoreOf, group: int) -> None:
        store = store_of(accounts(ana=COMES_TO_NOTHING, bo=DUE, cy=COMES_TO_NOTHING))
        assert plan(store, RUN) == post(store, RUN, group=group) == ["BR-1/bo: INV00000001"]
        assert post(store, RUN, group=group) == ["BR-1/bo: before"]

    @pytest.mark.parametrize("group", [1, 2, 500])
    def test_where_all_of_it_comes_to_nothing_that_is_said_once(self, store_of: StoreOf, group: int) -> None:
        only = store_of(accounts(ana=COMES_TO_NOTHING, bo=COMES_TO_NOTHING))
        assert post(only, RUN, group=group) == ["BR-1: nothing-due"]
        assert post(only, {**RUN, "id": "BR-0"}, RUN, group=group) == ["BR-0: nothing-due", "BR-1: nothing-due"]
        assert post(only, RUN, group=group, atomic=True) == ["BR-1: nothing-due"]

    def test_how_many_there_will_be_is_told_on_the_way(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=COMES_TO_NOTHING, bo=DUE, cy=COMES_TO_NOTHING, di=DUE))
        counts: list[int] = []

        def watch(outcomes: Iterable[Outcome], count: Any, _: str) -> Iterable[Outcome]:
            for outcome in outcomes:
                counts.append(count())
                yield outcome
            counts.append(count())

        assert len(post(store, RUN, group=1, watch=watch)) == 2
        # Four at first; each that comes to nothing is one less when the next one is known.
        assert counts == [3, 2, 2]


class TestTheRunAsAWhole:
    def test_other_content_is_refused_once(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE, cy=BILLED))
        post(store, RUN)
        other = {**RUN, "target_date": "2026-02-28"}
        assert post(store, other) == plan(store, other) == ["BR-1: operation-differs"]
        (outcome,) = billpolicy.plan_all(versions(), store, [other], today=DAY)
        assert "`target_date`" in outcome.problems[0].message
        assert outcome.problems[0].message.startswith("operation `BR-1` was posted before")

    def test_what_is_wrong_with_all_of_it_is_said_once_beside_what_was_posted(self, ledger: Ledger) -> None:
        book = accounts(ana=DUE, bo=DUE, cy=DUE)
        february = AccountingPeriod(from_=datetime.date(2026, 2, 1), until=datetime.date(2026, 3, 1), status="closed")
        ledger.import_book(replace(book, periods=(february,)))
        undated = {key: value for key, value in RUN.items() if key != "date"} | {"target_date": "2026-01-31"}
        groups = iter([True, False])
        assert post(ledger, undated, group=1, go_on=lambda: next(groups)) == ["BR-1/ana: INV00000001"]
        later = datetime.date(2026, 2, 10)
        assert post(ledger, undated, today=later) == ["BR-1/ana: before", "BR-1: period-closed"]
        assert post(ledger, undated) == ["BR-1/ana: before", "BR-1/bo: INV00000002", "BR-1/cy: INV00000003"]
        assert post(ledger, undated, today=later) == ["BR-1/ana: before", "BR-1/bo: before", "BR-1/cy: before"]

    def test_posted_as_one_operation_it_is_answered_as_one(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        whole_run = billpolicy.post(versions(), store, RUN, who="ann", now=NOW, today=DAY)
        assert [one.document.number for one in whole_run.plan.documents] == ["INV00000001", "INV00000002"]
        assert post(store, RUN) == plan(store, RUN) == ["BR-1: before"]

    def test_an_account_by_itself_is_a_part_of_the_run(self, store_of: StoreOf) -> None:
        """As somebody does it who bills one account of a run by hand."""
        store = store_of(accounts(ana=DUE, bo=DUE))
        assert post(store, {**RUN, "id": "BR-1/bo", "part_of": "BR-1", "accounts": ["bo"]}) == ["BR-1/bo: INV00000001"]
        assert post(store, RUN) == ["BR-1/ana: INV00000002", "BR-1/bo: before"]
        assert set(runs(store).values()) == {"BR-1"}

    def test_a_run_over_every_account_is_no_part_of_another(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE))
        assert (
            post(store, {**RUN, "part_of": "BR-0"})
            == plan(store, {**RUN, "part_of": "BR-0"})
            == ["BR-1: bill-run-part"]
        )
        post(store, RUN)
        assert post(store, {**RUN, "part_of": "BR-0"}) == ["BR-1: bill-run-part"]

    def test_another_operation_with_the_id_of_a_part_is_no_part(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        assert post(store, {**RUN, "id": "BR-1/bo", "accounts": ["bo"]}) == ["BR-1/bo: INV00000001"]
        (outcome,) = billpolicy.post_all(versions(), store, [RUN], who="ann", now=lambda: NOW, today=DAY)
        (problem,) = outcome.problems
        assert problem.code == "bill-run-id-taken"
        assert problem.message == (
            "`BR-1/bo` is the id of another operation, so bill run `BR-1` cannot bill account `bo` under it"
        )
        assert post(store, {**RUN, "id": "BR-2"}) == ["BR-2/ana: INV00000002"]

    def test_nothing_else_has_the_id_of_a_run_that_was_posted_in_parts(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        post(store, RUN)
        before = whole(store)
        payment = {"operation": "create_payment", "date": "2026-01-31", "account": "ana", "amount": "5.00"}
        others: list[dict[str, Any]] = [
            {"id": "BR-1", **payment, "type": "external"},
            {**RUN, "target_date": "2026-02-28", "accounts": ["ana"]},
        ]
        for other in others:
            assert post(store, other) == plan(store, other) == ["BR-1: bill-run-id-taken"]
        assert whole(store) == before
        assert post(store, RUN) == ["BR-1/ana: before", "BR-1/bo: before"]

    def test_a_store_knows_the_runs_that_were_posted_in_parts(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        post(store, RUN, {**RUN, "id": "BR-2", "accounts": ["bo"], "target_date": "2026-02-28"})
        with store.reading() as reader:
            parts = reader.parts(["BR-1", "BR-1/ana", "BR-2", "BR-3"])
            requests = reader.requests(["BR-1/ana", "BR-1/bo"])
        assert parts.keys() == {"BR-1"}
        assert parts["BR-1"] in requests.values()

    def test_nothing_else_has_it_later_in_the_same_batch(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE))
        other = {**RUN, "target_date": "2026-02-28", "accounts": ["ana"]}
        assert plan(store, RUN, other) == ["BR-1/ana: INV00000001", "BR-1: bill-run-id-taken"]
        assert post(store, RUN, other) == ["BR-1/ana: INV00000001", "BR-1: bill-run-id-taken"]

    def test_the_same_run_goes_on_as_one_operation(self, ledger: Ledger) -> None:
        ledger.import_book(accounts(bo=DUE))
        post(ledger, RUN)
        ledger.import_book(accounts(ana=DUE, bo=DUE))
        further = refused(
            lambda: billpolicy.post(
                versions(), ledger, {**RUN, "target_date": "2026-02-28"}, who="ann", now=NOW, today=DAY
            )
        )
        assert [problem.code for problem in further.diagnostics] == ["bill-run-id-taken"]
        done = billpolicy.post(versions(), ledger, RUN, who="ann", now=NOW, today=DAY)
        assert [one.document.number for one in done.plan.documents] == ["INV00000002"]

    def test_limits_count_it_as_one_operation_and_all_of_its_amounts(self, store_of: StoreOf) -> None:
        store = store_of(accounts(ana=DUE, bo=DUE))
        limits = "batch_limits: {every_operation: {count: 1}, bill_run: {count: 1, amounts: {USD: %s}}}"
        too_much = refused(lambda: post(store, RUN, policy=limits % "199.99"))
        assert [problem.code for problem in too_much.diagnostics] == ["batch-limit"]
        assert "200.00 USD" in too_much.diagnostics[0].message
        assert runs(store) == {}
        posted = ["BR-1/ana: INV00000001", "BR-1/bo: INV00000002"]
        assert post(store, RUN, policy=limits % "200.00") == posted

    @pytest.mark.parametrize("found", [BILLED, COMES_TO_NOTHING])
    def test_nothing_due_under_limits_is_said_and_posts_nothing(self, store_of: StoreOf, found: str) -> None:
        limits = "batch_limits: {every_operation: {count: 1}}"
        assert post(store_of(accounts(ana=found)), RUN, policy=limits) == ["BR-1: nothing-due"]

    def test_the_policy_permits_and_asks_for_approval_account_by_account(self, store_of: StoreOf) -> None:
        exceptions = """
exceptions:
- {id: hands-off, operations: [bill_run], when: {account.id: bo}, then: {permission: refused}, because: test}
- {id: look-twice, operations: [bill_run], when: {account.id: cy}, then: {permission: approval}, because: test}
"""
        store = store_of(accounts(ana=DUE, bo=DUE, cy=DUE))
        one = [
            "BR-1/ana: INV00000001",
            "BR-1/bo: not-permitted",
            "BR-1/cy: approval-missing",
        ]
        assert plan(store, {**RUN, "actor": "ines"}, policy=exceptions) == one
        two = {**RUN, "actor": "ines", "approved_by": "max"}
        assert post(store, two, policy=exceptions)[2] == "BR-1/cy: INV00000002"

    def test_ended_before_it_is_done_it_is_finished_by_the_same_command(self, ledger: Ledger) -> None:
        ledger.import_book(accounts(ana=DUE, bo=DUE, cy=DUE))
        groups = iter([True, True, False])
        assert len(post(ledger, RUN, group=1, go_on=lambda: next(groups))) == 2
        assert post(ledger, RUN) == ["BR-1/ana: before", "BR-1/bo: before", "BR-1/cy: INV00000003"]
        before = dump(ledger)
        assert len(post(ledger, RUN)) == 3
        assert dump(ledger) == before
        assert ledger.check() == []


def test_a_subscription_that_was_created_before_it_in_the_same_batch_is_billed(store_of: StoreOf) -> None:
    store = store_of(accounts(ana=BILLED))
    new: dict[str, Any] = {
        "id": "new",
        "operation": "create_subscription",
        "date": "2026-01-31",
        "account": "ana",
        "subscription": "S-2",
    }
    new |= {"date": "2026-01-31", "start": "2026-01-01", "charges": [{"id": "c", "rate": "7.00"}]}
    assert plan(store, new, RUN) == ["new:", "BR-1/ana: INV00000001"]
    assert post(store, new, RUN) == ["new:", "BR-1/ana: INV00000001"]
    assert whole(store).numbered["INV00000001"].amount == Decimal("7.00")
