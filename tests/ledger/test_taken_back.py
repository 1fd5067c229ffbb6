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
from tests.helpers.ledgers import ledger_of
from tests.helpers.planning import plan_on
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions
from tests.helpers.walks import TODAY, Walk, asked_for, hold, read, walk

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


@pytest.mark.parametrize("group", [1, 100])
def test_slices_give_what_the_whole_book_gives(empty_file: Path, group: int) -> None:
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

    hold(holds, (walk(seed, kinds=KINDS) for seed in range(100)))
