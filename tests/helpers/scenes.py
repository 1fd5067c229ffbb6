"""Small scenes for tests: a policy, a book and operations as text, and what comes of them."""

from __future__ import annotations

import datetime
import tempfile
from functools import cache
from pathlib import Path

from billpolicy.analysis.proofs import PROOFS
from billpolicy.book.book import Book
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.plan import Plan, left_by
from billpolicy.planning.request import Instruction
from billpolicy.policy.load import load_policy
from billpolicy.policy.model import Policy
from billpolicy.source.tree import parse_text
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.books import book_from
from tests.helpers.paths import STANDARD
from tests.helpers.planning import Planned, dry_run
from tests.helpers.refusals import refused as refusal

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
    return refusal(lambda: policy(text, head)).diagnostics


def refused_codes(text: str, head: str = HEAD) -> list[str]:
    """The codes of all that is wrong with the policy, each once, sorted."""
    return sorted({diagnostic.code for diagnostic in refusals(text, head)})


@cache
def versions(text: str = "") -> Versions:
    """The policy of this text, ready to plan with."""
    return Versions([Resolver(policy(text), "python")])


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
    found = book_from(in_book) if isinstance(in_book, str) else in_book
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


def book_after(in_book: Book | str, *operations: str, policy: str = "") -> Book:
    """The book that these operations leave, none of which is refused."""
    after = book_from(in_book) if isinstance(in_book, str) else in_book
    for one in run(after, *operations, policy=policy):
        assert one.plan is not None, [str(problem) for problem in one.problems]
        after = left_by(one.plan, after)
    return after


def layered(folder: Path, *layers: str) -> Policy:
    """The standard policy and these above it, each extending the one before."""
    base = STANDARD
    for n, text in enumerate(layers):
        path = folder / f"layer{n}.yaml"
        head = f"policy: layer{n}\nextends: {base}\neffective: {{from: 2026-01-01}}\n"
        path.write_text(head + text, encoding="utf-8")
        base = path
    return load_policy(base, VOCABULARY, PROOFS)


def layered_refusals(folder: Path, *layers: str) -> list[Diagnostic]:
    """What is wrong with it."""
    return refusal(lambda: layered(folder, *layers)).diagnostics
