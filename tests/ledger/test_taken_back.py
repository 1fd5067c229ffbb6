"""What is taken back and billed again in a ledger, on slices of it, is what is on the whole book."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billpolicy.operations.chain import needs_of
from billpolicy.planning.request import Instruction
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Job, Outcome, dry_run, post_jobs
from tests.helpers.books import book_from
from tests.helpers.ledgers import ledger_of, whole
from tests.helpers.planning import plan_on
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.helpers.walks import POLICIES, TODAY, Record, Walk, asked_for, hold, read, walk

KINDS = (
    *("bill_run",) * 5,
    *("write_off_invoice",) * 4,
    *("undo_write_off",) * 2,
    "reverse_invoice",
    "reverse_credit_memo",
    "post_draft",
    "cancel_draft",
    "cancel_subscription",
    "undo_cancellation",
    "record_usage",
    "credit_memo_from_invoice",
    "change_subscribed_charge",
    "credit_rebill",
)


def jobs(found: Walk) -> list[Job]:
    those = versions(found.policy)

    def job(asked: Instruction) -> Job:
        return Job(
            asked.request.id,
            asked.data,
            needs_of(those.policies, asked.request),
            lambda book: plan_on(those, book, asked, TODAY),
            "ann",
            confirmed=Confirmed((), everything=True),
        )

    return [job(asked) for asked in asked_for(*found.operations)]


def told(outcomes: Iterator[Outcome]) -> list[object]:
    """All plans and refusals; in a slice there are fewer names to suggest in a hint."""
    return [one.plan or [problem._replace(hint=None) for problem in one.problems] for one in outcomes]


DIFFERENCE = "operations: {credit_rebill: {correction_style: {is: difference, because: test}}}"
CORRECTING = (*("bill_run",) * 4, *("credit_rebill",) * 6, "credit_memo_from_invoice", "create_payment", "credit_only")


@pytest.mark.parametrize("group", [1, 100])
@pytest.mark.parametrize(("policies", "kinds"), [(POLICIES, KINDS), ((DIFFERENCE,), CORRECTING)])
def test_slices_give_what_the_whole_book_gives(
    empty_file: Path, group: int, policies: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    def holds(found: Walk) -> None:
        asked = jobs(found)
        first, then = asked[: len(asked) // 2], asked[len(asked) // 2 :]
        expected = told(dry_run(BookReader(read(found.book)), asked, 1))
        with ledger_of(read(found.book), empty_file) as ledger:
            posted = told(post_jobs(ledger, first, now=lambda: NOW, group=group))
            with ledger.reading() as reader:
                shown = told(dry_run(reader, then, group))
            posted += told(post_jobs(ledger, then, now=lambda: NOW, group=group))
            assert posted == expected
            assert shown == expected[len(first) :]
            assert ledger.check() == []

    hold(holds, (walk(seed, policies, kinds) for seed in range(80)))


PREPAID = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-01-01, charges: [{id: pre, rate: 50.00, drawn_by: [calls]},
   {id: calls, rate: 0.50, usage: true}]}
"""
UNUSED = "operations: {bill_run: {prepaid_unused: carry_over}}"


@pytest.mark.parametrize(("policy", "march"), [("", ("25.00", "50.00")), (UNUSED, ("5.00", "70.00"))])
def test_what_was_drawn_before_is_known_of_a_slice(empty_file: Path, policy: str, march: tuple[str, str]) -> None:
    """30.00 of January's 50.00, and 50.00 of February's are drawn; of March's 75.00 what is left of that and of 50.00.

    Late usage of January finds what is left of January: 20.00; where that is carried over February has drawn it.
    """
    used = (("01", 60), ("02", 100), ("03", 150))
    operations: list[Record] = []
    for month, quantity in used:
        bill = {"operation": "bill_run", "date": f"2026-{month}-01"}
        record = {"id": f"u{month}", "subscription": "S", "charge": "calls", "date": f"2026-{month}-10"}
        operations += [bill, {"operation": "record_usage", "records": [record | {"quantity": quantity}]}]
    operations.append({"operation": "bill_run", "date": "2026-04-01"})
    found = Walk(policy, {}, tuple({"id": f"op-{n}", **one} for n, one in enumerate(operations)))
    book = book_from(PREPAID)
    expected = told(dry_run(BookReader(book), jobs(found), 1))
    with ledger_of(book, empty_file) as ledger:
        assert told(post_jobs(ledger, jobs(found), now=lambda: NOW, group=1)) == expected
        assert ledger.check() == []
        one = whole(ledger).usage["u03"]
        assert (str(one.amount), str(one.drawn)) == march


def test_a_reopened_period_of_usage_is_rated_with_what_others_have_billed_of_it(empty_file: Path) -> None:
    """A line of nothing is reopened, and another one bills the 90 calls of its days: all of them are known."""
    text = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-01-01, charges: [{id: calls, rate: 1.00, usage: true, included: 80}]}
invoices:
- {number: INV00000001, account: ann, date: 2026-02-01, currency: USD,
   items: [{id: '1', subscription: S, subscribed_charge: calls, quantity: 0, unit_price: 1.00, amount: 0.00,
            service_start: 2026-01-01, service_end: 2026-01-31}]}
- {number: INV00000002, account: ann, date: 2026-02-02, currency: USD,
   items: [{id: '1', subscription: S, subscribed_charge: calls, quantity: 10, unit_price: 1.00, amount: 10.00,
            service_start: 2026-01-01, service_end: 2026-01-31}]}
usage: [{id: u1, subscription: S, charge: calls, date: 2026-01-10, quantity: 90, billed_by: INV00000002, amount: 10.00}]
charge_periods:
- {id: INV00000001/1, subscription: S, charge: calls, from: 2026-01-01, until: 2026-02-01, currency: USD,
   status: reopened, document: INV00000001, item: '1'}
"""
    asked = Walk("", {}, ({"id": "op-0", "operation": "bill_run", "date": "2026-03-01", "subscriptions": ["S"]},))
    expected = told(dry_run(BookReader(book_from(text)), jobs(asked), 1))
    with ledger_of(book_from(text), empty_file) as ledger:
        assert told(post_jobs(ledger, jobs(asked), now=lambda: NOW)) == expected
