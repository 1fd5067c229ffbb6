"""Small scenes for tests: a policy, a book and operations as text, and what comes of them."""

from __future__ import annotations

import datetime
import tempfile
from functools import cache
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.book.model import CreditMemo, DebitMemo, Numbered, Payment, Refund
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.policy.model import Policy
from billpolicy.source.tree import parse_text
from tests.planning import Planned, dry_run
from tests.running import STANDARD

TODAY = datetime.date(2026, 6, 1)
HEAD = f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2000-01-01}}\n"


@cache
def policy(text: str = "", head: str = HEAD) -> Policy:
    """The standard policy with this said on top of it, or what `head` says instead. Raises `Refused`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(head + text, encoding="utf-8")
        return prove(file)


def refusals(text: str, head: str = HEAD) -> list[Diagnostic]:
    """What is wrong with the policy."""
    with pytest.raises(Refused) as refused:
        policy(text, head)
    return refused.value.diagnostics


def refused_codes(text: str, head: str = HEAD) -> list[str]:
    """The codes of all that is wrong with the policy, each once, sorted."""
    return sorted({diagnostic.code for diagnostic in refusals(text, head)})


@cache
def versions(text: str = "") -> Versions:
    """The policy of this text, ready to plan with."""
    return Versions([Resolver(policy(text), "python")])


def book(text: str) -> Book:
    """The book of this text. Raises `Refused`."""
    return book_of(parse_text(text, "book.yaml"))


def operations(*texts: str) -> list[Instruction]:
    """Operations, each as the lines of a mapping; those without an id are `op-1`, `op-2`, ..."""
    lines = ["operations:"]
    for number, text in enumerate(texts, start=1):
        if "id: " not in text.partition("\n")[0]:
            text = f"id: op-{number}\n{text.strip()}"
        first, *others = text.strip().splitlines()
        lines += [f"- {first}", *(f"  {line}" for line in others)]
    return operations_of(parse_text("\n".join(lines), "operations.yaml"))


def run(in_book: Book | str, *texts: str, policy: str = "", today: datetime.date = TODAY) -> list[Planned]:
    """Each operation planned on what the ones before it leave."""
    found = book(in_book) if isinstance(in_book, str) else in_book
    return list(dry_run(versions(policy), found, operations(*texts), today))


def plan(in_book: Book | str, text: str, *, policy: str = "", today: datetime.date = TODAY) -> Plan:
    """The plan of one operation, which is not refused."""
    (planned,) = run(in_book, text, policy=policy, today=today)
    assert planned.plan is not None, [str(problem) for problem in planned.problems]
    return planned.plan


def refused(in_book: Book | str, text: str, *, policy: str = "", today: datetime.date = TODAY) -> list[str]:
    """The codes of the reasons why one operation is refused."""
    (planned,) = run(in_book, text, policy=policy, today=today)
    assert planned.plan is None
    return sorted({problem.code for problem in planned.problems})


def documents(found: Plan) -> list[Numbered]:
    """The documents that a plan makes."""
    return [planned.document for planned in found.documents]


def credit_memo(found: Plan) -> CreditMemo:
    """The one document of a plan, a credit memo."""
    (document,) = documents(found)
    assert isinstance(document, CreditMemo)
    return document


def debit_memo(found: Plan) -> DebitMemo:
    """The one document of a plan, a debit memo."""
    (document,) = documents(found)
    assert isinstance(document, DebitMemo)
    return document


def payment(found: Plan) -> Payment:
    """The one document of a plan, a payment."""
    (document,) = documents(found)
    assert isinstance(document, Payment)
    return document


def refund(found: Plan) -> Refund:
    """The one document of a plan, a refund."""
    (document,) = documents(found)
    assert isinstance(document, Refund)
    return document


def balances(found: Plan) -> dict[str, str]:
    """Number -> the balance (or unapplied amount) that a plan leaves."""
    return {change.number: str(change.after) for change in found.balances}


def parts(found: Plan) -> dict[tuple[str, str], dict[str, str]]:
    """(Source, target) -> how much is put on each item (`item`) and tax (`item/tax`) of the target."""
    return {
        (application.from_, application.to): {
            part.item + (f"/{part.tax}" if part.tax else ""): str(part.amount) for part in application.parts
        }
        for application in found.applications
    }
