"""Batches: groups are whole, only the guilty are refused, and whatever stops a batch, the next one finishes it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan
from billpolicy.posting.posting import Job, Outcome, post_jobs
from tests.ledger.asking import dump, effects, file_of, whole
from tests.ledger.batcher import credits_of
from tests.ledger.build import NOW, credit_plan, doing, many_invoices, refund_plan

ROOT = Path(__file__).parents[2]


def credit(n: int, invoice: str = "INV00000004", amount: str = "1", id: str | None = None) -> Job:
    """Credit something of one invoice, by default 1 of JPY 5000."""
    name = id or f"op-{n}"
    return wanted(name, Needs(numbers=frozenset({invoice})), lambda book: credit_plan(book, name, invoice, amount))


def wanted(id: str, needs: Needs, make: Callable[[Book], Plan]) -> Job:
    """An operation that is planned by hand; its request is told by the plan on the sample book with enough in it."""

    def planner(book: Book) -> tuple[Plan, Book]:
        plan = replace(make(book), request={"id": id})
        return plan, effects(book, plan)

    return Job(id, {"id": id}, needs, planner, "ann")


def refusing(id: str, code: str) -> Job:
    def planner(book: Book) -> tuple[Plan, Book]:
        raise Refused([Diagnostic(code, "no")])

    return Job(id, {"id": id}, Needs(), planner, "ann")


def run(ledger: Ledger, operations: Iterable[Job], group: int = 10, *, atomic: bool = False) -> list[Outcome]:
    outcomes = list(post_jobs(ledger, operations, now=lambda: NOW, group=group, atomic=atomic))
    assert ledger.check() == []
    return outcomes


def told(outcomes: Iterable[Outcome]) -> list[str]:
    """Of each: the number it made, with a `=` where it had been made before, or the codes of its refusal."""
    return [
        ("=" if one.posted.repeated else "") + one.posted.plan.documents[0].document.number
        if one.posted
        else ",".join(problem.code for problem in one.problems)
        for one in outcomes
    ]


@pytest.mark.parametrize("group", [1, 3, 100])
def test_each_is_planned_on_what_the_ones_before_it_leave(stocked: Ledger, group: int) -> None:
    outcomes = run(stocked, [credit(n) for n in range(7)], group)
    assert told(outcomes) == [f"CM{n:08d}" for n in range(3, 10)]
    assert [outcome.job.id for outcome in outcomes] == [f"op-{n}" for n in range(7)]
    assert whole(stocked).revisions["INV00000004"] == 7
    assert whole(stocked).balance(whole(stocked).numbered["INV00000004"]) == 5000 - 7


def test_nothing_to_do(stocked: Ledger) -> None:
    before = dump(stocked)
    assert run(stocked, []) == []
    assert dump(stocked) == before


def test_a_second_time_everything_is_answered_and_nothing_planned(stocked: Ledger) -> None:
    first = run(stocked, [credit(n) for n in range(5)])
    before = dump(stocked)
    again = run(stocked, [replace(credit(n), planner=refusing("", "asked-again").planner) for n in range(5)])
    assert [one.posted for one in again] == [replace(one.posted, repeated=True) for one in first if one.posted]
    assert dump(stocked) == before


def test_only_what_is_guilty_is_refused(stocked: Ledger) -> None:
    batch = [
        credit(0),
        refusing("op-1", "never-planned"),
        credit(2),
        credit(3, amount="5000"),  # more than the two before it leave: the ledger refuses it, not its planner
        credit(4),
    ]
    assert told(run(stocked, batch)) == [
        "CM00000003",
        "never-planned",
        "CM00000004",
        "over-applied,over-applied",
        "CM00000005",
    ]


def test_an_id_with_other_content_is_refused_alone(stocked: Ledger) -> None:
    run(stocked, [credit(0)])
    other = replace(credit(0), request={"id": "op-0", "amount": "2"})
    assert told(run(stocked, [other, credit(1)])) == ["operation-differs", "CM00000004"]


def test_an_id_that_comes_twice_is_answered_the_second_time(stocked: Ledger) -> None:
    assert told(run(stocked, [credit(0), credit(0), credit(1)])) == ["CM00000003", "=CM00000003", "CM00000004"]


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


class TestAllOrNothing:
    def test_all(self, stocked: Ledger) -> None:
        assert told(run(stocked, [credit(n) for n in range(5)], 2, atomic=True)) == [
            f"CM0000000{n}" for n in range(3, 8)
        ]

    def test_nothing_if_one_is_refused_and_every_refusal_is_told(self, stocked: Ledger) -> None:
        run(stocked, [credit(0)])
        before = dump(stocked)
        batch = [
            credit(0),
            credit(1),
            refusing("op-2", "never-planned"),
            credit(3),
            credit(4, amount="5000"),
            refusing("op-5", "neither"),
        ]
        outcomes = run(stocked, batch, 2, atomic=True)
        assert told(outcomes) == ["=CM00000003", "", "never-planned", "", "over-applied,over-applied", "neither"]
        assert dump(stocked) == before


class TestStopping:
    def test_interrupted_from_outside_whole_groups_stay(self, stocked: Ledger) -> None:
        def coming() -> Iterator[Job]:
            yield from (credit(n) for n in range(8))
            raise KeyboardInterrupt

        outcomes: list[Outcome] = []
        with pytest.raises(KeyboardInterrupt):
            outcomes.extend(post_jobs(stocked, coming(), now=lambda: NOW, group=3))
        assert told(outcomes) == [f"CM{n:08d}" for n in range(3, 9)]
        assert told(run(stocked, [credit(n) for n in range(8)], 3)) == [
            ("=" if n < 6 else "") + f"CM{n + 3:08d}" for n in range(8)
        ]

    def test_interrupted_while_planning_the_group_is_rolled_back(self, stocked: Ledger) -> None:
        def interrupt(book: Book) -> tuple[Plan, Book]:
            raise KeyboardInterrupt

        batch = [credit(n) for n in range(8)]
        batch[4] = replace(batch[4], planner=interrupt)
        outcomes = post_jobs(stocked, batch, now=lambda: NOW, group=3)
        assert told([next(outcomes), next(outcomes), next(outcomes)]) == ["CM00000003", "CM00000004", "CM00000005"]
        with pytest.raises(KeyboardInterrupt):
            next(outcomes)
        assert max(whole(stocked).numbered) != "CM00000006"
        assert whole(stocked).counters["CM"] == 5

    def test_whoever_stops_listening_has_what_was_told(self, stocked: Ledger) -> None:
        outcomes = post_jobs(stocked, [credit(n) for n in range(8)], now=lambda: NOW, group=3)
        assert told([next(outcomes)]) == ["CM00000003"]
        del outcomes
        assert whole(stocked).counters["CM"] == 5
        assert stocked.check() == []


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1])
def test_killed_and_started_again_it_finishes_the_rest(ledger: Ledger, delay: float) -> None:
    """A real process, killed with SIGKILL after it told of its first group; groups of 20 of 1000 operations."""
    count, group = 1000, 20
    ledger.import_book(many_invoices(count, items=1))
    before = len(whole(ledger).numbered)
    command = [sys.executable, "-m", "tests.ledger.batcher", f"sqlite:///{file_of(ledger)}", str(count), str(group)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.readline().split()
        time.sleep(delay)
        child.kill()
        lines, complaints = child.stdout.read(), child.stderr.read()
    assert complaints == ""
    assert first == ["op-0", "CM00000003"]
    after = whole(ledger)
    there = len(after.numbered) - before
    assert 0 < there < count, "it was not killed in the middle"
    assert there % group == 0
    assert there >= lines.count("\n")
    assert ledger.check() == []
    outcomes = list(post_jobs(ledger, credits_of(count), now=lambda: NOW, group=group))
    numbers = [f"CM{n:08d}" for n in range(3, 3 + count)]
    assert told(outcomes) == [("=" if n < there else "") + number for n, number in enumerate(numbers)]
    assert len(whole(ledger).numbered) == before + count
    assert ledger.check() == []
