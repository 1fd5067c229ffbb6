"""One operation after the other, each in a line of YAML: its plan and the book after it, or why it is refused."""

from __future__ import annotations

import datetime

from billpolicy.book.book import Book
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.plan import Plan
from billpolicy.source.tree import parse_text
from tests.helpers.planning import plan_on
from tests.helpers.refusals import refused as refusal
from tests.helpers.scenes import versions

TODAY = datetime.date(2026, 3, 15)


def run(book: Book, text: str, own: str = "", id: str = "op") -> tuple[Plan, Book]:
    """The plan of one operation (its fields in flow style, without id) and the book after it. Raises `Refused`."""
    (asked,) = operations_of(parse_text(f"operations:\n- {{id: {id}, {text}}}\n", "ops.yaml"))
    return plan_on(versions(own), book, asked, TODAY)


def refused(book: Book, text: str, own: str = "") -> list[Diagnostic]:
    """Why one operation is refused; each problem has a place in the file and says what to do, in readable words."""
    problems = refusal(lambda: run(book, text, own)).diagnostics
    for problem in problems:
        assert problem.position is not None
        assert problem.position.line == 2, problem
        assert "None" not in str(problem), problem
    return problems


def told(book: Book, text: str, own: str = "") -> str:
    """The one reason why an operation is refused, as `code: message`."""
    (problem,) = refused(book, text, own)
    return f"{problem.code}: {problem.message}"
