"""Jobs that are planned by hand, and what came of them in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.planning.plan import Plan, left_by
from billpolicy.posting.posting import Job, Outcome, post_jobs
from billpolicy.posting.store import Store
from tests.helpers.credit import followed
from tests.helpers.sample import NOW, credit_plan


def credit(n: int, invoice: str = "INV00000004", amount: str = "1", id: str | None = None) -> Job:
    """Credit something of one invoice, by default 1 of JPY 5000."""
    name = id or f"op-{n}"
    return wanted(name, Needs(numbers=frozenset({invoice})), lambda book: credit_plan(book, name, invoice, amount))


def wanted(id: str, needs: Needs, make: Callable[[Book], Plan]) -> Job:
    """An operation that is planned by hand; all that is asked for is its id."""

    def planner(book: Book) -> tuple[Plan, Book]:
        plan = replace(make(book), request={"id": id})
        return plan, left_by(plan, book)

    return Job(id, {"id": id}, needs, planner, "ann")


def refusing(id: str, code: Code) -> Job:
    """An operation that its planner refuses."""

    def planner(book: Book) -> tuple[Plan, Book]:
        raise Refused([Diagnostic(code, "no")])

    return Job(id, {"id": id}, Needs(), planner, "ann")


def chain(book: Book, id: str) -> Plan:
    """A credit that two others follow, and a third one follows the first of these."""

    def first(book: Book, id: str) -> Plan:
        return credit_plan(book, id, "INV00000001", "1.00")

    step = f"{id}/z-rule/INV00000001"
    return followed(
        book,
        first(book, id),
        lambda book: followed(
            book, first(book, step), lambda book: credit_plan(book, f"{step}/again", "INV00000002", "2.00")
        ),
        lambda book: first(book, f"{id}/another-rule/INV00000001"),
    )


def run(store: Store, jobs: Iterable[Job], group: int = 10, *, atomic: bool = False) -> list[Outcome]:
    """Post these."""
    return list(post_jobs(store, jobs, now=lambda: NOW, group=group, atomic=atomic))


def told(outcomes: Iterable[Outcome]) -> list[str]:
    """Of each: the number it made, with a `=` where it had been made before, or the codes of its refusal."""
    return [
        ("=" if one.posted.repeated else "") + one.posted.plan.documents[0].document.number
        if one.posted
        else ",".join(problem.code for problem in one.problems)
        for one in outcomes
    ]
