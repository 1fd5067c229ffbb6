"""Books and operations written as YAML in a test, planned with the standard policy or one that extends it."""

from __future__ import annotations

import datetime
import functools
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from billpolicy.book.book import Book, Place
from billpolicy.book.load import book_of
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.plan import Plan
from billpolicy.policy.load import load_policy
from billpolicy.source.tree import parse_text
from billpolicy.vocabulary.operations import VOCABULARY
from tests.planning import plan_on
from tests.running import STANDARD

TODAY = datetime.date(2026, 3, 15)


def load(text: str) -> Book:
    """A book from YAML."""
    return book_of(parse_text(text, "book.yaml"))


@functools.cache
def versions(own: str = "") -> Versions:
    """The standard policy, or one of its own that extends it."""
    if not own:
        return Versions([Resolver(load_policy(STANDARD, VOCABULARY), "python")])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.yaml"
        path.write_text(f"policy: own\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n{own}", encoding="utf-8")
        return Versions([Resolver(load_policy(path, VOCABULARY), "python")])


def run(book: Book, text: str, own: str = "", id: str = "op") -> tuple[Plan, Book]:
    """The plan of one operation (its fields in flow style, without id) and the book after it. Raises `Refused`."""
    (asked,) = operations_of(parse_text(f"operations:\n- {{id: {id}, {text}}}\n", "ops.yaml"))
    return plan_on(versions(own), book, asked, TODAY)


def refused(book: Book, text: str, own: str = "") -> list[Diagnostic]:
    """Why one operation is refused; each problem has a place in the file and says what to do, in readable words."""
    with pytest.raises(Refused) as told:
        run(book, text, own)
    for problem in told.value.diagnostics:
        assert problem.position is not None
        assert problem.position.line == 2, problem
        assert "None" not in str(problem), problem
    return told.value.diagnostics


def told(book: Book, text: str, own: str = "") -> str:
    """The one reason why an operation is refused, as `code: message`."""
    (problem,) = refused(book, text, own)
    return f"{problem.code}: {problem.message}"


def put(plan: Plan) -> dict[str, dict[str, str]]:
    """Document -> place -> what was put there, as text: `x`, or `x/t` for a tax. Parts add up to their application."""
    found: dict[str, dict[str, str]] = {}
    for application in plan.applications:
        assert sum(part.amount for part in application.parts) == application.amount
        here = found.setdefault(application.to, {})
        for part in application.parts:
            name = part.item if part.tax is None else f"{part.item}/{part.tax}"
            here[name] = str(Decimal(here.get(name, "0")) + part.amount)
    return found


def totals(plan: Plan) -> dict[str, str]:
    """Document -> how much was put on it."""
    return {application.to: str(application.amount) for application in plan.applications}


def balances(book: Book) -> Mapping[str, Decimal]:
    """Number -> its balance."""
    return {number: book.balance(document) for number, document in book.numbered.items()}


def open_at(book: Book) -> Mapping[str, Mapping[Place, Decimal]]:
    """Number of each invoice and memo -> what is open on each of its places."""
    return {
        number: book.open_places(document)
        for number, document in book.numbered.items()
        if isinstance(document, Invoice | CreditMemo | DebitMemo)
    }
